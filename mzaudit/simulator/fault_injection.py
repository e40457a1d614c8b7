"""Faults: what a test lets go wrong on the wire, chosen by method and path, before any normal routing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, Json
from mzaudit.simulator.sql.sql_errors import ServerError


@dataclass(frozen=True, slots=True)
class StatusFault:
    """Answer with a status. Text is sent as it is; without a body, one in the shape of an ARM error is made up."""

    code: int
    body: Json | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reset:
    """Close the socket without an answer."""


@dataclass(frozen=True, slots=True)
class Hang:
    """Say nothing for some seconds, then close the socket."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Slow:
    """Wait some seconds, then answer as usual."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Truncated:
    """Promise the whole answer, send half of it, close the socket."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The usual status with a body that is not JSON."""


@dataclass(frozen=True, slots=True)
class Html:
    """A page of HTML, as front doors and captive portals send."""

    code: int = 200


@dataclass(frozen=True, slots=True)
class Alter:
    """The usual answer with its JSON body changed: a page without `value`, an endless or a foreign `nextLink`."""

    change: Callable[[Json], Json]


@dataclass(frozen=True, slots=True)
class Recode:
    """The usual answer with the bytes of its body changed, and further headers: a Content-Encoding, true or false, a
    bomb, JSON of two meanings."""

    change: Callable[[bytes], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


Action = StatusFault | Reset | Hang | Slow | Truncated | Malformed | Html | Alter | Recode


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `match` is searched, ignoring case, in `GET https://host/path` and in `GET /path`.

    `query` is searched in the decoded query: `name=value` joined by `&` and sorted, names in lower case. `nth` counts
    the requests that match from 1; None means every one of them.
    """

    match: str
    action: Action
    nth: int | None = None
    query: str = ""


# What may go wrong with a login or a statement: an error of the server's, or the same mishaps as with a request.
# `Truncated` resets the connection in the middle of the answer; `Malformed` sends what are no tokens.
SqlAction = ServerError | Reset | Hang | Slow | Truncated | Malformed


@dataclass(frozen=True, slots=True)
class SqlFault:
    """One fault of SQL. `match` is searched, ignoring case, in `LOGIN host/database` and in `QUERY host/database
    statement`; `nth` counts as in `Fault`."""

    match: str
    action: SqlAction
    nth: int | None = None


class _Turns:
    """Whose turn it is among faults that may change meanwhile."""

    def __init__(self) -> None:
        # The fault itself is kept with its count, so that its id cannot pass to another one.
        self._seen: dict[int, tuple[Fault | SqlFault, int]] = {}

    def has_come(self, fault: Fault | SqlFault) -> bool:
        """Count one request that the fault matches; whether it is the one that the fault is for."""
        count = self._seen[id(fault)][1] + 1 if id(fault) in self._seen else 1
        self._seen[id(fault)] = (fault, count)
        return fault.nth in (None, count)


class FaultPlan:
    """The faults of one simulator with their counts; safe to change while it serves."""

    def __init__(self, faults: list[Fault]) -> None:
        self._faults = faults
        self._turns = _Turns()
        self._lock = threading.Lock()

    def pick(self, call: HttpRequest) -> Action | None:
        """The action for a request: that of the first fault whose turn it is."""
        with self._lock:
            due = [fault for fault in self._matching(call) if self._turns.has_come(fault)]
        return due[0].action if due else None

    def concerns(self, call: HttpRequest) -> bool:
        """Whether a fault matches a request, be it for another's turn; nothing is counted."""
        return bool(self._faults) and bool(self._matching(call))

    def _matching(self, call: HttpRequest) -> list[Fault]:
        lines = (f"{call.method} https://{call.host}{call.path}", f"{call.method} {call.path}")
        query = "&".join(sorted(f"{name}={value}" for name, value in call.query.items()))
        return [
            fault
            for fault in self._faults
            if any(re.search(fault.match, line, re.IGNORECASE) for line in lines) and re.search(fault.query, query)
        ]


class SqlFaultPlan:
    """The same for SQL."""

    def __init__(self, faults: list[SqlFault]) -> None:
        self._faults = faults
        self._turns = _Turns()

    def pick(self, line: str) -> SqlAction | None:
        """The action for a login or a statement, described as `SqlFault` has it."""
        matching = [fault for fault in self._faults if re.search(fault.match, line, re.IGNORECASE | re.DOTALL)]
        due = [fault for fault in matching if self._turns.has_come(fault)]
        return due[0].action if due else None


def made_up(status: StatusFault) -> HttpResponse:
    """The answer of a `StatusFault` without a body."""
    codes = {401: "AuthenticationFailed", 403: "AuthorizationFailed", 404: "ResourceNotFound", 409: "Conflict"}
    codes |= {429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable", 504: "GatewayTimeout"}
    code = codes.get(status.code, "Simulated")
    return HttpResponse(status.code, {"error": {"code": code, "message": "A simulated fault."}}, dict(status.headers))


def encode(answer: HttpResponse) -> bytes:
    """The body of an answer on the wire."""
    return b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode()
