"""The columns of a query's result: their names, and their types as far as the query tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from mzaudit.simulator.sql import sql_errors
from mzaudit.simulator.sql.contents import SqlColumn
from mzaudit.simulator.sql.sql_errors import SqlError
from mzaudit.simulator.sql.sql_types import BIGINT, FLOAT, INT, SqlType, declared
from mzaudit.simulator.sql.tsql_parser import BARE, sources

Output = tuple[str, SqlType | None]


class Shapes:
    """Reads queries whose tables are bound, over the columns of the views and the types of the functions by name."""

    def __init__(self, views: Mapping[str, Sequence[SqlColumn]], functions: Mapping[str, SqlType | None]) -> None:
        self._views = views
        self._functions = functions

    def outputs(self, tree: exp.Expr) -> list[Output]:
        """Name and type of each column of a query; the type is None where only the values can tell it."""
        select = _first(tree)
        return [one for column in select.expressions for one in self._expanded(select, column)]

    def _expanded(self, select: exp.Select, column: exp.Expr) -> Iterator[Output]:
        whole = isinstance(column, exp.Star) or (isinstance(column, exp.Column) and isinstance(column.this, exp.Star))
        if not whole:
            yield _name(column), self._type(column)
            return
        table = column.table if isinstance(column, exp.Column) else ""
        for alias, source in _sources(select).items():
            if not table or alias == table.casefold():
                yield from self._columns(source)

    def _columns(self, source: exp.Expr) -> list[Output]:
        """The columns that a table of FROM has."""
        if not isinstance(source, exp.Table):
            return self.outputs(source.this)
        columns = self._views.get(source.name)
        if columns is not None:
            return [(one.name, declared(one.type)) for one in columns]
        name = source.name.casefold()
        common = next((one for one in source.root().find_all(exp.CTE) if one.alias.casefold() == name), None)
        if common is None:
            return []
        named = [one.name for one in common.args["alias"].args.get("columns") or ()]
        found = self.outputs(common.this)
        return [(named[i] if i < len(named) else name, kind) for i, (name, kind) in enumerate(found)]

    def _type(self, node: exp.Expr | None) -> SqlType | None:
        match node:
            case exp.Column():
                return self._column(node)
            case exp.Convert():
                return declared(node.this.sql("tsql"))
            case exp.Cast():
                return declared(node.to.sql("tsql"))
            case exp.Anonymous():
                return self._functions.get(node.name.upper())
            case exp.Case():
                branches = [one.args["true"] for one in node.args["ifs"]]
                return self._any(*branches, node.args.get("default"))
            case exp.If():
                return self._any(node.args["true"], node.args.get("false"))
            case exp.Coalesce():
                return self._any(node.this, *node.expressions)
            case exp.Count():
                return INT
            case exp.Literal():
                return SqlType("varchar", max(len(node.name), 1)) if node.is_string else _number(node.name)
            case exp.National():
                return SqlType("nvarchar", max(len(node.name), 1))
            case exp.Subquery():
                return self.outputs(node.this)[0][1]
            case exp.Alias() | exp.Paren() | exp.Max() | exp.Min() | exp.Collate() | exp.Add() | exp.Sub() | exp.Mul():
                return self._type(node.this)
            case exp.Func() if type(node) in BARE:
                return self._functions[BARE[type(node)]]
            case _:
                return None

    def _any(self, *nodes: exp.Expr | None) -> SqlType | None:
        return next((kind for kind in map(self._type, nodes) if kind is not None), None)

    def _column(self, node: exp.Column) -> SqlType | None:
        select = node.find_ancestor(exp.Select)
        while select is not None:
            for alias, source in _sources(select).items():
                if not node.table or alias == node.table.casefold():
                    for name, kind in self._columns(source):
                        if name.casefold() == node.name.casefold():
                            return kind
            select = select.find_ancestor(exp.Select)
        return None


def _first(tree: exp.Expr) -> exp.Select:
    """The query that names the columns: of a UNION the first one."""
    while not isinstance(tree, exp.Select):
        if not isinstance(tree, exp.Expr):
            raise SqlError(sql_errors.not_served("SELECT"))
        tree = tree.this
    return tree


def _number(text: str) -> SqlType:
    """The type of a number as it is written."""
    if not text.isdecimal():
        return FLOAT
    return INT if int(text) < 2**31 else BIGINT


def _name(column: exp.Expr) -> str:
    return column.alias_or_name if isinstance(column, exp.Alias | exp.Column) else ""


def _sources(select: exp.Select) -> dict[str, exp.Expr]:
    """The tables of FROM by what the query calls them, casefolded."""
    return {one.alias_or_name.casefold(): one for one in sources(select)}
