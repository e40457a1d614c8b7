"""The data types of TDS: how a column or a parameter announces its type, and how a value of it is written and read."""

from __future__ import annotations

import re
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from .contents import Value as Stored

Value = Stored | float | Decimal | date | uuid.UUID

COLLATION = bytes((0x09, 0x04, 0xD0, 0x00, 0x34))  # SQL_Latin1_General_CP1_CI_AS
_EPOCH = datetime(1900, 1, 1)
_MAX = 0xFFFF
_INTEGERS = {"tinyint": 1, "smallint": 2, "int": 4, "bigint": 8}
# The range of each integer type, its end excluded.
INTEGERS = {
    "tinyint": (0, 2**8),
    "smallint": (-(2**15), 2**15),
    "int": (-(2**31), 2**31),
    "bigint": (-(2**63), 2**63),
}
_TEXTS = {"nvarchar": 0xE7, "nchar": 0xEF, "varchar": 0xA7, "char": 0xAF}
_BINARIES = {"varbinary": 0xA5, "binary": 0xAD}
_VARIANT_SIZE = 8009
_DECLARATION = re.compile(r"\s*(\w+)\s*(?:\(\s*(\w+)\s*(?:,\s*(\d+)\s*)?\))?\s*$")


@dataclass(frozen=True, slots=True)
class SqlType:
    """A data type: `length` in characters or bytes (None: max), `scale` of decimals and of times."""

    name: str
    length: int | None = None
    scale: int = 0

    def info(self) -> bytes:
        """TYPE_INFO."""
        match self.name:
            case "tinyint" | "smallint" | "int" | "bigint":
                return bytes((0x26, _INTEGERS[self.name]))
            case "bit":
                return b"\x68\x01"
            case "float":
                return b"\x6d\x08"
            case "decimal":
                return bytes((0x6C, 17, self.length or 38, self.scale))
            case "uniqueidentifier":
                return b"\x24\x10"
            case "datetime":
                return b"\x6f\x08"
            case "datetime2":
                return bytes((0x2A, self.scale))
            case "date":
                return b"\x28"
            case "sql_variant":
                return b"\x62" + struct.pack("<I", _VARIANT_SIZE)
            case "varbinary" | "binary":
                return struct.pack("<BH", _BINARIES[self.name], _MAX if self.length is None else self.length)
            case _:
                width = 2 if self.name.startswith("n") else 1
                size = _MAX if self.length is None else self.length * width
                return struct.pack("<BH", _TEXTS[self.name], size) + COLLATION

    def value(self, value: Value) -> bytes:
        """The bytes of a value in a ROW."""
        match self.name:
            case "sql_variant":
                return _variant(value)
            case "nvarchar" | "nchar" | "varchar" | "char" | "varbinary" | "binary":
                data = None if value is None else self._bytes(value)
                return _max(data) if self.length is None else _short(data)
            case _:
                data = b"" if value is None else self._bytes(value)
                return bytes((len(data),)) + data

    def _bytes(self, value: Value) -> bytes:
        match self.name:
            case "nvarchar" | "nchar":
                return str(value).encode("utf-16-le")
            case "varchar" | "char":
                return str(value).encode("cp1252", "replace")
            case "varbinary" | "binary":
                return value if isinstance(value, bytes) else str(value).encode("utf-16-le")
            case "tinyint" | "smallint" | "int" | "bigint":
                return int(_number(value)).to_bytes(_INTEGERS[self.name], "little", signed=self.name != "tinyint")
            case "bit":
                return b"\1" if _number(value) else b"\0"
            case "float":
                return struct.pack("<d", float(_number(value)))
            case "decimal":
                scaled = int(Decimal(str(_number(value))).scaleb(self.scale).to_integral_value())
                return bytes((scaled >= 0,)) + abs(scaled).to_bytes(16, "little")
            case "uniqueidentifier":
                return uuid.UUID(str(value)).bytes_le
            case "datetime":
                since = _moment(value) - _EPOCH
                ticks = round((since.seconds + since.microseconds / 1_000_000) * 300)
                return struct.pack("<iI", since.days, ticks)
            case "datetime2":
                moment = _moment(value)
                return _ticks(moment.time(), self.scale) + _days(moment.date())
            case "date":
                return _days(_moment(value).date())
            case _:
                raise AssertionError(self.name)


INT, BIT, BIGINT, FLOAT = SqlType("int"), SqlType("bit"), SqlType("bigint"), SqlType("float")
TINYINT, SMALLINT = SqlType("tinyint"), SqlType("smallint")
SYSNAME, NVARCHAR_MAX = SqlType("nvarchar", 128), SqlType("nvarchar")
DATETIME, GUID, VARIANT = SqlType("datetime"), SqlType("uniqueidentifier"), SqlType("sql_variant")


def declared(text: str) -> SqlType:
    """The type of a declaration (`nvarchar(200)`, `decimal(10, 2)`, `sysname`); raises ValueError."""
    match = _DECLARATION.match(text)
    name = match[1].casefold() if match else ""
    size, scale = (match[2], match[3]) if match else (None, None)
    name = {"integer": "int", "numeric": "decimal", "real": "float", "smalldatetime": "datetime"}.get(name, name)
    if name == "sysname":
        return SYSNAME
    if name in _TEXTS or name in _BINARIES:
        return SqlType(name, None if size is not None and size.casefold() == "max" else int(size or 1))
    if name == "decimal":
        return SqlType(name, int(size or 18), int(scale or 0))
    if name == "datetime2":
        return SqlType(name, None, int(size or 7))
    if name in _INTEGERS or name in ("bit", "float", "uniqueidentifier", "datetime", "date", "sql_variant"):
        return SqlType(name)
    raise ValueError(f"no data type is named {text}")


def stored(value: Value) -> str | int | float | bytes | None:
    """A value as sqlite keeps it: moments and GUIDs as text, in the form in which T-SQL would show them."""
    match value:
        case bool():
            return int(value)
        case datetime():
            moment = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            return moment.isoformat(" ", "milliseconds")
        case date():
            return value.isoformat()
        case uuid.UUID():
            return str(value).upper()
        case Decimal():
            return float(value)
        case _:
            return value


def _number(value: Value) -> int | float | Decimal:
    if isinstance(value, int | float | Decimal):
        return value
    return float(str(value))


def _moment(value: Value) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _ticks(at: time, scale: int) -> bytes:
    micro = (at.hour * 3600 + at.minute * 60 + at.second) * 1_000_000 + at.microsecond
    ticks: int = micro * 10**scale // 1_000_000
    return ticks.to_bytes(3 if scale < 3 else 4 if scale < 5 else 5, "little")


def _days(day: date) -> bytes:
    days: int = (day - date(1, 1, 1)).days
    return days.to_bytes(3, "little")


def _short(data: bytes | None) -> bytes:
    return struct.pack("<H", _MAX) if data is None else struct.pack("<H", len(data)) + data


def _max(data: bytes | None) -> bytes:
    if data is None:
        return b"\xff" * 8
    chunk = struct.pack("<I", len(data)) + data if data else b""
    return struct.pack("<Q", len(data)) + chunk + bytes(4)


def _variant(value: Value) -> bytes:
    """A sql_variant: the value with the type that it has by itself."""
    match value:
        case None:
            return bytes(4)
        case bytes():
            head, data = struct.pack("<BBH", 0xA5, 2, len(value)), value
        case int():
            head, data = b"\x38\x00", value.to_bytes(4, "little", signed=True)
        case float():
            head, data = b"\x3e\x00", struct.pack("<d", value)
        case _:
            data = str(value).encode("utf-16-le")
            head = b"\xe7\x07" + COLLATION + struct.pack("<H", len(data))
    return struct.pack("<I", len(head) + len(data)) + head + data


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
            case 0xE7 | 0xEF | 0xA7 | 0xAF | 0xA5 | 0xAD:
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
                return _EPOCH + timedelta(days, round(seconds, 3))
            case _:
                return int.from_bytes(data, "little", signed=len(data) > 1)

    def _long(self, kind: int) -> Value:
        longest = self.number(2)
        if kind not in _BINARIES.values():
            self.take(5)
        data = self._chunks() if longest == _MAX else self._counted()
        if data is None or kind in _BINARIES.values():
            return data
        return data.decode("utf-16-le" if kind in (0xE7, 0xEF) else "cp1252")

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
