"""From a query's rows, strictly checked, to what a snapshot keeps of them, sorted: a database gives them in any order.

Each raises ValueError for rows of another shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from mzaudit.snapshot.databases import (
    DatabaseGrant,
    DatabasePrincipal,
    Membership,
    Migration,
    Predicate,
    SecurityPolicy,
    TenantTable,
)
from mzaudit.snapshot.text import shown

Rows = Sequence[tuple[object, ...]]
Flag = bool | int

_RIGHTS = TypeAdapter(list[tuple[int | None, int | None, str | None, str | None, str | None, str | None, str | None]])
_PRINCIPALS = TypeAdapter(list[tuple[str, str, str | None, bytes | None]])
_PAIRS = TypeAdapter(list[tuple[str, str]])
_TABLES = TypeAdapter(list[tuple[str, str, str | None, str | None]])
_GRANTS = TypeAdapter(list[tuple[str, str, str, str, str | None, str | None, str | None, str | None, str | None]])
_POLICIES = TypeAdapter(list[tuple[str, str, Flag, str | None, str | None, str | None, str | None]])
_CLASSES = {"R": "ROLE", "A": "APPLICATION ROLE"}
_STATES = ("GRANT", "GRANT_WITH_GRANT_OPTION", "DENY", "REVOKE")
_TEMPORAL = ("NON_TEMPORAL_TABLE", "HISTORY_TABLE", "SYSTEM_VERSIONED_TEMPORAL_TABLE")
_LEDGER = ("NON_LEDGER_TABLE", "HISTORY_TABLE", "UPDATABLE_LEDGER_TABLE", "APPEND_ONLY_LEDGER_TABLE")
_FLYWAY = TypeAdapter(list[tuple[int, str | None, str | None, str, str, Flag]])
_IDS = TypeAdapter(list[tuple[str]])
_CHANGE_SETS = TypeAdapter(list[tuple[int, str, str]])
_EXECUTIONS = ("EXECUTED", "FAILED", "SKIPPED", "RERAN", "MARK_RAN")  # Liquibase's ChangeSet.ExecType


@dataclass(frozen=True, slots=True)
class Hidden:
    """A denial that leaves rows out of the catalogue for the caller: of what class, to whom, on which schema."""

    kind: str
    grantee: str
    schema: str


@dataclass(frozen=True, slots=True)
class VisibleMetadata:
    """What the caller may see: definitions; the history, None where none is seen by that name; how its name is `spelt`
    there, None where there is none in whatever case. `primary` is false of a replica."""

    definitions: bool
    history: bool | None
    spelt: str | None
    primary: bool
    hidden: tuple[Hidden, ...]


def _word(text: str | None) -> str:
    """A word of the catalogue, whose case is that of its collation; empty where there is none."""
    return (text or "").strip().upper()


def rights(rows: Rows) -> VisibleMetadata:
    """What the caller may see."""
    found = _RIGHTS.validate_python(rows, strict=True)
    if not found:
        raise ValueError("no row of what may be seen")
    definitions, readable, spelt, updateability, *_ = found[0]
    hidden = {Hidden(kind, grantee or "", schema or "") for *_, kind, grantee, schema in found if kind is not None}
    return VisibleMetadata(
        definitions == 1,
        None if readable is None else readable == 1,
        spelt,
        updateability == "READ_WRITE",
        tuple(sorted(hidden, key=repr)),
    )


def principals(rows: Rows) -> tuple[DatabasePrincipal, ...]:
    """The users."""
    found: list[DatabasePrincipal] = []
    for name, kind, authentication, sid in sorted(_PRINCIPALS.validate_python(rows, strict=True), key=repr):
        letter = _word(kind)
        if letter in ("E", "X") and not sid:
            raise ValueError("an Entra user without a SID")
        found.append(DatabasePrincipal(name, letter, _word(authentication), (sid or b"").hex()))
    return tuple(found)


def memberships(rows: Rows) -> tuple[Membership, ...]:
    """Who is in which role."""
    return tuple(Membership(role, member) for role, member in sorted(_PAIRS.validate_python(rows, strict=True)))


def grants(rows: Rows, *, hidden: bool = False) -> tuple[DatabaseGrant, ...]:
    """What was granted and denied. What is on a principal is told as T-SQL writes it: on a USER or a ROLE; principals
    that are `hidden` from the caller bear no name."""
    found: list[DatabaseGrant] = []
    for row in sorted(_GRANTS.validate_python(rows, strict=True), key=repr):
        grantee, permission, told, class_, schema, of, name, principal, letter = row
        state, kind = _word(told), _word(class_)
        if state not in _STATES:
            raise ValueError("a permission in an unknown state")
        if state == "REVOKE":  # neither given nor denied: of one column, beside what holds for the table
            continue
        if principal is not None and letter is not None:
            kind, on = _CLASSES.get(_word(letter), "USER"), principal
        elif kind == "DATABASE_PRINCIPAL" and not hidden:
            raise ValueError("a permission on a principal without a name")
        else:
            on = schema or (f"{of or '?'}.{name}" if name else "")
        found.append(DatabaseGrant(grantee, permission.upper(), state, kind, on))
    return tuple(found)


def policies(rows: Rows, *, hidden: bool = False) -> tuple[SecurityPolicy, ...]:
    """The security policies, each with its predicates; one without any is a row of its own. Predicates on tables that
    are `hidden` from the caller bear no name, and are left out."""
    enabled: dict[str, bool] = {}
    held: dict[str, list[Predicate]] = {}
    for schema, policy, on, kind, operation, of, name in sorted(_POLICIES.validate_python(rows, strict=True), key=repr):
        full = f"{schema}.{policy}"
        enabled[full] = bool(on)
        predicates = held.setdefault(full, [])
        if len({kind is None, of is None, name is None}) > 1 and not hidden:
            raise ValueError("a predicate without its type, or on a table without a name")
        if kind is not None and name is not None:
            predicates.append(Predicate(f"{of or '?'}.{name}", _word(kind), _word(operation) or None))
    return tuple(SecurityPolicy(name, on, tuple(held[name])) for name, on in enabled.items())


def tables(rows: Rows) -> tuple[TenantTable, ...]:
    """The tables, as `schema.table`."""
    found: list[TenantTable] = []
    for schema, name, told, also in sorted(_TABLES.validate_python(rows, strict=True), key=repr):
        temporal, ledger = _word(told), _word(also)
        found.append(
            TenantTable(
                f"{schema}.{name}",
                "HISTORY_TABLE" in (temporal, ledger),
                ledger == "APPEND_ONLY_LEDGER_TABLE",
                unknown=temporal not in _TEMPORAL or ledger not in _LEDGER,
            )
        )
    return tuple(found)


def migrations(rows: Rows, tool: str = "flyway") -> tuple[Migration, ...]:
    """The history that a tool writes. EF Core and Alembic write of what succeeded alone, Alembic of the heads alone."""
    match tool:
        case "flyway":
            return _flyway(rows)
        case "liquibase":
            return _liquibase(rows)
        case _:
            ids = sorted(each for (each,) in _IDS.validate_python(rows, strict=True))
            return tuple(
                Migration(rank, shown.name(each), shown.NOTHING, "", None, True, tool)
                for rank, each in enumerate(ids, 1)
            )


def _flyway(rows: Rows) -> tuple[Migration, ...]:
    return tuple(
        Migration(
            rank,
            None if version is None else shown.name(version),
            shown.title(description or ""),
            shown.name(kind),
            by,
            bool(success),
        )
        for rank, version, description, kind, by, success in sorted(
            _FLYWAY.validate_python(rows, strict=True), key=lambda row: row[0]
        )
    )


def _liquibase(rows: Rows) -> tuple[Migration, ...]:
    found = []
    for rank, change, told in sorted(_CHANGE_SETS.validate_python(rows, strict=True)):
        execution = _word(told)
        if execution not in _EXECUTIONS:
            raise ValueError("a change set of an unknown execution")
        done = execution != "FAILED"
        found.append(Migration(rank, shown.name(change), shown.NOTHING, execution, None, done, "liquibase"))
    return tuple(found)
