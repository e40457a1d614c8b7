"""The way to one service's API: its own origin alone, over HTTPS, following no redirect, believing nothing but JSON."""

from __future__ import annotations

import asyncio
import json
import math
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

import aiohttp
from pydantic import TypeAdapter, ValidationError
from yarl import URL

from mzaudit.connection_failures import why_unreachable
from mzaudit.publish.sealed_token import Token

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=10)
_PATIENCE = 60.0  # seconds for one request with all its tries
_LARGEST = 16 * 1024 * 1024  # bytes of an answer, decoded
_WAITS = (0.5, 1.0, 2.0)
_PASSING = frozenset({500, 502, 503, 504})
_DONE = frozenset({200, 201, 204})

Shape = TypeVar("Shape")


class PublishError(Exception):
    """Something was not written; `str()` is the cause and its fix, in our own words only."""


class NoAnswerError(PublishError):
    """It is not known whether the service did what it was asked: look before asking again."""


@dataclass(frozen=True, slots=True)
class Route:
    """How the service is reached: the proxy for a URL, and the authorities that are trusted."""

    proxy_for: Callable[[str], str | None]
    certificates: ssl.SSLContext


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is not the one asked for; one of status 200 is no JSON. `words` are the service's, in lower case,
    to be matched and never shown; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    words: str

    @property
    def again(self) -> str:
        """When the service asks to try again, as a sentence."""
        wait = _asked_to_wait(self.headers)
        return "run the step again later" if wait is None else f"run the step again in {math.ceil(wait)} s"


Explain = Callable[[Refusal], str]


class ServiceClient:
    """An open way to a service; see `opened`."""

    def __init__(
        self, session: aiohttp.ClientSession, service: str, token: Token | None, route: Route, explain: Explain
    ) -> None:
        self._session = session
        self._service, self._token, self._route, self._explain = service, token, route, explain

    async def ask(
        self, method: str, url: str, body: object = None, *, again: bool = True, kind: str = "application/json"
    ) -> object:
        """The JSON answer to a request whose body is JSON of this `kind`; `None` where the service answers with
        nothing.

        `again` says that asking twice does no more than asking once. If not, what became of a request whose answer was
        lost is unknown: raises `NoAnswerError`. Raises `PublishError` for a refusal, or when patience is at its end.
        """
        headers = {"Content-Type": kind} if body is not None else {}
        if self._token is not None:
            headers["Authorization"] = self._token.header()
        return await self._with_retries(method, url, body, headers, again=again, whatever=False)

    async def post(self, address: Token, body: object) -> None:
        """Send JSON to a webhook, whose address is its secret: any answer of success does, whatever it says. Raises
        `NoAnswerError` or `PublishError` as `ask` does."""
        await self._with_retries("POST", address.text(), body, {}, again=False, whatever=True)

    async def _with_retries(
        self, method: str, url: str, body: object, headers: Mapping[str, str], *, again: bool, whatever: bool
    ) -> object:
        clock = asyncio.get_running_loop().time
        end = clock() + _PATIENCE
        for wait in (*_WAITS, None):
            try:
                status, answered, text = await self._once(method, url, body, headers)
            except (aiohttp.ClientSSLError, aiohttp.InvalidURL) as error:
                raise PublishError(self._lost(error)) from None
            except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
                failure = PublishError(self._lost(error))  # nothing was sent yet
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if not again:
                    raise NoAnswerError(self._lost(error)) from None
                failure = PublishError(self._lost(error))
            else:
                if _says_nothing(method, status, text) or (whatever and 200 <= status < 300):
                    return None
                if status in _DONE and "json" not in answered.get("content-type", ""):
                    raise PublishError(self._explain(Refusal(status, answered, "")))  # a page to sign in on
                if status in _DONE:
                    try:
                        return json.loads(text)
                    except (ValueError, RecursionError) as error:
                        failure = PublishError(self._lost(error))
                        if not again:
                            raise NoAnswerError(str(failure)) from None
                else:
                    failure = PublishError(self._explain(Refusal(status, answered, text[:65_536].casefold())))
                    asked = _asked_to_wait(answered)
                    if status in _PASSING and not again:
                        raise NoAnswerError(str(failure))
                    if status not in _PASSING and asked is None:
                        raise failure
                    wait = wait if wait is None else max(wait, asked or 0.0)
            if wait is None or clock() + wait >= end:
                raise failure
            await asyncio.sleep(wait)
        raise AssertionError("the last round returns or raises")

    async def _once(
        self, method: str, url: str, body: object, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], str]:
        async with self._session.request(
            method,
            URL(url, encoded=True),  # as it was given: a webhook's signature may be over its spelling
            json=body,
            headers=headers,
            proxy=self._route.proxy_for(url),
            ssl=self._route.certificates,
            allow_redirects=False,
            timeout=_TIMEOUT,
        ) as response:
            raw = bytearray()
            async for chunk in response.content.iter_any():
                raw += chunk
                if len(raw) > _LARGEST:
                    raise PublishError("the answer is larger than 16 MiB: nothing of it was read")
            named = {name.casefold(): value for name, value in response.headers.items()}
            return response.status, named, raw.decode("utf-8", "replace")

    def _lost(self, error: BaseException) -> str:
        """What broke. The words of other exceptions may quote anything, and a webhook's host may be its secret."""
        why = why_unreachable(error, None if self._token is not None else self._service)
        if why is None:
            match error:
                case ValueError() | RecursionError():
                    why = "the answer was cut short: run the step again"
                case TimeoutError():
                    why = "no answer in time: run the step again"
                case _:
                    why = "the connection broke: run the step again"
        return f"{self._service} could not be asked: {why}"


@asynccontextmanager
async def opened(
    service: str, token: Token | None, route: Route, explain: Explain, accept: str
) -> AsyncIterator[ServiceClient]:
    """A way to a service while the block runs. `service` is its name for people; `explain` turns its refusals into
    sentences with their fix."""
    headers = {"Accept": accept, "User-Agent": "mzaudit", "X-TFS-FedAuthRedirect": "Suppress"}
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(headers=headers, cookie_jar=jar, trust_env=False) as session:
        yield ServiceClient(session, service, token, route, explain)


def held(answer: object, shape: TypeAdapter[Shape], service: str) -> Shape:
    """An answer in the shape that the service documents; raises `PublishError` if it has another."""
    try:
        return shape.validate_python(answer)
    except ValidationError:
        raise PublishError(f"{service} answered with something other than it documents: run the step again") from None


def _says_nothing(method: str, status: int, text: str) -> bool:
    """Whether all is well and there is nothing to read; what is to be deleted may be gone already."""
    return (status in _DONE and not text.strip()) or (status == 404 and method == "DELETE")


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds that a refusal asks to wait before the next try: a number, or until a date (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):  # no date, one without a zone beside one with, the end of time
        return None
