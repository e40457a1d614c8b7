"""The way in: a CONNECT proxy that leads every known host to the simulator and refuses every other one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

Verdict = Literal["known", "unresolved", "foreign"]
_CHUNK = 65536


class Proxy:
    """Splices `CONNECT host:443` to a local port; `refused` lists the hosts that were turned away."""

    def __init__(self, judge: Callable[[str, int], Verdict], target_port: int) -> None:
        self.refused: list[str] = []
        self._judge = judge
        self._target_port = target_port
        self._open: set[asyncio.Future[None]] = set()
        self._listener: asyncio.Server | None = None

    async def listen(self) -> int:
        """Start to accept clients on loopback; gives the port."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop accepting and drop every connection that is still open."""
        if self._listener is not None:
            self._listener.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._connect(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # The client went away: there is nobody left to tell.
        finally:
            writer.close()

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
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
        finally:
            upstream_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
