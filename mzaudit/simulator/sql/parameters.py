"""Values as a client sends them: each with its TYPE_INFO before it."""

from __future__ import annotations

import struct
import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal

from mzaudit.simulator.sql.sql_types import EPOCH, Value

_UNICODE, _BYTE_TEXTS, _BINARIES = (0xE7, 0xEF), (0xA7, 0xAF), (0xA5, 0xAD)
_MAX = 0xFFFF


class Parameters:
    """Reads values with their TYPE_INFO, as an RPC sends its parameters."""

    def __init__(self, payload: bytes, place: int = 0) -> None:
        self._payload = payload
        self.place = place

    @property
    def more(self) -> bool:
        """Whether anything is left."""
        return self.place < len(self._payload)

    def peek(self) -> int:
        """The next byte, which stays."""
        return self._payload[self.place]

    def take(self, count: int) -> bytes:
        """The next bytes; raises ValueError when there are fewer."""
        data = self._payload[self.place : self.place + count]
        if len(data) != count:
            raise ValueError("a parameter ends too early")
        self.place += count
        return data

    def number(self, size: int) -> int:
        """The next little-endian number."""
        return int.from_bytes(self.take(size), "little")

    def text(self, characters: int) -> str:
        """The next characters."""
        return self.take(2 * characters).decode("utf-16-le")

    def value(self) -> Value:
        """The next value with its type; raises ValueError for a type that no client of ours sends."""
        kind = self.number(1)
        match kind:
            case 0x1F:
                return None
            case 0x30 | 0x32 | 0x34 | 0x38 | 0x7F:
                size = {0x30: 1, 0x32: 1, 0x34: 2, 0x38: 4, 0x7F: 8}[kind]
                return int.from_bytes(self.take(size), "little", signed=size > 1)
            case 0x26 | 0x68 | 0x6D | 0x24 | 0x6F:
                self.take(1)
                return self._fixed(kind, self.take(self.number(1)))
            case 0x6A | 0x6C:
                _, _, scale = self.take(3)
                data = self.take(self.number(1))
                number = Decimal(int.from_bytes(data[1:], "little")).scaleb(-scale)
                return None if not data else number if data[0] else -number
            case 0x28:
                data = self.take(self.number(1))
                return None if not data else date(1, 1, 1) + timedelta(int.from_bytes(data, "little"))
            case 0x2A:
                scale = self.number(1)
                data = self.take(self.number(1))
                return None if not data else _read_moment(data, scale)
            case _ if kind in (*_UNICODE, *_BYTE_TEXTS, *_BINARIES):
                return self._long(kind)
            case _:
                raise ValueError(f"the data type 0x{kind:02x} is not served")

    def _fixed(self, kind: int, data: bytes) -> Value:
        if not data:
            return None
        match kind:
            case 0x24:
                return uuid.UUID(bytes_le=data)
            case 0x6D:
                return float(struct.unpack("<d" if len(data) == 8 else "<f", data)[0])
            case 0x6F:
                days, ticks = struct.unpack("<iI" if len(data) == 8 else "<HH", data)
                seconds = ticks / 300 if len(data) == 8 else ticks * 60
                return EPOCH + timedelta(days, round(seconds, 3))
            case _:
                return int.from_bytes(data, "little", signed=len(data) > 1)

    def _long(self, kind: int) -> Value:
        longest = self.number(2)
        if kind not in _BINARIES:
            self.take(5)
        data = self._chunks() if longest == _MAX else self._counted()
        if data is None or kind in _BINARIES:
            return data
        return data.decode("utf-16-le" if kind in _UNICODE else "cp1252")

    def _counted(self) -> bytes | None:
        size = self.number(2)
        return None if size == _MAX else self.take(size)

    def _chunks(self) -> bytes | None:
        if self.number(8) == 0xFFFFFFFFFFFFFFFF:
            return None
        data = bytearray()
        while size := self.number(4):
            data += self.take(size)
        return bytes(data)


def _read_moment(data: bytes, scale: int) -> datetime:
    ticks = int.from_bytes(data[:-3], "little")
    day = datetime(1, 1, 1) + timedelta(int.from_bytes(data[-3:], "little"))
    return day + timedelta(microseconds=ticks * 1_000_000 // 10**scale)
