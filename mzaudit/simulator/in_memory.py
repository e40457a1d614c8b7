"""The simulator without sockets: aiohttp's client and server joined in memory, in one loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.tracing import Trace
    from aiohttp.web_server import Server


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
