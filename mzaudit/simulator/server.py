"""A running simulator: the HTTPS server and the proxy on loopback, in a thread of their own."""

from __future__ import annotations

import asyncio
import itertools
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE
from yarl import URL

from mzaudit.simulator.arm import resource_manager
from mzaudit.simulator.arm.throttle import Buckets, Throttle, unthrottled
from mzaudit.simulator.certificates import certificates
from mzaudit.simulator.client_waits import Counts, Waves
from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.fault_injection import (
    Alter,
    Fault,
    FaultPlan,
    Hang,
    Html,
    Malformed,
    Recode,
    Reset,
    Slow,
    SqlFault,
    SqlFaultPlan,
    StatusFault,
    Truncated,
    encode,
    made_up,
)
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, read_request
from mzaudit.simulator.in_memory import Handed, Memory, MemorySession
from mzaudit.simulator.listener import settle, shut
from mzaudit.simulator.proxy import Proxy, Verdict
from mzaudit.simulator.recall import Recall
from mzaudit.simulator.services import entra, graph, registry_data_plane, vault_data_plane
from mzaudit.simulator.sql import sql_login
from mzaudit.simulator.sql.ledger import RequestLedger, SqlRequest
from mzaudit.simulator.sql.service import SqlService
from mzaudit.simulator.sql.sql_login import SUFFIX, WORKER_SUFFIX

_LOGIN_HOSTS = (entra.HOST, "login.windows.net", "login.microsoft.com")
_HOSTS = [resource_manager.HOST, *_LOGIN_HOSTS, *graph.HOSTS]
_WILDCARDS = ["*.vault.azure.net", "*.azurecr.io", "*.database.windows.net", "*.blob.core.windows.net"]
_WILDCARDS += [f"*{WORKER_SUFFIX}"]
_HTML = "<html><head><title>Service unavailable</title></head><body><h2>Service unavailable</h2></body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `number` counts arrivals, `status` 0 means no answer: the socket was closed, or it is still open."""

    method: str
    host: str
    path: str
    query: str
    status: int
    number: int


class Simulator:
    """A simulated Azure that is serving; see `serve`."""

    def __init__(
        self,
        estate: Estate,
        faults: Sequence[Fault],
        folder: Path,
        throttle: Throttle | None = None,
        latency: float = 0.0,
        waves: Waves | None = None,
        sql_faults: Sequence[SqlFault] = (),
        clock: timedelta = timedelta(),
    ) -> None:
        self.estate = estate
        self.proxy = ""
        self.tls_port = 0
        self.faults: list[Fault] = list(faults)
        self.sql_faults: list[SqlFault] = list(sql_faults)
        self._plan = FaultPlan(self.faults)
        self.clock = clock
        self._buckets = None if throttle is None else Buckets(throttle)
        self._latency = latency
        self._waves = waves
        self._answered: dict[int, Request] = {}
        self._signed: dict[tuple[str, URL, bytes], HttpRequest] = {}
        self.memory = Recall(self._again)
        self._numbers = itertools.count(1)
        self._ca_file, self._tls, sql_tls = certificates(folder, [*_HOSTS, *_WILDCARDS])
        self._ledger = RequestLedger(SqlFaultPlan(self.sql_faults), partial(self._wait, database=True))
        self._sql = SqlService(lambda: self.estate, sql_tls, self._ledger)
        self._proxy: Proxy | None = None
        self._loop = asyncio.SelectorEventLoop()
        self._door: socket.socket | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulator", daemon=True)
        self._runner: web.ServerRunner | None = None

    @property
    def ca_file(self) -> str:
        """The path of the CA certificate that clients must trust (PEM)."""
        return str(self._ca_file)

    @property
    def tenant_id(self) -> str:
        """The tenant of the auditor's login."""
        return self.estate.tenant_id

    @property
    def client_id(self) -> str:
        """The client id of the auditor's login."""
        return self.estate.auditor.client_id

    @property
    def client_secret(self) -> str:
        """The client secret of the auditor's login."""
        return self.estate.auditor.secret

    @property
    def subscription_id(self) -> str:
        """The first subscription of the estate."""
        return self.estate.subscriptions[0]

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in order of arrival."""
        return [self._answered[number] for number in sorted(self._answered)]

    @property
    def sql_requests(self) -> list[SqlRequest]:
        """Every login and every statement so far, in order of arrival."""
        return self._ledger.requests

    def sql_port(self, server: str) -> int:
        """A port on loopback where the SQL server of that name answers as well, for clients that know no proxy."""
        host = str(self.estate.named("Microsoft.Sql/servers", server)["properties"]["fullyQualifiedDomainName"])
        return asyncio.run_coroutine_threadsafe(self._sql.listen(host), self._loop).result()

    @property
    def refused(self) -> list[str]:
        """Every host that was asked for through the proxy and refused, in order."""
        return list(self._proxy.refused) if self._proxy is not None else []

    @property
    def counts(self) -> Counts:
        """What the run cost so far, as the services saw it."""
        statuses = [request.status for request in self._answered.values()]
        tokens = sum(request.path.endswith("/oauth2/v2.0/token") for request in self._answered.values())
        return Counts(
            calls=len(statuses),
            tokens=tokens,
            depth=self._waves.released if self._waves is not None else 0,
            connections=self._proxy.accepted if self._proxy is not None else 0,
            throttled=statuses.count(429),
            logins=sum(request.kind == "LOGIN" for request in self.sql_requests),
            statements=sum(request.kind == "QUERY" for request in self.sql_requests),
        )

    def session(self, pool: Mapping[str, Any], **settings: Any) -> MemorySession:  # Any: aiohttp's own arguments
        """What takes the place of an aiohttp session, and leads a client of the running loop here without a socket; not
        for `waves`."""
        return MemorySession(self._hand_over, self._connector, pool, **settings)

    def _connector(self, **settings: Any) -> Memory:
        return Memory(self._admit, self._server(), **settings)

    def environ(self) -> dict[str, str]:
        """The environment variables that lead any unmodified client here, logged in as the auditor."""
        return {
            "HTTPS_PROXY": self.proxy,
            "https_proxy": self.proxy,
            "NO_PROXY": "",
            "no_proxy": "",
            "REQUESTS_CA_BUNDLE": self.ca_file,
            "SSL_CERT_FILE": self.ca_file,
            # Where the Azure CLI keeps its logins: what it learns here is not to replace a person's own.
            "AZURE_CONFIG_DIR": str(self._ca_file.with_name("azure-cli")),
            "AZURE_TENANT_ID": self.tenant_id,
            "AZURE_CLIENT_ID": self.client_id,
            "AZURE_CLIENT_SECRET": self.client_secret,
            "AZURE_SUBSCRIPTION_ID": self.subscription_id,
        }

    def start(self) -> None:
        """Start serving; raises what kept the servers from starting."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        except BaseException:
            self._end()
            raise

    def close(self) -> None:
        """Stop serving, dropping whatever is under way; returns when the thread has ended."""
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self._runner = web.ServerRunner(self._server(), shutdown_timeout=0)
        await self._runner.setup()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.tls_port = int(self._door.getsockname()[1])
        await web.SockSite(self._runner, self._door, ssl_context=self._tls).start()
        self._proxy = Proxy(self._judge, self.tls_port, self._sql.serve)
        self.proxy = f"http://127.0.0.1:{await self._proxy.listen()}"

    async def _shut(self) -> None:
        if self._proxy is not None:
            await self._proxy.close()
        await self._sql.close()
        if self._runner is not None and self._door is not None:
            await shut(self._door)
            await self._runner.cleanup()
        # A connection whose handshake is under way is nobody's yet.
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        await settle()

    def _server(self) -> web.Server:
        return web.Server(self._handle, access_log=None, handler_cancellation=True)

    def _admit(self, host: str, port: int) -> HTTPStatus:
        verdict = self._judge(host, port)
        if verdict == "known" or self._proxy is None:
            return HTTPStatus.OK
        return self._proxy.refuse(host, verdict)

    def _judge(self, host: str, port: int) -> Verdict:
        if host.endswith(SUFFIX):
            return "sql" if self._sql.knows(host, port) else "unresolved"
        if port != 443:
            return "foreign"
        if host.endswith(vault_data_plane.SUFFIX):
            return "known" if host in vault_data_plane.hosts(self.estate) else "unresolved"
        return "known" if host in (*_HOSTS, *registry_data_plane.hosts(self.estate)) else "foreign"

    async def _handle(self, incoming: web.BaseRequest) -> web.StreamResponse:
        number = next(self._numbers)
        body = await incoming.read()
        call = read_request(incoming.method, incoming.host, incoming.raw_path, incoming.headers, body)
        record = Request(call.method, call.host, call.path, incoming.raw_path.partition("?")[2], 0, number)
        self._answered[number] = record
        await self._wait()
        response = await self._respond(incoming, call)
        status = response.status if response is not None else 0
        if response is not None and self.clock and not response.prepared:
            told = format_datetime(datetime.now(UTC) + self.clock, usegmt=True)
            response.headers.setdefault("Date", told)
        self._answered[number] = Request(record.method, record.host, record.path, record.query, status, number)
        return response if response is not None else web.Response()

    def _hand_over(self, call: HttpRequest, url: URL) -> Handed | None:
        """The answer to a request of this process, unless it is one to wait for, to refuse or to let go wrong."""
        if self._latency or self._judge(call.host, url.port or 0) != "known" or self._plan.concerns(call):
            return None
        if call.bearer is not None:  # a trade of tokens is of one client alone
            self._signed[call.method, url, call.body] = call
        number = next(self._numbers)
        answer = self._answer(call)
        self._answered[number] = Request(call.method, call.host, call.path, url.raw_query_string, answer.status, number)
        told = format_datetime(datetime.now(UTC) + self.clock, usegmt=True)
        body = encode(answer)
        headers = _headers(answer)
        headers |= {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            "Date": told,
            "Server": SERVER_SOFTWARE,
        }
        return answer.status, headers, body

    def _again(self, method: str, url: str, body: str) -> object | None:
        """What a request that was handed over before is answered now but for the time; for a database, all that decides
        its answers."""
        if method == "SQL":
            host, _, database = url.partition("/")
            return None if self._latency or self.sql_faults else sql_login.deciding(self.estate, host, database)
        where = URL(url)
        made = self._signed.get((method, where, body.encode()))
        answer = None if made is None else self._hand_over(made, where)
        if answer is None:
            return None
        status, headers, content = answer
        return status, {**headers, "Date": ""}, content

    async def _wait(self, *, database: bool = False) -> None:
        if self._waves is not None:
            await self._waves.turn(database=database)
        if self._latency:
            await asyncio.sleep(self._latency)

    def _answer(self, call: HttpRequest) -> HttpResponse:
        if self._buckets is None:
            answer = _answer(self.estate, call)
            return HttpResponse(answer.status, answer.body, {**unthrottled(call), **answer.headers})
        admitted = self._buckets.admit(call)
        if admitted.status != 200:
            return admitted
        answer = _answer(self.estate, call)
        return HttpResponse(answer.status, answer.body, {**admitted.headers, **answer.headers})

    async def _respond(self, incoming: web.BaseRequest, call: HttpRequest) -> web.StreamResponse | None:
        """The response to send, or None when the socket was closed instead."""
        match self._plan.pick(call):
            case StatusFault(code, str() as text, headers):
                return web.Response(status=code, text=text, headers=dict(headers))
            case StatusFault(code, dict() as body, headers):
                return _response(HttpResponse(code, body, headers))
            case StatusFault() as status:
                return _response(made_up(status))
            case Html(code):
                return web.Response(status=code, text=_HTML, content_type="text/html")
            case Reset():
                _abort(incoming)
                return None
            case Hang(seconds):
                await asyncio.sleep(seconds)
                _abort(incoming)
                return None
            case Slow(seconds):
                await asyncio.sleep(seconds)
                return _response(self._answer(call))
            case Truncated():
                await _half(incoming, self._answer(call))
                return None
            case Malformed():
                answer = self._answer(call)
                return web.Response(
                    status=answer.status, body=encode(answer)[:-1] + b"<", content_type="application/json"
                )
            case Alter(change):
                answer = self._answer(call)
                altered = change(answer.body) if isinstance(answer.body, dict) else answer.body
                return _response(HttpResponse(answer.status, altered, answer.headers))
            case Recode(change, headers):
                answer = self._answer(call)
                usual = _response(answer)
                usual.body = change(encode(answer))
                usual.headers.update(headers)
                return usual
            case None:
                return _response(self._answer(call))


def _answer(estate: Estate, call: HttpRequest) -> HttpResponse:
    if call.host in _LOGIN_HOSTS:
        return entra.answer(estate, call)
    if call.host == resource_manager.HOST:
        return resource_manager.answer(estate, call)
    if call.host in graph.HOSTS:
        return graph.answer(estate, call)
    if call.host in vault_data_plane.hosts(estate):
        return vault_data_plane.answer(estate, call)
    if call.host in registry_data_plane.hosts(estate):
        return registry_data_plane.answer(estate, call)
    return HttpResponse(404)


def _response(answer: HttpResponse) -> web.Response:
    return web.Response(
        status=answer.status,
        body=encode(answer),
        headers=_headers(answer),
        content_type="application/json",
        charset="utf-8",
    )


def _headers(answer: HttpResponse) -> dict[str, str]:
    common = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return common | {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"} | dict(answer.headers)


def _abort(incoming: web.BaseRequest) -> None:
    if incoming.transport is not None:
        incoming.transport.abort()


async def _half(incoming: web.BaseRequest, answer: HttpResponse) -> None:
    body = encode(answer)
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(incoming)
    await response.write(body[: len(body) // 2])
    _abort(incoming)


@contextmanager
def serve(
    estate: Estate,
    faults: Sequence[Fault] = (),
    *,
    throttle: Throttle | None = None,
    latency: float = 0.0,
    waves: Waves | None = None,
    sql_faults: Sequence[SqlFault] = (),
    clock: timedelta = timedelta(),
) -> Iterator[Simulator]:
    """Serve an estate on loopback while the block runs; the estate and the simulator's faults may be changed meanwhile.

    Without a `throttle` nothing is refused for its number. Every answer, a database's too, comes after `latency`
    seconds. With `waves` requests are answered wave by wave, so that `counts.depth` tells how often one had to wait for
    another's answer. The `Date` of each answer is `clock` ahead of this machine's time; tokens are of this machine's.
    """
    with tempfile.TemporaryDirectory(prefix="simulated-azure-") as folder:
        simulator = Simulator(estate, faults, Path(folder), throttle, latency, waves, sql_faults, clock)
        simulator.start()
        try:
            yield simulator
        finally:
            simulator.close()
