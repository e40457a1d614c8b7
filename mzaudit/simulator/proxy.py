"""The way in: a CONNECT proxy that leads every known host to the simulator and refuses every other one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

Verdict = Literal["known", "unresolved", "foreign"]
_CHUNK = 65536
_TURNS = 8


async def shut(door: socket.socket) -> None:
    """Accept no more there. A server must not be closed before what it has accepted is made: it would stay open."""
    asyncio.get_running_loop().remove_reader(door)
    await settle()


async def settle() -> None:
    """Let the loop turn until what it has accepted is made and what was closed is gone; each step takes a turn."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class Proxy:
    """Splices `CONNECT host:443` to a local port; `refused` lists the hosts that were turned away, `accepted` counts
    the connections."""

    def __init__(self, judge: Callable[[str, int], Verdict], target_port: int) -> None:
        self.refused: list[str] = []
        self.accepted = 0
        self._judge = judge
        self._target_port = target_port
        self._open: dict[asyncio.Future[None], asyncio.StreamWriter] = {}
        self._door: socket.socket | None = None
        self._listener: asyncio.Server | None = None

    async def listen(self) -> int:
        """Start to accept clients on loopback; gives the port."""
        self._door = socket.create_server(("127.0.0.1", 0))
        self._listener = await asyncio.start_server(self._accept, sock=self._door)
        return int(self._door.getsockname()[1])

    async def close(self) -> None:
        """Stop accepting and drop every connection that is still open."""
        if self._listener is not None and self._door is not None:
            await shut(self._door)
            self._listener.close()
        for task, writer in self._open.items():
            task.cancel()
            writer.transport.abort()  # a task that had not begun yet closes nothing, and a client may never read
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open[task] = writer
        task.add_done_callback(self._open.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A connection error: the client went away, and there is nobody left to tell.
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._connect(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, *_ = [*head.split("\r\n", 1)[0].split(" "), "", ""]
        host, _, port = target.rpartition(":")
        verdict = self._judge(host.casefold(), int(port)) if method == "CONNECT" and port.isdecimal() else "foreign"
        if verdict != "known":
            self.refused.append(host or target)
            # 502 is what a company proxy says of a name that does not resolve, 403 of one it forbids.
            status = b"502 Bad Gateway" if verdict == "unresolved" else b"403 Forbidden"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        self.accepted += 1
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
        finally:
            upstream_writer.transport.abort()  # both ways have ended: there is nothing left to send


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
