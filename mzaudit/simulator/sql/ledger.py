"""What was asked of the simulated SQL, and what was let go wrong with the answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from mzaudit.simulator.fault_injection import Hang, Malformed, Reset, Slow, SqlAction, SqlFaultPlan, Truncated
from mzaudit.simulator.sql.sql_errors import ServerError, SqlError
from mzaudit.simulator.sql.stream import PacketKind, Stream, packets

_GARBAGE = b"\x01garbage\xff" * 8  # no token begins with 0x01


@dataclass(frozen=True, slots=True)
class SqlRequest:
    """One login or statement. `result` is the number of the error that answered it, 0 for none; None means that there
    was no whole answer: the socket was closed, or it is still open. `number` counts arrivals."""

    kind: Literal["LOGIN", "QUERY"]
    server: str
    database: str
    statement: str
    result: int | None
    number: int


class RequestEntry:
    """One request under way."""

    def __init__(
        self, note: Callable[[int], None], action: SqlAction | None, wait: Callable[[], Awaitable[None]]
    ) -> None:
        self._note = note
        self._wait = wait
        self._action = action

    async def begin(self, stream: Stream) -> None:
        """Take the time that an answer takes, and let go wrong what goes wrong before there is one: raises `SqlError`,
        or ConnectionError."""
        await self._wait()
        match self._action:
            case ServerError() as error:
                raise SqlError(error)
            case Reset():
                _drop(stream)
            case Hang(seconds):
                await asyncio.sleep(seconds)
                _drop(stream)
            case Slow(seconds):
                await asyncio.sleep(seconds)
            case _:
                pass

    async def answer(self, stream: Stream, reply: bytes, error: ServerError | None = None) -> None:
        """Send the answer, or what is let come of it; raises ConnectionError when that is the end."""
        match self._action:
            case Truncated():
                data = packets(PacketKind.REPLY, reply, stream.packet_size)
                await stream.write_raw(data[: len(data) // 2])
                _drop(stream)
            case Malformed():
                reply = _GARBAGE
            case _:
                pass
        self._note(error.number if error is not None else 0)
        await stream.write(PacketKind.REPLY, reply)


class RequestLedger:
    """The requests of one simulator, in order of arrival; each is answered after `wait`."""

    def __init__(self, plan: SqlFaultPlan, wait: Callable[[], Awaitable[None]]) -> None:
        self._plan = plan
        self._wait = wait
        self._requests: dict[int, SqlRequest] = {}
        self._numbers = itertools.count(1)

    @property
    def requests(self) -> list[SqlRequest]:
        """Every request so far."""
        return [self._requests[number] for number in sorted(self._requests)]

    def open(self, kind: Literal["LOGIN", "QUERY"], server: str, database: str, statement: str = "") -> RequestEntry:
        """Note a request, and pick what goes wrong with it."""
        number = next(self._numbers)

        def note(result: int | None) -> None:
            self._requests[number] = SqlRequest(kind, server, database, statement, result, number)

        note(None)
        return RequestEntry(note, self._plan.pick(f"{kind} {server}/{database} {statement}".rstrip()), self._wait)


def _drop(stream: Stream) -> None:
    stream.abort()
    raise ConnectionResetError("dropped, as a fault asks for")
