"""The data types of TDS: how a column or a parameter announces its type, and how a value of it is written and read."""

from __future__ import annotations

import re
import struct
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from mzaudit.simulator.sql.contents import Value as Stored

Value = Stored | float | Decimal | date | uuid.UUID

COLLATION = bytes((0x09, 0x04, 0xD0, 0x00, 0x34))  # SQL_Latin1_General_CP1_CI_AS
EPOCH = datetime(1900, 1, 1)
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
                since = _moment(value) - EPOCH
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
