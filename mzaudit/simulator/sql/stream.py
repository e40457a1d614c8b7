"""The bytes of one connection, in clear or under TLS, and the packets of TDS on them."""

from __future__ import annotations

import asyncio
import ssl
import struct
from dataclasses import dataclass
from enum import IntEnum

_CHUNK = 65536
_HEADER = struct.Struct(">BBHHBB")
_LAST = 0x01
_LARGEST_MESSAGE = 16 * 1024 * 1024


class PacketKind(IntEnum):
    """What a message is, as the first byte of each of its packets says."""

    BATCH = 0x01
    RPC = 0x03
    REPLY = 0x04
    ATTENTION = 0x06
    FEDAUTH_TOKEN = 0x08
    TRANSACTION = 0x0E
    LOGIN7 = 0x10
    PRELOGIN = 0x12


@dataclass(frozen=True, slots=True)
class Message:
    """A message, put together from its packets."""

    kind: int
    payload: bytes


class StreamError(Exception):
    """The client sent what no client sends; there is nothing to do but to close."""


class Stream:
    """Messages to and from one client; raises ConnectionError when it goes away, `StreamError` for nonsense."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.packet_size = 4096
        self._reader = reader
        self._writer = writer
        self._unread = bytearray()
        self._tls: ssl.SSLObject | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()

    async def starts_with_tls(self) -> bool:
        """Whether the client begins with a TLS handshake, as TDS 8.0 does."""
        self._unread += await self._receive()
        return self._unread[0] == 0x16

    async def secure(self, context: ssl.SSLContext, *, in_packets: bool) -> None:
        """Do the server's side of the handshake; TDS 7.4 carries it inside PRELOGIN packets."""
        tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._incoming.write(bytes(self._unread))
        self._unread.clear()
        finished = False
        while not finished:
            try:
                tls.do_handshake()
                finished = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError as error:
                await self._flush(in_packets)
                raise StreamError(str(error)) from error
            await self._flush(in_packets)
            if not finished:
                self._incoming.write((await self.read()).payload if in_packets else await self._receive())
        self._tls = tls

    async def read(self) -> Message:
        """The next message, whole."""
        payload = bytearray()
        while True:
            kind, status, length, *_ = _HEADER.unpack(await self._exactly(_HEADER.size))
            if length < _HEADER.size or len(payload) + length > _LARGEST_MESSAGE:
                raise StreamError(f"a packet of {length} bytes")
            payload += await self._exactly(length - _HEADER.size)
            if status & _LAST:
                return Message(kind, bytes(payload))

    async def write(self, kind: PacketKind, payload: bytes) -> None:
        """Send one message in as many packets as the packet size asks for."""
        await self.write_raw(packets(kind, payload, self.packet_size))

    async def write_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        if self._tls is None:
            self._writer.write(data)
        else:
            self._tls.write(data)
            self._writer.write(self._outgoing.read())
        await self._writer.drain()

    def abort(self) -> None:
        """Drop the connection without a farewell."""
        self._writer.transport.abort()

    async def _flush(self, in_packets: bool) -> None:
        data = self._outgoing.read()
        if data:
            self._writer.write(packets(PacketKind.PRELOGIN, data, self.packet_size) if in_packets else data)
            await self._writer.drain()

    async def _exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._unread += await self._more()
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    async def _more(self) -> bytes:
        if self._tls is None:
            return await self._receive()
        while True:
            try:
                data = self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                self._incoming.write(await self._receive())
                continue
            except ssl.SSLError as error:
                raise StreamError(str(error)) from error
            if not data:
                raise ConnectionResetError("the client ended the TLS session")
            return data

    async def _receive(self) -> bytes:
        data = await self._reader.read(_CHUNK)
        if not data:
            raise ConnectionResetError("the client went away")
        return data


def packets(kind: PacketKind, payload: bytes, size: int) -> bytes:
    """A message cut into packets of at most `size` bytes, headers included."""
    room = size - _HEADER.size
    parts = [payload[start : start + room] for start in range(0, len(payload), room)] or [b""]
    cut = bytearray()
    for number, part in enumerate(parts, 1):
        status = _LAST if number == len(parts) else 0
        cut += _HEADER.pack(kind, status, len(part) + _HEADER.size, 0, number % 256, 0) + part
    return bytes(cut)
