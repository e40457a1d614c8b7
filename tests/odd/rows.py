"""The law of odd answers for the rows of a database: a value that is NULL, in another case or unknown, and a row of an
unknown kind, decide nothing.

The rows are what the simulated database gives to the product's own statements; its readers read them again with one
value changed. What rests on a query is what changes when the query is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mzaudit.azure.client.failures import DatabaseFailure
from mzaudit.azure.readers import authorization_reader
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.sql import queries
from mzaudit.azure.sql.databases_reader import _DatabaseReader
from mzaudit.azure.sql.queries import Query
from mzaudit.engine.results import Status
from mzaudit.simulator.services.entra import token
from mzaudit.simulator.sql import engine
from mzaudit.simulator.sql.contents import Contents
from mzaudit.simulator.sql.sql_login import admit
from mzaudit.snapshot.observed import GapReason
from mzaudit.snapshot.sql import Database
from mzaudit.snapshot.text.ids import key
from tests.odd.members import UNKNOWN
from tests.odd.replay import Judged, Kept, Obligation, Replay, _NoClients, _Session

SERVER, DATABASE = "sql-monozu-prd", "db-monozu-cloud-prd"
_HISTORY, _COLUMN = "dbo.flyway_schema_history", "tenant_id"
RIGHTS = queries.rights(DATABASE, _HISTORY)
QUERIES: Mapping[str, Query] = {
    "principals": queries.PRINCIPALS,
    "members": queries.MEMBERSHIPS,
    "grants": queries.GRANTS,
    "policies": queries.POLICIES,
    "tables": queries.tenant_tables(_COLUMN),
    "history": queries.history(_HISTORY),
}
# Words of enumerations, by query and position.
WORDS: Mapping[str, tuple[int, ...]] = {
    "principals": (1, 2),
    "members": (),
    "grants": (2, 3, 8),
    "policies": (3, 4),
    "tables": (2, 3),
    "history": (),
}
# What NULL says: every operation, a policy without predicates, a repeatable migration, one without a description.
SILENT: Mapping[str, tuple[int, ...]] = {"policies": (4,), "history": (1, 2)}
# A row of a kind that is not there today, and changes nothing in the estate.
EXTRA: Mapping[str, tuple[object, ...]] = {
    "principals": ("odd", "Z", "PASSKEY", b"\x01" * 16),
    "grants": ("odd", "EXECUTE", "GRANT", "EXTERNAL_MODEL", None, None, None, None, None),
    "policies": ("sec", "tenant_isolation", 1, "MASK", "AFTER READ", "dbo", "device"),
    "tables": ("dbo", "device", "MIRRORED_TABLE", "NON_LEDGER_TABLE"),
}

Row = tuple[object, ...]
Rows = dict[Query, "list[Row] | DatabaseFailure"]


@dataclass
class Talked:
    """One database's rows, and what they lead to."""

    replay: Replay
    rows: Rows
    tried: int = 0

    def judged(self, rows: Rows) -> Judged:
        """What the rules say where these are the rows."""
        self.tried += 1
        (scope,) = (each for each in self.replay.scope.servers if each.id.endswith(SERVER))
        where = f"{scope.id}/databases/{DATABASE}"
        run = ReadContext(
            self.replay.connection,
            _Session(Kept()),
            _NoClients(self.replay.connection),
            authorization_reader.permissions,
            {},
        )
        (inside_of,) = (each for each in scope.databases if each.name == DATABASE)
        reader = _DatabaseReader(
            run, scope, inside_of, f"{SERVER}.database.windows.net", Database(where, DATABASE, None, False), set()
        )
        inside = dict(self.replay.seen.databases) | {key(where): reader._contents(rows, RIGHTS)}
        found = self.replay.judge(replace(self.replay.seen, databases=inside), areas=("SQL", "APP"))
        return {each: finding for each, finding in found.items() if each[0].startswith("SQL")}

    def with_(self, name: str, changed: list[Row] | DatabaseFailure) -> Judged:
        """What is judged where a query gives other rows."""
        return self.judged(self.rows | {QUERIES[name]: changed})

    def held(self, name: str) -> list[Row]:
        """The rows of a query."""
        found = self.rows[QUERIES[name]]
        assert isinstance(found, list)
        return found

    def odd(self, name: str, changed: list[Row], before: Judged, resting: frozenset[Obligation]) -> Iterator[str]:
        """The obligations that changed and must not have."""
        after = self.with_(name, changed)
        for each, was in before.items():
            now = after[each]
            undecided = now.status is Status.INCONCLUSIVE and each in resting
            if now.status is not was.status and not undecided:
                yield f"{' '.join(each)} became {now.status} ({now.note})"

    def resting_on(self, name: str, before: Judged) -> frozenset[Obligation]:
        """The obligations that rest on a query."""
        after = self.with_(name, DatabaseFailure(GapReason.MALFORMED, "hidden by the test"))
        return frozenset(each for each, was in before.items() if after[each].status is not was.status)


def talked(replay: Replay, contents: Contents) -> Talked:
    """The rows that the auditor gets of a database with these contents."""
    estate = replay.estate
    server = estate.named("Microsoft.Sql/servers", SERVER)
    session = admit(estate, server, DATABASE, token(estate, estate.auditor, "https://database.windows.net/"))
    rows: Rows = {}
    for query in (RIGHTS, *QUERIES.values()):
        (found,) = engine.run(replace(session, contents=contents), query.statement, {})
        assert found is not None
        rows[query] = [tuple(row) for row in found.rows]
    return Talked(replay, rows)


def at(rows: list[Row], column: int, value: Any, only: int | None = None) -> list[Row]:
    """The rows with another value in a column, in all of them or in one; a function is given the old one."""
    return [
        (*row[:column], value(row[column]) if callable(value) else value, *row[column + 1 :])
        if only is None or number == only
        else row
        for number, row in enumerate(rows)
    ]


def oddities(talk: Talked, name: str) -> Iterator[tuple[str, list[Row]]]:
    """The odd forms of a query's rows, each with its name."""
    rows = talk.held(name)
    for column in range(len(rows[0])):
        worded = column in WORDS[name]
        places = [None, *range(len(rows))]
        for only in places:
            where = f"{name} column {column} of {'every row' if only is None else rows[only]!r}"
            if column not in SILENT.get(name, ()):
                yield f"{where}: NULL", at(rows, column, None, only)
            if worded:
                yield f"{where}: unknown", at(rows, column, lambda old: old and UNKNOWN.upper(), only)


def same(talk: Talked, name: str) -> Iterator[list[Row]]:
    """The rows with every word in lower case, and with a row more of an unknown kind: they say the same."""
    rows = talk.held(name)
    for column in WORDS[name]:
        rows = at(rows, column, lambda old: old.lower() if isinstance(old, str) else old)
    yield rows
    if name in EXTRA:
        yield [*talk.held(name), EXTRA[name]]
