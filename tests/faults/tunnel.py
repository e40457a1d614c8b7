"""A CONNECT proxy before the simulated one that breaks the way to chosen hosts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, get_args
from urllib.parse import urlsplit

import trustme

Break = Literal["refused", "reset", "garbage", "untrusted", "silent"]
BREAKS: tuple[Break, ...] = get_args(Break)


@asynccontextmanager
async def tunnel(behind: str, broken: Mapping[str, Break]) -> AsyncIterator[str]:
    """The address of a proxy that leads to the one `behind`, but for the hosts in `broken`; with none, that address."""
    if not broken:
        yield behind
        return
    served: set[asyncio.Task[None]] = set()
    impostors = {host: await _impostor(host) for host, each in broken.items() if each == "untrusted"}

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        host = head.split(b" ")[1].decode().rpartition(":")[0]
        match broken.get(host):
            case "refused":
                writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            case "reset":
                writer.transport.abort()
            case "garbage":
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await reader.read(1)
                writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\nthis is not TLS")
            case "silent":
                await reader.read()
            case "untrusted":
                port = impostors[host].sockets[0].getsockname()[1]
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await _splice(reader, writer, "127.0.0.1", port)
            case _:
                parts = urlsplit(behind)
                await _splice(reader, writer, str(parts.hostname), int(parts.port or 0), head)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await lead(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()  # the client went away

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(serve(reader, writer))
        served.add(task)
        task.add_done_callback(served.discard)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        for server in (listener, *impostors.values()):
            server.close()
        for task in list(served):
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)


async def _impostor(host: str) -> asyncio.Server:
    """A TLS server with a certificate for the host from an authority that nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(host).configure_cert(context)

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)


async def _splice(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, head: bytes = b""
) -> None:
    behind, before = await asyncio.open_connection(host, port)
    before.write(head)
    await asyncio.gather(_copy(reader, before), _copy(behind, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
