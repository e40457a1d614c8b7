"""What the engine is to run for a query: worked out once, however often it is asked. Loads sqlglot: load it late."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from . import errors, tsql
from .catalogue import PERMISSIONS
from .contents import Column
from .errors import SqlError
from .shapes import Output, Shapes
from .types import SqlType


@dataclass(frozen=True, slots=True)
class Plan:
    """The query in the engine's dialect, the columns of its result, the table-valued functions to be called first, the
    views and tables that it reads, and what it calls them (casefolded)."""

    sql: str
    outputs: tuple[Output, ...]
    calls: tuple[tsql.Tabular, ...]
    tables: frozenset[str]
    aliases: frozenset[str]


@lru_cache(maxsize=256)
def planned(
    text: str,
    number: int,
    database: str,
    views: tuple[tuple[str, tuple[Column, ...]], ...],
    functions: tuple[tuple[str, SqlType | None], ...],
    variables: frozenset[str],
) -> Plan:
    """Plan the statement of that number in a batch, over views with their columns and functions with their types, all
    by name; `variables` are casefolded. Raises `SqlError`."""
    tree = tsql.statements(text)[number].copy()
    if not isinstance(tree, exp.Query):
        raise TypeError(tree)
    columns, types = dict(views), dict(functions)
    tsql.check(tree)
    calls = tsql.bind_tables(tree, {name.casefold(): name for name in columns}, database)
    for call in calls:
        if call.function != "fn_my_permissions" or len(call.arguments) != 2:
            raise SqlError(errors.unknown_object(call.function))
        columns[call.name] = PERMISSIONS
    outputs = Shapes(columns, types).outputs(tree)
    return Plan(
        sql=tsql.translate(tree, types, variables),
        outputs=tuple(outputs),
        calls=tuple(calls),
        tables=frozenset(one.name for one in tree.find_all(exp.Table)),
        aliases=frozenset(one.alias_or_name.casefold() for one in tree.find_all(exp.Table, exp.Subquery)),
    )
