"""From T-SQL to the embedded engine's dialect, node by node. Loads sqlglot, which is slow: load this module late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse
from sqlglot.dialects.sqlite import SQLite
from sqlglot.errors import SqlglotError

from . import errors
from .errors import SqlError
from .functions import Function, qualified

# The prefix under which the engine knows the functions of T-SQL, so that none is mistaken for one of its own.
PREFIX = "tsql_"
# Functions for which sqlglot has a node of its own, under the name that they have in T-SQL.
NODES: dict[type[exp.Expr], str] = {
    exp.Substring: "SUBSTRING",
    exp.Lower: "LOWER",
    exp.Upper: "UPPER",
    exp.Length: "LEN",
    exp.ByteLength: "DATALENGTH",
    exp.CurrentUser: "CURRENT_USER",
    exp.SessionUser: "CURRENT_USER",
    exp.CurrentTimestamp: "GETDATE",
    exp.CurrentSchema: "SCHEMA_NAME",
}
# Functions that mean the same in both dialects.
_ALIKE = (
    *(exp.Abs, exp.Avg, exp.Case, exp.Coalesce, exp.Count, exp.Exists, exp.GroupConcat, exp.If, exp.Max, exp.Min),
    *(exp.Nullif, exp.RowNumber, exp.Sum, exp.And, exp.Or, exp.Xor),
)
_UNSERVED = (exp.Lateral, exp.Pivot, exp.ForClause, exp.Into)
_LONGEST = 30


class Engine(SQLite):
    """sqlite, with names quoted in the one way in which it cannot take an unknown one for a text."""

    class Tokenizer(SQLite.Tokenizer):
        """Its quotes."""

        IDENTIFIERS = ["`"]  # noqa: RUF012  # as sqlglot declares it


@dataclass(frozen=True, slots=True)
class Tabular:
    """A call of a table-valued function in FROM: the name under which its rows are found, and its arguments."""

    name: str
    function: str
    arguments: tuple[str | None, ...]


def statements(text: str) -> list[exp.Expr]:
    """The statements of a batch; raises `SqlError` (102) when it does not parse."""
    try:
        return [one for one in parse(text, read="tsql") if one is not None]
    except (SqlglotError, RecursionError) as error:
        details = getattr(error, "errors", None)
        near = str(details[0].get("highlight") or "") if details else ""
        raise SqlError(errors.syntax(near or text.strip()[-_LONGEST:])) from error


def common_tables(tree: exp.Expr) -> set[str]:
    """The names that WITH gives, casefolded."""
    return {one.alias.casefold() for one in tree.find_all(exp.CTE)}


def bind_tables(tree: exp.Query, known: Mapping[str, str]) -> list[Tabular]:
    """Give every table in FROM the one name that the engine has for it, `schema.name`, and keep what the query calls
    it. `known` maps casefolded names to names. Raises `SqlError` (208)."""
    common = common_tables(tree)
    tabular: list[Tabular] = []
    for table in list(tree.find_all(exp.Table)):
        if isinstance(table.this, exp.Anonymous):
            tabular.append(_tabular(table, len(tabular)))
            continue
        if not isinstance(table.this, exp.Identifier) or table.catalog:
            raise SqlError(errors.unknown_object(table.sql("tsql", comments=False)))
        if not table.db and table.name.casefold() in common:
            continue
        full = f"{table.db or 'dbo'}.{table.name}"
        if full.casefold() not in known:
            raise SqlError(errors.unknown_object(f"{table.db}.{table.name}" if table.db else table.name))
        _rename(table, known[full.casefold()], table.alias_or_name)
    return tabular


def _tabular(table: exp.Table, number: int) -> Tabular:
    name = table.this.name
    arguments = []
    for one in table.this.expressions:
        if not isinstance(one, exp.Literal | exp.Null | exp.National):
            raise SqlError(errors.not_served(name))
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


def translate(tree: exp.Query, functions: Mapping[str, Function], variables: Mapping[str, object]) -> str:
    """The query in the engine's dialect, once its tables are bound; raises `SqlError`."""
    root = exp.Subquery(this=tree.copy())
    for node in reversed(list(root.this.walk())):
        replacement = _translated(node, functions, variables)
        if replacement is not node:
            node.replace(replacement)
    try:
        return str(root.this.sql(dialect=Engine, identify=True))
    except (SqlglotError, RecursionError) as error:
        raise SqlError(errors.not_served("SELECT")) from error


def _translated(node: exp.Expr, functions: Mapping[str, Function], variables: Mapping[str, object]) -> exp.Expr:
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
        case exp.Column() if node.args.get("db"):
            return exp.column(node.this, table=node.args["table"])
        case exp.Dot():
            raise SqlError(errors.unknown_user_function(node.sql("tsql").partition("(")[0]))
        case exp.Parameter():
            return _variable(node, variables)
        case exp.Anonymous():
            if node.name.startswith(PREFIX):
                return node
            if node.name.upper() not in functions:
                raise SqlError(errors.unknown_function(node.name))
            return _call(node.name.lower(), *node.expressions)
        case exp.LimitOptions() if node.args.get("percent") or node.args.get("with_ties"):
            raise SqlError(errors.not_served("TOP PERCENT"))
        case exp.Func() if type(node) in NODES:
            return _call(NODES[type(node)].lower(), *_arguments(node))
        case exp.Func() if not isinstance(node, _ALIKE):
            raise SqlError(errors.unknown_function(node.sql_name()))
        case _ if isinstance(node, _UNSERVED):
            raise SqlError(errors.not_served(node.key.upper()))
        case _:
            return node


def _arguments(node: exp.Expr) -> Iterator[exp.Expr]:
    for name in ("this", "start", "length"):
        value = node.args.get(name)
        if isinstance(value, exp.Expr):
            # LEN comes with a cast to text of sqlglot's own, which by now is a call.
            plain = isinstance(node, exp.Length) and isinstance(value, exp.Anonymous) and value.expressions
            yield value.expressions[0] if plain and value.name == f"{PREFIX}cast" else value


def _cast(value: exp.Expr, kind: exp.Expr, style: exp.Expr, *, safe: bool) -> exp.Expr:
    name = exp.Literal.string(kind.sql("tsql"))
    return _call("try_cast" if safe else "cast", value, name, style)


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=PREFIX + name, expressions=list(arguments))


def _variable(node: exp.Parameter, variables: Mapping[str, object]) -> exp.Expr:
    if isinstance(node.parent, exp.Parameter):
        return node
    if isinstance(node.this, exp.Parameter):
        name = node.this.name.upper()
        known: dict[str, exp.Expr] = {
            "TRANCOUNT": exp.Literal.number(0),
            "SPID": exp.Literal.number(51),
            "ROWCOUNT": exp.Literal.number(0),
            "VERSION": exp.Literal.string("Microsoft SQL Azure (RTM) - 12.0.2000.8"),
        }
        if name not in known:
            raise SqlError(errors.undeclared(f"@@{node.this.name}"))
        return known[name]
    name = node.name.casefold()
    if name not in variables:
        raise SqlError(errors.undeclared(f"@{node.name}"))
    return exp.Placeholder(this=name)


def written(tree: exp.Expr) -> str | None:
    """The `schema.name` that a statement writes to, None when it writes to no table."""
    table = tree.find(exp.Table)
    return qualified(table.sql("tsql")) if table is not None else None
