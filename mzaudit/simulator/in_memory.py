"""The simulator without sockets: answers handed over as they are, or aiohttp's client and server joined in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.base_protocol import BaseProtocol
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from mzaudit.simulator.http_messages import HttpRequest, read_request

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace
    from aiohttp.web_server import Server

_STREAM_LIMIT = 2**16
_STATUSES = frozenset(HTTPStatus)

Handed = tuple[int, Mapping[str, str], bytes]
"""An answer as it would stand on the wire: its status, its headers and its body."""


class MemorySession:
    """Takes the place of an aiohttp session: what `answer` answers at once is handed over as a response; all else goes
    through a session of aiohttp's own over `connector`, byte by byte."""

    def __init__(
        self,
        answer: Callable[[HttpRequest, URL], Handed | None],
        connector: Callable[..., aiohttp.BaseConnector],
        pool: Mapping[str, Any],  # Any: aiohttp's own keyword arguments
        *,
        response_class: type[aiohttp.ClientResponse],
        **settings: Any,
    ) -> None:
        self._answer = answer
        self._response_class = _handed_over(response_class)
        self._make: Callable[[], aiohttp.ClientSession] = lambda: aiohttp.ClientSession(
            connector=connector(**pool), response_class=response_class, **settings
        )
        self._joined: aiohttp.ClientSession | None = None
        self.auto_decompress = bool(settings.get("auto_decompress", True))

    async def __aenter__(self) -> MemorySession:
        return self

    async def close(self) -> None:
        """Drop every connection there is."""
        if self._joined is not None:
            await self._joined.close()

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], data: object, **config: Any
    ) -> aiohttp.ClientResponse:
        """Ask, as `aiohttp.ClientSession.request` does."""
        where = URL(url)
        if where.scheme == "https" and isinstance(data, bytes | str | None):
            body = data.encode() if isinstance(data, str) else data or b""
            call = read_request(method, where.raw_host or "", where.raw_path_qs, headers, body)
            answer = self._answer(call, where)
            if answer is not None:
                await asyncio.sleep(0)  # others have their turn, as while a service works
                return self._response_class(method, where, answer)
        if self._joined is None:
            self._joined = self._make()
        return await self._joined.request(method, url, headers=headers, data=data, **config)


def _handed_over(response_class: type[aiohttp.ClientResponse]) -> Callable[[str, URL, Handed], aiohttp.ClientResponse]:
    """The class for responses that never were on a connection."""

    class HandedOver(response_class):  # type: ignore[valid-type, misc]  # of whichever class the client reads
        def __init__(self, method: str, url: URL, answer: Handed) -> None:  # aiohttp's own asks for its connection
            self.method, self._url, self._real_url = method, url, url
            self._cache: dict[str, Any] = {}
            self._loop = asyncio.get_running_loop()
            self.status, headers, body = answer
            self.reason = HTTPStatus(self.status).phrase if self.status in _STATUSES else ""
            self._headers = CIMultiDictProxy(CIMultiDict(headers))
            protocol = BaseProtocol(self._loop)
            self.content = aiohttp.StreamReader(protocol, max(_STREAM_LIMIT, len(body)), loop=self._loop)
            self.content.feed_data(body)
            self.content.feed_eof()

    return HandedOver


class Memory(aiohttp.BaseConnector):
    """Opens connections to `server`, and fails as behind a proxy for a host and port that `admit` answers with anything
    but 200."""

    def __init__(
        self, admit: Callable[[str, int], HTTPStatus], server: Server, **settings: Any
    ) -> None:  # Any: aiohttp's own keyword arguments
        super().__init__(**settings)
        self._admit = admit
        self._server = server

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> ResponseHandler:
        status = self._admit((req.url.raw_host or "").casefold(), req.url.port or 0)
        if status is not HTTPStatus.OK:
            raise aiohttp.ClientHttpProxyError(req.request_info, (), status=status, message=status.phrase)
        client, served = self._factory(), self._server()
        near, far = _End(self._loop), _End(self._loop)
        near.join(client, far)
        far.join(served, near)
        served.connection_made(far)
        client.connection_made(near)
        return client

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Drop every connection, and end what is being answered."""
        await super().close(abort_ssl=abort_ssl)
        await self._server.shutdown(0)


class _End(asyncio.Transport):
    """One end of a connection: what is written to it reaches the other end's protocol in a later turn of the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._held: list[Callable[[], None]] = []
        self._paused = self._closing = False

    def join(self, protocol: asyncio.Protocol, other: _End) -> None:
        """Deliver to this protocol what is written to the other end."""
        self._protocol, self._other = protocol, other

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        if not self._closing:
            self._loop.call_soon(self._other.take, bytes(data))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)
            self._loop.call_soon(self._other.lost)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        held, self._held = self._held, []
        for each in held:
            each()

    def take(self, data: bytes) -> None:
        if self._paused:
            self._held.append(lambda: self.take(data))
        elif not self._closing:
            self._protocol.data_received(data)

    def lost(self) -> None:
        if self._paused:
            self._held.append(self.lost)
        elif not self._closing:
            self._closing = True
            self._protocol.connection_lost(None)
