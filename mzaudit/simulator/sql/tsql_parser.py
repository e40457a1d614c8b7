"""From T-SQL to the embedded engine's dialect, node by node. Loads sqlglot, which is slow: load this module late."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp, parse
from sqlglot.dialects.sqlite import SQLite
from sqlglot.dialects.tsql import TSQL
from sqlglot.errors import SqlglotError
from sqlglot.parsers.tsql import TSQLParser

from mzaudit.simulator.sql import sql_errors
from mzaudit.simulator.sql.functions import qualified
from mzaudit.simulator.sql.sql_errors import SqlError
from mzaudit.simulator.sql.sql_types import declared

# It says on stderr what it cannot translate; a client is told by an error instead.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

# The prefix under which the engine knows the functions of T-SQL, so that none is mistaken for one of its own.
PREFIX = "tsql_"
# What T-SQL writes without brackets, under the name of its function.
BARE: dict[type[exp.Expr], str] = {
    exp.CurrentUser: "CURRENT_USER",
    exp.SessionUser: "CURRENT_USER",
    exp.CurrentTimestamp: "GETDATE",
}
_BARE_COLUMNS = {"SYSTEM_USER": "SYSTEM_USER", "USER": "CURRENT_USER"}
# The functions that mean the same in both dialects; every other one stays what it is called, for `Function` to know.
_ALIKE = ("ABS", "COALESCE", "COUNT", "COUNT_BIG", "IIF", "ISNULL", "MAX", "MIN", "NULLIF", "ROW_NUMBER", "SUM")
_WRITTEN_APART = ("CAST", "CONVERT", "STRING_AGG", "TRY_CAST", "TRY_CONVERT")
_UNSERVED: dict[type[exp.Expr], str] = {
    exp.ForClause: "FOR JSON",
    exp.Into: "SELECT INTO",
    exp.Lateral: "APPLY",
    exp.Pivot: "PIVOT",
    exp.Values: "VALUES",
}
_LONGEST = 30


class Source(TSQL):
    """T-SQL, its functions left as they are written."""

    class Parser(TSQLParser):
        """Its functions."""

        FUNCTIONS = {name: built for name, built in TSQLParser.FUNCTIONS.items() if name in _ALIKE}  # noqa: RUF012
        FUNCTION_PARSERS = {  # noqa: RUF012
            name: read for name, read in TSQLParser.FUNCTION_PARSERS.items() if name in _WRITTEN_APART
        }

    class Tokenizer(TSQL.Tokenizer):
        """Its keywords."""

        KEYWORDS = {name: token for name, token in TSQL.Tokenizer.KEYWORDS.items() if name != "SYSTEM_USER"}  # noqa: RUF012


class Engine(SQLite):
    """sqlite, with names quoted in the one way in which it cannot take an unknown one for a text."""

    class Tokenizer(SQLite.Tokenizer):
        """Its quotes."""

        IDENTIFIERS = ["`"]  # noqa: RUF012


@dataclass(frozen=True, slots=True)
class Tabular:
    """A call of a table-valued function in FROM: the name under which its rows are found, and its arguments."""

    name: str
    function: str
    arguments: tuple[str | None, ...]


@lru_cache(maxsize=256)
def statements(text: str) -> tuple[exp.Expr, ...]:
    """The statements of a batch, not to be changed; raises `SqlError` (102) when it does not parse."""
    near = text.strip()[-_LONGEST:]
    if "\0" in text:
        raise SqlError(sql_errors.syntax("\0"))
    try:
        parsed = tuple(one for one in parse(text, dialect=Source) if one is not None)
    except SqlglotError as error:
        details = getattr(error, "errors", None)
        raise SqlError(sql_errors.syntax(str(details[0].get("highlight") or near) if details else near)) from error
    for one in parsed:
        for node in one.walk():
            # The parser lets some things be incomplete that the language does not.
            if node.error_messages() or (isinstance(node, exp.Select) and not node.expressions):
                raise SqlError(sql_errors.syntax(node.key))
    return parsed


def check(tree: exp.Expr) -> None:
    """Refuse what the engine cannot do, and types that do not exist; raises `SqlError`."""
    for node in tree.walk():
        if type(node) in _UNSERVED:
            raise SqlError(sql_errors.not_served(_UNSERVED[type(node)]))
        kind = (
            node.this if isinstance(node, exp.Convert) else node.args.get("to") if isinstance(node, exp.Cast) else None
        )
        if kind is not None:
            try:
                declared(kind.sql("tsql"))
            except ValueError:
                raise SqlError(sql_errors.unknown_type(kind.sql("tsql"))) from None


def bind_tables(tree: exp.Expr, known: Mapping[str, str], database: str) -> list[Tabular]:
    """Give every table in FROM the one name that the engine has for it, `schema.name`, and keep what the query calls
    it. `known` maps casefolded names to names. Raises `SqlError` (208)."""
    common = {one.alias.casefold() for one in tree.find_all(exp.CTE)}
    tabular: list[Tabular] = []
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Anonymous):
            tabular.append(_tabular(table, len(tabular)))
            continue
        if not isinstance(table.this, exp.Identifier):
            raise SqlError(sql_errors.unknown_object(table.sql("tsql", comments=False)))
        if table.catalog and table.catalog.casefold() != database.casefold():
            raise SqlError(sql_errors.other_reference(table.sql("tsql", comments=False)))
        if not table.db and table.name.casefold() in common:
            continue
        full = f"{table.db or 'dbo'}.{table.name}"
        if full.casefold() not in known:
            raise SqlError(sql_errors.unknown_object(f"{table.db}.{table.name}" if table.db else table.name))
        _rename(table, known[full.casefold()], table.alias_or_name)
    return tabular


def _tabular(table: exp.Table, number: int) -> Tabular:
    name = table.this.name
    arguments = []
    for one in table.this.expressions:
        if not isinstance(one, exp.Literal | exp.Null | exp.National):
            raise SqlError(sql_errors.not_served(name))
        arguments.append(None if isinstance(one, exp.Null) else str(one.this))
    call = Tabular(f"{name}#{number}", name.casefold(), tuple(arguments))
    _rename(table, call.name, table.alias or name)
    return call


def _rename(table: exp.Table, name: str, alias: str) -> None:
    fresh = exp.Table(
        this=exp.to_identifier(name, quoted=True), alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True))
    )
    if table.args.get("joins"):
        fresh.set("joins", table.args["joins"])
    table.replace(fresh)


def translate(tree: exp.Query, functions: Collection[str], variables: Collection[str]) -> str:
    """The query in the engine's dialect, once its tables are bound; raises `SqlError`."""
    root = exp.Subquery(this=tree.copy())
    for node in reversed(list(root.this.walk())):
        replacement = _translated(node, functions, variables)
        if replacement is not node:
            node.replace(replacement)
    try:
        return str(root.this.sql(dialect=Engine, identify=True))
    except SqlglotError as error:
        raise SqlError(sql_errors.not_served("SELECT")) from error


def _translated(node: exp.Expr, functions: Collection[str], variables: Collection[str]) -> exp.Expr:
    match node:
        case exp.Convert():
            style = node.args.get("style") or exp.Literal.number(0)
            return _cast(node.expression, node.this, style, safe=bool(node.args.get("safe")))
        case exp.Cast():
            return _cast(node.this, node.to, exp.Literal.number(0), safe=isinstance(node, exp.TryCast))
        case exp.Add():
            return _call("plus", node.this, node.expression)
        case exp.National():
            return exp.Literal.string(node.name)
        case exp.Collate():
            return exp.Paren(this=node.this)
        case exp.Column() if not node.table and not node.this.args.get("quoted") and node.name.upper() in _BARE_COLUMNS:
            return _call(_BARE_COLUMNS[node.name.upper()].lower())
        case exp.Column() if node.args.get("db"):
            return exp.column(node.this, table=node.args["table"])
        case exp.Parameter():
            return _variable(node, variables)
        case exp.Anonymous() if not node.name.startswith(PREFIX):
            if isinstance(node.parent, exp.Dot):
                raise SqlError(sql_errors.unknown_user_function(node.parent.sql("tsql").partition("(")[0]))
            if node.name.upper() not in functions:
                raise SqlError(sql_errors.unknown_function(node.name))
            return _call(node.name.lower(), *node.expressions)
        case exp.LimitOptions() if node.args.get("percent") or node.args.get("with_ties"):
            raise SqlError(sql_errors.not_served("TOP PERCENT"))
        case exp.Select() if node.args.get("options"):
            node.set("options", None)  # hints for an optimizer that there is not
            return node
        case _ if type(node) in BARE:
            return _call(BARE[type(node)].lower())
        case _:
            return node


def _cast(value: exp.Expr, kind: exp.Expr, style: exp.Expr, *, safe: bool) -> exp.Expr:
    name = exp.Literal.string(kind.sql("tsql"))
    return _call("try_cast" if safe else "cast", value, name, style)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=PREFIX + name, expressions=list(arguments))


def _variable(node: exp.Parameter, variables: Collection[str]) -> exp.Expr:
    if isinstance(node.parent, exp.Parameter):
        return node
    if isinstance(node.this, exp.Parameter):
        known: dict[str, exp.Expr] = {
            "TRANCOUNT": exp.Literal.number(0),
            "SPID": exp.Literal.number(51),
            "VERSION": exp.Literal.string("Microsoft SQL Azure (RTM) - 12.0.2000.8"),
        }
        if node.this.name.upper() not in known:
            raise SqlError(sql_errors.undeclared(f"@@{node.this.name}"))
        return known[node.this.name.upper()]
    name = node.name.casefold()
    if name not in variables:
        raise SqlError(sql_errors.undeclared(f"@{node.name}"))
    return exp.Placeholder(this=name)


def written(tree: exp.Expr) -> str:
    """The `schema.name` that a statement writes to; empty when it writes to no table."""
    table = tree.find(exp.Table)
    return qualified(table.sql("tsql")) if table is not None else ""


def sources(select: exp.Select) -> Iterator[exp.Expr]:
    """The tables of FROM."""
    start = select.args.get("from_")
    if start is not None:
        yield start.this
    yield from (one.this for one in select.args.get("joins") or ())
