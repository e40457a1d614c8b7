"""What the engine is to run for a query: worked out once, however often it is asked. Loads sqlglot: load it late."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from mzaudit.simulator.sql import sql_errors, tsql_parser
from mzaudit.simulator.sql.catalogue import PERMISSIONS
from mzaudit.simulator.sql.contents import SqlColumn
from mzaudit.simulator.sql.result_shapes import Output, Shapes
from mzaudit.simulator.sql.sql_errors import SqlError
from mzaudit.simulator.sql.sql_types import SqlType


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """The query in the engine's dialect, the columns of its result, the table-valued functions to be called first, the
    views and tables that it reads, and what it calls them (casefolded)."""

    sql: str
    outputs: tuple[Output, ...]
    calls: tuple[tsql_parser.Tabular, ...]
    tables: frozenset[str]
    aliases: frozenset[str]


@lru_cache(maxsize=256)
def planned(
    text: str,
    number: int,
    database: str,
    views: tuple[tuple[str, tuple[SqlColumn, ...]], ...],
    functions: tuple[tuple[str, SqlType | None], ...],
    variables: frozenset[str],
) -> QueryPlan:
    """Plan the statement of that number in a batch, over views with their columns and functions with their types, all
    by name; `variables` are casefolded. Raises `SqlError`."""
    tree = tsql_parser.statements(text)[number].copy()
    if not isinstance(tree, exp.Query):
        raise TypeError(tree)
    columns, types = dict(views), dict(functions)
    tsql_parser.check(tree)
    calls = tsql_parser.bind_tables(tree, {name.casefold(): name for name in columns}, database)
    for call in calls:
        if call.function != "fn_my_permissions" or len(call.arguments) != 2:
            raise SqlError(sql_errors.unknown_object(call.function))
        columns[call.name] = PERMISSIONS
    outputs = Shapes(columns, types).outputs(tree)
    return QueryPlan(
        sql=tsql_parser.translate(tree, types, variables),
        outputs=tuple(outputs),
        calls=tuple(calls),
        tables=frozenset(one.name for one in tree.find_all(exp.Table)),
        aliases=frozenset(one.alias_or_name.casefold() for one in tree.find_all(exp.Table, exp.Subquery)),
    )
