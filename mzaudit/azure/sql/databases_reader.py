"""Reads the inside of databases: users, roles, rights, row-level security, migrations; one connection each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.client.failures import DatabaseFailure, TokenRefusedError
from mzaudit.azure.client.gaps import internal
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.sql_reader import Reached
from mzaudit.azure.scope import DatabaseScope, ServerScope
from mzaudit.azure.sql import queries, result_rows
from mzaudit.azure.sql.queries import GRANTS, MEMBERSHIPS, POLICIES, PRINCIPALS, Query
from mzaudit.errors import MzauditError
from mzaudit.kinds import DATABASE_DATA
from mzaudit.snapshot.databases import DatabaseContents, Migration, unread
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.sql import Database
from mzaudit.snapshot.text.ids import key

T = TypeVar("T")
Row = tuple[object, ...]

_PAUSED = ("paused", "pausing")
SIDE_BY_SIDE = 8
_REPLICA = (
    "the database that answered is read-only, and a replica may lag behind: name the server of the primary in the "
    "policy, or set the database READ_WRITE if it is the primary"
)


class Databases:
    """The databases of one run: a few at a time, and no patience with a service that has just worn one of them out."""

    def __init__(self, run: ReadContext) -> None:
        self._run = run
        self._slots = asyncio.Semaphore(SIDE_BY_SIDE)
        self._exhausted: set[str] = set()

    async def of(self, scope: ServerScope, server: asyncio.Task[Reached]) -> dict[str, DatabaseContents]:
        """The inside of every wanted database of a server that is there, by `ids.key`."""
        seen = await server
        wanted = {one.name.casefold(): one for one in scope.databases}
        there = [
            (wanted[each.name.casefold()], each) for each in seen.databases.items if each.name.casefold() in wanted
        ]
        read = await side_by_side(self._one(scope, one, seen, database) for one, database in there)
        return {key(contents.id): contents for contents in read}

    async def _one(
        self, scope: ServerScope, wanted: DatabaseScope, server: Reached, database: Database
    ) -> DatabaseContents:
        if isinstance(server.host, Gap):
            return _unread(database, wanted, server.host)
        async with self._slots:
            return await _DatabaseReader(self._run, scope, wanted, server.host.value, database, self._exhausted).read()


def _unread(database: Database, wanted: DatabaseScope, gap: Gap) -> DatabaseContents:
    """A database of which nothing was seen."""
    columns = (wanted.tenant_column,) if wanted.tenant_column is not None else ()
    tables = (wanted.migrations,) if wanted.migrations is not None else ()
    return unread(database.id, gap, columns, tables)


class _DatabaseReader:
    """One database."""

    def __init__(
        self,
        run: ReadContext,
        scope: ServerScope,
        wanted: DatabaseScope,
        host: str | None,
        database: Database,
        exhausted: set[str],
    ) -> None:
        self._run = run
        self._scope = scope
        self._wanted = wanted
        self._host = (host or "").casefold()
        self._database = database
        self._exhausted = exhausted
        self._histories = (
            queries.history(wanted.migrations, wanted.migration_tool) if wanted.migrations is not None else None
        )
        self._tables = queries.tenant_tables(wanted.tenant_column) if wanted.tenant_column is not None else None

    async def read(self) -> DatabaseContents:
        """What is inside, or why that cannot be told."""
        login = self._call("login", required_permissions.CONNECT.permission)
        status = (self._database.status or "").casefold()
        if not self._host:
            return self._nothing(login, login.gap(GapReason.MALFORMED, "the server's answer names no host"))
        if status in _PAUSED and not self._scope.wake:
            detail = "the database is paused, and waking it is billed: --wake-databases"
            return self._nothing(login, login.gap(GapReason.NOT_COLLECTED, detail))
        try:
            token = await self._run.clients.database_token()
        except TokenRefusedError as refused:
            return self._nothing(login, login.gap(GapReason.UNAUTHENTICATED, f"no token for databases: {refused.why}"))
        return await self._talk(login, token)

    async def _talk(self, login: Call, token: str) -> DatabaseContents:
        from mzaudit.azure.sql.tds_session import (  # the driver loads only where a database is read
            DatabaseAnswers,
            DatabaseSession,
        )

        loop, retry = asyncio.get_running_loop(), self._run.connection.retry
        budget = retry.budget_when_exhausted if self._host in self._exhausted else retry.budget
        budget = 2 * budget if self._scope.wake else budget
        left = min(budget, self._run.session.deadline - loop.time())
        if left <= 0:
            return self._nothing(login, login.gap(GapReason.TIMEOUT, "the run's time was up"))
        speaker = DatabaseSession(
            self._run.connection,
            self._host,
            self._database.name,
            token,
            time.monotonic() + left,
            waking=self._scope.wake,
        )
        rights = queries.rights(self._database.name, self._wanted.migrations)
        memory = self._run.connection.memory
        asked = "SQL", f"{self._host}/{self._database.name}", repr((self._wanted, self._scope.wake))
        known = None if memory is None else memory.recall(*asked)
        if isinstance(known, DatabaseAnswers):
            self._run.ledger.note(login, "ok")
            return self._contents(known.rows, rights)
        try:
            async with asyncio.timeout_at(self._run.session.deadline):
                talk = await asyncio.to_thread(speaker.read, rights, self._next)
        except TimeoutError:  # the driver keeps to its time, but not the look-up of a name
            speaker.hang_up()
            return self._nothing(login, login.gap(GapReason.TIMEOUT, "the run's time was up"))
        except asyncio.CancelledError:
            speaker.hang_up()
            raise
        except (MemoryError, MzauditError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever the driver does not foresee is a gap of that database
            return self._nothing(login, internal(login, error))
        if talk.login is not None:
            if talk.login.again:
                self._exhausted.add(self._host)
            return self._nothing(login, login.gap(talk.login.reason, talk.login.detail))
        if memory is not None:
            memory.keep(*asked, talk)
        self._run.ledger.note(login, "ok")
        return self._contents(talk.rows, rights)

    def _next(self, rows: list[Row]) -> Iterable[Query]:
        """What is worth asking, once it is known what the caller may see."""
        may = result_rows.rights(rows)
        if may.definitions and may.primary:
            yield from (PRINCIPALS, MEMBERSHIPS, GRANTS, POLICIES)
            if self._tables is not None:
                yield self._tables
        if self._histories is not None and may.history and may.primary:
            yield self._histories

    def _contents(self, found: Mapping[Query, list[Row] | DatabaseFailure], rights: Query) -> DatabaseContents:
        first = found[rights]
        if isinstance(first, DatabaseFailure):
            call = self._call(rights.name, rights.permission)
            return self._nothing(call, call.gap(first.reason, first.detail))
        call, may = self._call(rights.name, rights.permission), result_rows.rights(first)
        if not may.primary:
            primary = self._call(rights.name, required_permissions.DEFINITIONS_INSIDE.permission)
            return self._nothing(primary, primary.gap(GapReason.NOT_COLLECTED, _REPLICA))
        self._run.ledger.note(call, "ok")
        principals, objects = _hidden(may, "DATABASE_PRINCIPAL"), _hidden(may, "SCHEMA", "OBJECT_OR_COLUMN")
        column, table = self._wanted.tenant_column, self._wanted.migrations
        tables, histories = self._tables, self._histories
        return DatabaseContents(
            self._database.id,
            self._listing(PRINCIPALS, found, result_rows.principals, principals),
            self._listing(MEMBERSHIPS, found, result_rows.memberships, principals),
            self._listing(GRANTS, found, partial(result_rows.grants, hidden=bool(principals)), principals),
            self._listing(POLICIES, found, partial(result_rows.policies, hidden=bool(objects)), objects),
            {column.casefold(): self._listing(tables, found, result_rows.tables, objects)} if column and tables else {},
            {table.casefold(): self._history(histories, may, found, objects)} if table and histories else {},
        )

    def _history(
        self,
        query: Query,
        may: result_rows.VisibleMetadata,
        found: Mapping[Query, list[Row] | DatabaseFailure],
        hidden: str,
    ) -> Observed[tuple[Migration, ...] | None] | Gap:
        if may.history:
            return self._facet(query, found, partial(result_rows.migrations, tool=self._wanted.migration_tool))
        if may.definitions and may.spelt is None and not hidden:
            self._run.ledger.note(self._call(query.name, query.permission), "absent")
            return Observed(None)
        if may.history is None and may.spelt is not None:
            return self._respelt(query, may.spelt)
        return self._lacks(query, hidden)

    def _listing(
        self,
        query: Query,
        found: Mapping[Query, list[Row] | DatabaseFailure],
        build: Callable[[list[Row]], tuple[T, ...]],
        hidden: str,
    ) -> Listing[T]:
        """A query's rows; where definitions are hidden from the caller, a missing row is a gap and not an absence."""
        if query not in found:
            return Listing(gap=self._lacks(query, hidden))
        facet = self._facet(query, found, build)
        if isinstance(facet, Gap):
            return Listing(gap=facet)
        return Listing(
            facet.value, self._call(query.name, query.permission).gap(GapReason.DENIED, hidden) if hidden else None
        )

    def _facet(
        self, query: Query, found: Mapping[Query, list[Row] | DatabaseFailure], build: Callable[[list[Row]], T]
    ) -> Observed[T] | Gap:
        call, rows = self._call(query.name, query.permission), found[query]
        facet: Observed[T] | Gap
        if isinstance(rows, DatabaseFailure):
            facet = call.gap(rows.reason, rows.detail)
        else:
            try:
                facet = Observed(build(rows))
            except (MemoryError, MzauditError):
                raise
            except ValueError:
                facet = call.gap(GapReason.MALFORMED, "the rows are not of the documented shape")
            except Exception as error:  # noqa: BLE001 - one odd row is a gap of its own query
                facet = internal(call, error)
        self._run.ledger.note(call, facet.reason.value if isinstance(facet, Gap) else "ok")
        return facet

    def _lacks(self, query: Query, hidden: str = "") -> Gap:
        """The gap of a query that was not sent, because the caller may not see what it would show."""
        call = self._call(query.name, query.permission)
        reason = GapReason.DENIED if hidden else GapReason.FORBIDDEN
        self._run.ledger.note(call, reason.value)
        return call.gap(reason, hidden or "the right is missing: mzaudit doctor --sql prints the statement")

    def _respelt(self, query: Query, spelt: str) -> Gap:
        """The gap of a history that the database knows by a name in another case alone."""
        call = self._call(query.name, query.permission)
        self._run.ledger.note(call, GapReason.NOT_COLLECTED.value)
        return call.gap(
            GapReason.NOT_COLLECTED,
            f"the database is case-sensitive: write migrations.table as {spelt}",
        )

    def _nothing(self, call: Call, gap: Gap) -> DatabaseContents:
        self._run.ledger.note(call, gap.reason.value)
        return _unread(self._database, self._wanted, gap)

    def _call(self, name: str, permission: str) -> Call:
        return Call(
            f"{self._host or 'unknown host'}/{self._database.name} {name}",
            DATABASE_DATA,
            permission,
            self._database.id,
            method="SQL",
        )


def _hidden(may: result_rows.VisibleMetadata, *kinds: str) -> str:
    """What keeps the caller from seeing all things of these classes; empty if nothing does."""
    found = [one for one in may.hidden if one.kind in (*kinds, "DATABASE")]
    return "; ".join(dict.fromkeys(_denied(one) for one in found))


def _denied(one: result_rows.Hidden) -> str:
    on = {"DATABASE": "the database", "SCHEMA": f"the schema {one.schema}", "DATABASE_PRINCIPAL": "a user or role"}
    who = one.grantee or "a role of the auditing identity"
    return f"definitions are denied to {who} on {on.get(one.kind, 'an object')}: what is there is left out in silence"
