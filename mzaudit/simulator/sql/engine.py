"""Runs batches over what a caller may see of a database: sqlite in memory, made anew for each query."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from mzaudit.simulator.sql import functions, sql_errors
from mzaudit.simulator.sql.catalogue import PERMISSIONS, Catalogue, CatalogueView
from mzaudit.simulator.sql.contents import SqlColumn
from mzaudit.simulator.sql.database_permissions import DatabasePermissions
from mzaudit.simulator.sql.functions import Cell
from mzaudit.simulator.sql.sql_errors import ServerError, SqlError
from mzaudit.simulator.sql.sql_login import SqlSession
from mzaudit.simulator.sql.sql_types import BIGINT, FLOAT, INT, INTEGERS, SqlType, Value, stored
from mzaudit.simulator.sql.tds_tokens import ResultColumn

_TEXT, _BYTES = SqlType("nvarchar", 4000), SqlType("varbinary", 8000)
_STEPS = 5_000_000  # of the engine's machine: far more than any honest query over a catalogue takes


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a query."""

    columns: list[ResultColumn]
    rows: list[tuple[Value, ...]]


def run(session: SqlSession, text: str, variables: Mapping[str, Value]) -> Iterator[Result | None]:
    """Run a batch: one result for each statement, None for one that has none. `variables` are by casefolded name
    without `@`. Raises `SqlError`; the results before it stand."""
    from sqlglot import exp

    from mzaudit.simulator.sql import tsql_parser

    database = _EngineDatabase(session)
    for number, tree in enumerate(tsql_parser.statements(text)):
        match tree:
            case exp.Query():
                yield database.query(text, number, variables)
            case exp.Set() | exp.Transaction() | exp.Commit() | exp.Rollback():
                yield None
            case exp.Use():
                if tree.this.name.casefold() != session.database.casefold():
                    raise SqlError(sql_errors.other_database())
                yield None
            case exp.Insert() | exp.Update() | exp.Delete() | exp.Merge():
                database.refuse_writing(tree.key.upper(), tsql_parser.written(tree))
            case exp.Create() | exp.Drop() | exp.Alter() | exp.TruncateTable() | exp.Grant() | exp.Revoke():
                database.refuse_defining(f"{tree.key.upper()} {tree.args.get('kind') or ''}".strip())
            case exp.Execute():
                raise SqlError(sql_errors.unknown_procedure(tree.this.sql("tsql")))
            case _:
                raise SqlError(sql_errors.not_served(tree.key.upper()))


class _EngineDatabase:
    def __init__(self, session: SqlSession) -> None:
        self._session = session
        self._rights = DatabasePermissions(session.contents, session.user)
        self._catalogue = Catalogue(self._rights, session.database)
        self._functions = functions.built_in(session, self._rights, self._catalogue)
        self._denied: ServerError | None = None
        self._refused: SqlError | None = None

    def refuse_writing(self, statement: str, name: str) -> None:
        """Nothing is written: say what keeps it from it."""
        try:
            table = self._session.contents.table(name)
        except KeyError:
            raise SqlError(sql_errors.unknown_object(name)) from None
        if not self._rights.holds(statement, "OBJECT_OR_COLUMN", f"{table.schema}.{table.name}"):
            raise SqlError(sql_errors.denied(statement, table.name, self._session.database, table.schema))
        raise SqlError(sql_errors.read_only(self._session.database))

    def refuse_defining(self, statement: str) -> None:
        """Nothing is defined: say what keeps it from it."""
        if not self._rights.holds("CONTROL"):
            raise SqlError(sql_errors.denied_statement(statement, self._session.database))
        raise SqlError(sql_errors.read_only(self._session.database))

    def query(self, text: str, number: int, variables: Mapping[str, Value]) -> Result:
        """Run one query, the statement of that number in its batch."""
        from mzaudit.simulator.sql.query_plan import planned

        views = self._catalogue.views()
        plan = planned(
            text,
            number,
            self._session.database,
            tuple((name, view.columns) for name, view in views.items()),
            tuple((name, function.type) for name, function in self._functions.items()),
            frozenset(variables),
        )
        for call in plan.calls:
            views[call.name] = self._permissions(*call.arguments)
        used = {name: view for name, view in views.items() if name in plan.tables}
        rows = self._rows(plan.sql, used, variables, plan.aliases)
        if any(len(row) != len(plan.outputs) for row in rows[:1]):
            raise SqlError(sql_errors.not_served("SELECT"))
        kinds = [_fitting(kind, [row[i] for row in rows]) for i, (_, kind) in enumerate(plan.outputs)]
        columns = [ResultColumn(name, kind) for (name, _), kind in zip(plan.outputs, kinds, strict=True)]
        return Result(columns, rows)

    def _permissions(self, securable: str | None, kind: str | None) -> CatalogueView:
        """The rows of `fn_my_permissions`."""
        found = functions.granted(self._rights, securable, kind or "")
        return CatalogueView(PERMISSIONS, [((securable or kind or "").lower(), "", one) for one in found])

    def _rows(
        self, sql: str, views: Mapping[str, CatalogueView], variables: Mapping[str, Value], aliases: frozenset[str]
    ) -> list[tuple[Value, ...]]:
        with closing(sqlite3.connect(":memory:")) as engine:
            for name, view in views.items():
                _fill(engine, name, view)
            self._equip(engine)
            try:
                return [tuple(row) for row in engine.execute(sql, {n: stored(v) for n, v in variables.items()})]
            except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
                raise self._refusal(str(error), aliases) from error

    def _equip(self, engine: sqlite3.Connection) -> None:
        """Give the engine the functions of T-SQL, the caller's rights, and an end."""
        calls = {name.lower(): function.call for name, function in self._functions.items()}
        calls |= {
            "plus": functions.plus,
            "cast": functions.convert,
            "try_cast": lambda value, kind, style: functions.convert(value, kind, style, strict=False),
        }
        for name, call in calls.items():
            engine.create_function(f"tsql_{name}", -1, self._guarded(call))
        engine.set_authorizer(self._authorize)
        engine.set_progress_handler(lambda: 1, _STEPS)

    def _guarded(self, call: functions.Call) -> functions.Call:
        def guarded(*given: Cell) -> Cell:
            try:
                return call(*given)
            except SqlError as refusal:
                self._refused = refusal
                raise
            except TypeError as error:
                self._refused = SqlError(sql_errors.wrong_arguments())
                raise self._refused from error

        return guarded

    def _authorize(self, action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action != sqlite3.SQLITE_READ or table is None:
            return sqlite3.SQLITE_OK
        try:
            found = self._session.contents.table(table)
        except KeyError:
            return sqlite3.SQLITE_OK
        full = f"{found.schema}.{found.name}"
        if not self._rights.holds("SELECT", "OBJECT_OR_COLUMN", full):
            self._denied = sql_errors.denied("SELECT", found.name, self._session.database, found.schema)
            return sqlite3.SQLITE_DENY
        if column and self._rights.barred_column("SELECT", full, column):
            self._denied = sql_errors.denied_column("SELECT", column, found.name, self._session.database, found.schema)
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    def _refusal(self, message: str, aliases: frozenset[str]) -> SqlError:
        """What SQL Server says where the engine says this."""
        if self._refused is not None:
            return self._refused
        if self._denied is not None:
            return SqlError(self._denied)
        what, _, name = message.partition(": ")
        match what:
            case "no such column":
                prefix, _, column = name.rpartition(".")
                if prefix and prefix.casefold() not in aliases:
                    return SqlError(sql_errors.unbound_prefix(name))
                return SqlError(sql_errors.unknown_column(column))
            case "ambiguous column name":
                return SqlError(sql_errors.ambiguous_column(name.rpartition(".")[2]))
            case "interrupted":
                return SqlError(sql_errors.too_costly())
            case _:
                return SqlError(sql_errors.not_served("SELECT"))


def _fill(engine: sqlite3.Connection, name: str, view: CatalogueView) -> None:
    quoted = name.replace("`", "``")
    columns = ", ".join(f"`{one.name}`{_collation(one)}" for one in view.columns)
    engine.execute(f"CREATE TABLE `{quoted}` ({columns})")
    marks = ", ".join("?" for _ in view.columns)
    rows = [[stored(value) for value in row] for row in view.rows]
    engine.executemany(f"INSERT INTO `{quoted}` VALUES ({marks})", rows)  # noqa: S608  # the engine's own tables


def _collation(column: SqlColumn) -> str:
    """The databases' collation ignores case."""
    return " COLLATE NOCASE" if "char" in column.type or column.type == "sysname" else ""


def _fitting(kind: SqlType | None, values: Sequence[Value]) -> SqlType:
    """The type of a column, wide enough for its values; raises `SqlError` (8115) when a number is too large for it."""
    if kind is None:
        return _fitting(_inferred(values), values)
    if kind.length is not None and kind.name not in ("decimal", "datetime2"):
        longest = max((len(value) for value in values if isinstance(value, str | bytes)), default=0)
        return kind if longest <= kind.length else SqlType(kind.name, None)
    if kind.name in INTEGERS:
        for value in values:
            if isinstance(value, int) and not INTEGERS[kind.name][0] <= value < INTEGERS[kind.name][1]:
                raise SqlError(sql_errors.overflow(kind.name))
    return kind


def _inferred(values: Sequence[Value]) -> SqlType:
    """A type that holds all of the values, where the query does not tell one."""
    for value in values:
        match value:
            case str():
                return _TEXT
            case bytes():
                return _BYTES
            case float():
                return FLOAT
            case int() if abs(value) >= 2**31:
                return BIGINT
            case _:
                pass
    return INT
