"""The tokens of a reply, as the server writes them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from mzaudit.simulator.sql.sql_errors import ServerError
from mzaudit.simulator.sql.sql_types import COLLATION, SqlType, Value

PRODUCT = "Microsoft SQL Server"
VERSION = (12, 0, 2000)  # what every Azure SQL Database says of itself


class Change(IntEnum):
    """What an ENVCHANGE changes."""

    DATABASE = 1
    LANGUAGE = 2
    PACKET_SIZE = 4
    COLLATION = 7
    BEGIN = 8
    COMMIT = 9
    ROLLBACK = 10
    ROUTING = 20


class DoneStatus(IntFlag):
    """The status of a DONE."""

    FINAL = 0
    MORE = 0x01
    ERROR = 0x02
    COUNT = 0x10
    ATTENTION = 0x20


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result."""

    name: str
    type: SqlType


def error(problem: ServerError, server: str) -> bytes:
    """An ERROR."""
    return _message(0xAA, problem, server)


def info(number: int, text: str, server: str) -> bytes:
    """An INFO."""
    return _message(0xAB, ServerError(number, text, 0, 1), server)


def login_ack(version: int) -> bytes:
    """LOGINACK with the TDS version that was agreed on."""
    major, minor, build = VERSION
    body = b"\1" + struct.pack(">I", version) + _short_text(PRODUCT) + struct.pack(">BBH", major, minor, build)
    return b"\xad" + struct.pack("<H", len(body)) + body


def federated_ack() -> bytes:
    """FEATUREEXTACK: the token was taken."""
    return b"\xae\x02" + struct.pack("<I", 0) + b"\xff"


def federated_info(sts: str, audience: str) -> bytes:
    """FEDAUTHINFO: where an ADAL client gets its token, and for whom."""
    options = ((0x01, sts.encode("utf-16-le")), (0x02, audience.encode("utf-16-le")))
    head, data = struct.pack("<I", len(options)), b""
    start = len(head) + 9 * len(options)
    for kind, value in options:
        head += struct.pack("<BII", kind, len(value), start + len(data))
        data += value
    return b"\xee" + struct.pack("<I", len(head + data)) + head + data


def change(kind: Change, new: str, old: str) -> bytes:
    """An ENVCHANGE of a text."""
    return _change(kind, _short_text(new) + _short_text(old))


def change_collation() -> bytes:
    """The ENVCHANGE that tells the database's collation."""
    return _change(Change.COLLATION, bytes((len(COLLATION),)) + COLLATION + b"\0")


def change_transaction(kind: Change, number: int) -> bytes:
    """The ENVCHANGE of a transaction that begins or ends."""
    descriptor = b"\x08" + struct.pack("<Q", number)
    return _change(kind, descriptor + b"\0" if kind is Change.BEGIN else b"\0" + descriptor)


def route(host: str, port: int) -> bytes:
    """The ENVCHANGE that sends the client on to another host."""
    body = struct.pack("<BHH", 0, port, len(host)) + host.encode("utf-16-le")
    return _change(Change.ROUTING, struct.pack("<H", len(body)) + body + bytes(2))


def columns(described: Sequence[ResultColumn]) -> bytes:
    """COLMETADATA."""
    data = b"\x81" + struct.pack("<H", len(described))
    for one in described:
        data += struct.pack("<IH", 0, 0x0009) + one.type.info() + _short_text(one.name)
    return data


def row(described: Sequence[ResultColumn], values: Sequence[Value]) -> bytes:
    """A ROW, or an NBCROW (which leaves nulls out) as soon as one value is null."""
    if all(value is not None for value in values):
        return b"\xd1" + b"".join(one.type.value(value) for one, value in zip(described, values, strict=True))
    bitmap = bytearray((len(values) + 7) // 8)
    data = b""
    for index, (one, value) in enumerate(zip(described, values, strict=True)):
        if value is None:
            bitmap[index // 8] |= 1 << (index % 8)
        else:
            data += one.type.value(value)
    return b"\xd2" + bytes(bitmap) + data


def done(status: DoneStatus = DoneStatus.FINAL, count: int = 0, command: int = 0) -> bytes:
    """DONE, the end of a statement."""
    return struct.pack("<BHHQ", 0xFD, status, command, count)


def done_in_procedure(status: DoneStatus, count: int, command: int = 0) -> bytes:
    """DONEINPROC, the end of a statement within a procedure."""
    return struct.pack("<BHHQ", 0xFF, status, command, count)


def done_procedure(status: DoneStatus = DoneStatus.FINAL) -> bytes:
    """DONEPROC, the end of a procedure."""
    return struct.pack("<BHHQ", 0xFE, status, 0, 0)


def goes_on(reply: bytes) -> bytes:
    """A reply whose last DONE promises more."""
    data = bytearray(reply)
    data[-12] |= DoneStatus.MORE
    return bytes(data)


def return_status(value: int) -> bytes:
    """RETURNSTATUS of a procedure."""
    return b"\x79" + struct.pack("<i", value)


def return_value(ordinal: int, name: str, kind: SqlType, value: Value) -> bytes:
    """RETURNVALUE: an output parameter."""
    head = struct.pack("<BH", 0xAC, ordinal) + _short_text(name) + b"\1" + struct.pack("<IH", 0, 0)
    return head + kind.info() + kind.value(value)


def _message(token: int, problem: ServerError, server: str) -> bytes:
    text = problem.message.encode("utf-16-le")
    body = struct.pack("<iBB", problem.number, problem.state, problem.severity)
    body += struct.pack("<H", len(text) // 2) + text + _short_text(server) + b"\0" + struct.pack("<I", 1)
    return bytes((token,)) + struct.pack("<H", len(body)) + body


def _change(kind: Change, body: bytes) -> bytes:
    return b"\xe3" + struct.pack("<HB", len(body) + 1, kind) + body


def _short_text(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return bytes((len(data) // 2,)) + data
