"""The HTTP transport under every SDK client: proxy and certificate authorities as resolved once for the run."""

from __future__ import annotations

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import aiohttp
from azure.core.pipeline.transport import AioHttpTransport

from mzaudit.azure.client.connection import Connection, HttpSession
from mzaudit.azure.client.response_body import LARGEST, BoundedResponse

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace

FEW = 8  # hosts, to each of which connections may be kept open
_KEPT, _KEPT_AMONG_MANY = 30.0, 0.25  # seconds
# asyncio's own is four times this for each TLS connection, which carries records of 16 KB at most. Neither the loop nor
# aiohttp takes it as a setting, so it is set for the whole process.
SSLProtocol.max_size = 64 * 1024
_TURNS = 4  # of the loop, in which an aborted connection gives its socket back


class Transport(AioHttpTransport):  # type: ignore[misc]  # azure-core exports it through a module __getattr__
    """An aiohttp transport that never looks at the environment.

    The session is made inside the running loop at the first request, so that a credential can be chosen before one
    runs. Azure's own pipeline decides retries and authentication. A connection is kept for the next call, but not for
    long where there are many `hosts`.
    """

    def __init__(self, connection: Connection, *, hosts: int = 1) -> None:
        super().__init__(use_env_settings=False, connection_timeout=10, read_timeout=30)
        self.session: HttpSession | aiohttp.ClientSession | None = None
        self._connection = connection
        self._hosts = hosts
        self._asking: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Open the session, with our certificate authorities, unless it is open."""
        if self.session is None:
            make = self._connection.session or self._own_session
            pool = {
                "limit": 0 if self._hosts <= FEW else self._connection.at_once,
                "limit_per_host": self._connection.at_once,
                "keepalive_timeout": _KEPT if self._hosts <= FEW else _KEPT_AMONG_MANY,
            }
            self.session = make(
                pool,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                response_class=BoundedResponse,
            )
        await super().open()

    def _own_session(self, pool: Mapping[str, Any], **settings: Any) -> aiohttp.ClientSession:
        connector = _Connector(ssl=self._connection.certificates(), **pool)
        return aiohttp.ClientSession(connector=connector, **settings)

    async def close(self) -> None:
        """End what is still asking, then close every connection; a later request is refused."""
        asking = self._asking - {asyncio.current_task()}
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        await super().close()

    async def send(self, request: Any, **config: Any) -> Any:  # Any: the SDK's own signature is an overload of two
        """Send through the proxy that the host's name calls for; of the body at most `largest` bytes are read."""
        config.pop("proxies", None)
        largest = config.pop("largest", LARGEST)
        if (task := asyncio.current_task()) is not None:
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        response = await super().send(request, proxy=self._connection.proxy_for(request.url), **config)
        if request.method == "GET":  # a token traded beside it is no page
            response.internal_response.largest = largest
        return response


class _Connector(aiohttp.TCPConnector):
    """Knows every connection that it made: a pool forgets one that says farewell, and it would outlive the session."""

    def __init__(self, **settings: Any) -> None:  # Any: aiohttp's own keyword arguments
        super().__init__(**settings)
        self._made: WeakSet[asyncio.Transport] = WeakSet()

    async def _create_connection(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: ClientTimeout,  # noqa: ASYNC109  # aiohttp's signature
    ) -> ResponseHandler:
        made = await super()._create_connection(req, traces, timeout)
        if made.transport is not None:
            self._made.add(made.transport)
        return made

    async def close(self, *, abort_ssl: bool = True) -> None:
        """Drop every connection at once, and return when their sockets are closed."""
        for transport in self._made:
            transport.abort()
        await super().close(abort_ssl=abort_ssl)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
