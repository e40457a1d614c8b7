"""The way in: a CONNECT proxy that leads every known host to the simulator and refuses every other one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Literal

from mzaudit.simulator.listener import Door

Verdict = Literal["known", "sql", "unresolved", "foreign"]
Serve = Callable[[str, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_CHUNK = 65536
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Proxy:
    """Splices `CONNECT host:443` to a local port and hands the hosts of SQL to `serve_sql`; `refused` lists the hosts
    that were turned away, `accepted` counts the connections to the others."""

    def __init__(self, judge: Callable[[str, int], Verdict], target_port: int, serve_sql: Serve | None = None) -> None:
        self.refused: list[str] = []
        self.accepted = 0
        self._judge = judge
        self._target_port = target_port
        self._serve_sql = serve_sql
        self._door = Door(self._connect)

    async def listen(self) -> int:
        """Start to accept clients on loopback; gives the port."""
        return await self._door.listen()

    async def close(self) -> None:
        """Stop accepting and drop every connection that is still open."""
        await self._door.close()

    def refuse(self, host: str, verdict: Verdict) -> HTTPStatus:
        """Note a host that is turned away, and say so as a company's proxy does: a name that does not resolve, or one
        that is forbidden."""
        self.refused.append(host)
        return HTTPStatus.BAD_GATEWAY if verdict == "unresolved" else HTTPStatus.FORBIDDEN

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, *_ = [*head.split("\r\n", 1)[0].split(" "), "", ""]
        host, _, port = target.rpartition(":")
        verdict = self._judge(host.casefold(), int(port)) if method == "CONNECT" and port.isdecimal() else "foreign"
        match verdict:
            case "known":
                self.accepted += 1
                await self._splice(reader, writer)
            case "sql" if self._serve_sql is not None:
                self.accepted += 1
                writer.write(_ESTABLISHED)
                await self._serve_sql(host.casefold(), reader, writer)
            case _:
                status = self.refuse(host or target, verdict)
                answer = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                writer.write(answer.encode())
                await writer.drain()

    async def _splice(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        writer.write(_ESTABLISHED)
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
