"""From a client's request to the tokens of its reply: batches, and the procedures that carry parameters."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from mzaudit.simulator.sql import engine, sql_errors, tds_tokens
from mzaudit.simulator.sql.parameters import Parameters
from mzaudit.simulator.sql.sql_errors import ServerError, SqlError
from mzaudit.simulator.sql.sql_login import SqlSession
from mzaudit.simulator.sql.sql_types import INT, Value
from mzaudit.simulator.sql.stream import Message, PacketKind, StreamError
from mzaudit.simulator.sql.tds_tokens import DoneStatus

_BY_NUMBER = 0xFFFF
_PROCEDURES = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 15: "sp_unprepare"}
_DECLARED = re.compile(r"(?:^|,)\s*(@\w+)\s+\w")
_BATCH_SEPARATORS = (0x80, 0xFF)
_SELECT = 0xC1

Reply = tuple[bytes, ServerError | None]  # tokens, and the error that they end with


@dataclass(frozen=True, slots=True)
class ProcedureCall:
    """A batch (no procedure) or a procedure with its parameters in order, named where the client names them."""

    procedure: str
    parameters: tuple[tuple[str, Value], ...]

    @property
    def text(self) -> str:
        """The batch, or the statement that the procedure is to run; empty when it runs one that was prepared."""
        place = {"": 0, "sp_executesql": 0, "sp_prepexec": 2, "sp_prepare": 2}.get(self.procedure)
        if place is None or place >= len(self.parameters):
            return ""
        return str(self.parameters[place][1])

    @property
    def declaration(self) -> str:
        """The declaration of the statement's variables: `@P1 int, @P2 nvarchar(30)`."""
        return str(self.parameters[1][1] or "") if len(self.parameters) > 1 else ""


@dataclass(slots=True)
class Conversation:
    """What a session has prepared."""

    session: SqlSession
    prepared: dict[int, ProcedureCall] = field(default_factory=dict)

    def statement(self, call: ProcedureCall) -> str:
        """The statement that a call runs, for the record."""
        if call.procedure in ("sp_execute", "sp_unprepare"):
            known = self.prepared.get(_handle(call))
            return known.text if known is not None else call.procedure
        return call.text or call.procedure

    def reply(self, calls: list[ProcedureCall]) -> Reply:
        """The reply, and the error that it ends with."""
        data, problem = b"", None
        for index, call in enumerate(calls):
            part, problem = self._one(call)
            data += tds_tokens.goes_on(part) if index + 1 < len(calls) else part
        return data, problem

    def _one(self, call: ProcedureCall) -> Reply:
        if not call.procedure:
            return self._run(call.text, {}, in_procedure=False)
        match call.procedure:
            case "sp_executesql":
                return self._procedure(self._run(call.text, _bound(call, call.parameters[2:]), in_procedure=True))
            case "sp_prepexec" | "sp_prepare":
                handle = len(self.prepared) + 1
                self.prepared[handle] = call
                value = tds_tokens.return_value(0, "", INT, handle)
                if call.procedure == "sp_prepare":
                    return self._procedure((b"", None), value)
                return self._procedure(
                    self._run(call.text, _bound(call, call.parameters[3:]), in_procedure=True), value
                )
            case "sp_execute":
                known = self.prepared.get(_handle(call))
                if known is None:
                    return self._procedure(self._failed(sql_errors.unprepared(_handle(call)), in_procedure=True))
                return self._procedure(self._run(known.text, _bound(known, call.parameters[1:]), in_procedure=True))
            case "sp_unprepare" | "sp_reset_connection":
                return self._procedure((b"", None))
            case name:
                return self._procedure(self._failed(sql_errors.unknown_procedure(name), in_procedure=True))

    def _run(self, text: str, variables: Mapping[str, Value], *, in_procedure: bool) -> Reply:
        parts: list[bytes] = []
        counts: list[int | None] = []
        try:
            for result in engine.run(self.session, text, variables):
                data = b""
                if result is not None:
                    rows = (tds_tokens.row(result.columns, row) for row in result.rows)
                    data = tds_tokens.columns(result.columns) + b"".join(rows)
                parts.append(data)
                counts.append(None if result is None else len(result.rows))
        except (SqlError, RecursionError) as refusal:
            reason = refusal.error if isinstance(refusal, SqlError) else sql_errors.too_deep()
            data, problem = self._failed(reason, in_procedure=in_procedure)
            return _ended(parts, counts, more=True, in_procedure=in_procedure) + data, problem
        return _ended(parts, counts, more=in_procedure, in_procedure=in_procedure), None

    def _failed(self, problem: ServerError, *, in_procedure: bool) -> tuple[bytes, ServerError]:
        data = tds_tokens.error(problem, self.session.server)
        return data + (b"" if in_procedure else tds_tokens.done(DoneStatus.ERROR)), problem

    def _procedure(self, ran: Reply, more: bytes = b"") -> Reply:
        data, problem = ran
        if problem is not None:
            return data + tds_tokens.done_procedure(DoneStatus.ERROR), problem
        return data + tds_tokens.return_status(0) + more + tds_tokens.done_procedure(), None


def read(message: Message) -> list[ProcedureCall]:
    """The calls of a BATCH or RPC message; raises `StreamError`."""
    try:
        (head,) = struct.unpack_from("<I", message.payload)
        if not 4 <= head <= len(message.payload):
            raise ValueError("the headers are longer than the message")
        if message.kind == PacketKind.BATCH:
            return [ProcedureCall("", (("", message.payload[head:].decode("utf-16-le")),))]
        return _procedures(Parameters(message.payload, head))
    except (ValueError, struct.error) as error:
        raise StreamError(str(error)) from error


def _procedures(data: Parameters) -> list[ProcedureCall]:
    calls = []
    while data.more:
        length = data.number(2)
        name = _PROCEDURES.get(data.number(2), "sp_unknown") if length == _BY_NUMBER else data.text(length)
        data.take(2)
        parameters: list[tuple[str, Value]] = []
        while data.more and data.peek() not in _BATCH_SEPARATORS:
            title = data.text(data.number(1))
            data.take(1)
            parameters.append((title, data.value()))
        if data.more:
            data.take(1)
        calls.append(ProcedureCall(name.casefold().removeprefix("sys."), tuple(parameters)))
    return calls


def _ended(parts: list[bytes], counts: list[int | None], *, more: bool, in_procedure: bool) -> bytes:
    """The results, each with its DONE; the last one says so unless there is more."""
    data = bytearray()
    for index, (part, count) in enumerate(zip(parts, counts, strict=True)):
        status = DoneStatus.MORE if more or index + 1 < len(parts) else DoneStatus.FINAL
        status |= DoneStatus.COUNT if count is not None else DoneStatus.FINAL
        end = tds_tokens.done_in_procedure if in_procedure else tds_tokens.done
        data += part + end(status, count or 0, _SELECT if count is not None else 0)
    if not parts and not more:
        data += tds_tokens.done()
    return bytes(data)


def _bound(call: ProcedureCall, values: tuple[tuple[str, Value], ...]) -> dict[str, Value]:
    """The variables of a statement: by the names that the values bear, else in the order of their declaration."""
    declared = _DECLARED.findall(call.declaration)
    names = [name or (declared[place] if place < len(declared) else "") for place, (name, _) in enumerate(values)]
    return {name.removeprefix("@").casefold(): value for name, (_, value) in zip(names, values, strict=True)}


def _handle(call: ProcedureCall) -> int:
    value = call.parameters[0][1] if call.parameters else None
    return value if isinstance(value, int) else 0
