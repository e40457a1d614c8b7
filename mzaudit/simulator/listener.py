"""A listener on loopback: each connection is served, and closing it closes them all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

_TURNS = 8


async def shut(door: socket.socket) -> None:
    """Accept no more there. A server must not be closed before what it has accepted is made: it would stay open."""
    asyncio.get_running_loop().remove_reader(door)
    await settle()


async def settle() -> None:
    """Let the loop turn until what it has accepted is made and what was closed is gone; each step takes a turn."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class Door:
    """Serves every client that comes, and closes the connection when that is done."""

    def __init__(self, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._serve = serve
        self._open: dict[asyncio.Future[None], asyncio.StreamWriter] = {}
        self._socket: socket.socket | None = None
        self._listener: asyncio.Server | None = None

    async def listen(self) -> int:
        """Start to accept clients; gives the port."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._listener = await asyncio.start_server(self._accept, sock=self._socket)
        return int(self._socket.getsockname()[1])

    async def close(self) -> None:
        """Stop accepting and drop every connection that is still open."""
        if self._listener is not None and self._socket is not None:
            await shut(self._socket)
            self._listener.close()
        for task, writer in self._open.items():
            task.cancel()
            writer.transport.abort()  # a task that had not begun yet closes nothing, and a client may never read
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve_and_close(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def _serve_and_close(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection error: the client went away, and there is nobody left to tell.
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
