"""From a query's rows, strictly checked, to what a snapshot keeps of them, sorted: a database gives them in any order.

Each raises ValueError for rows of another shape.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import TypeAdapter

from mzaudit.snapshot.databases import (
    DatabaseGrant,
    DatabasePrincipal,
    Membership,
    Migration,
    Predicate,
    SecurityPolicy,
)

Rows = Sequence[tuple[object, ...]]
Flag = bool | int

_RIGHTS = TypeAdapter(tuple[tuple[int | None, int | None, int]])
_PRINCIPALS = TypeAdapter(list[tuple[str, str, str | None, bytes | None]])
_PAIRS = TypeAdapter(list[tuple[str, str]])
_GRANTS = TypeAdapter(list[tuple[str, str, str, str, str | None, str | None, str | None]])
_POLICIES = TypeAdapter(list[tuple[str, str, Flag, str | None, str | None, str | None, str | None]])
_MIGRATIONS = TypeAdapter(list[tuple[int, str | None, str | None, str, str, Flag]])


def rights(rows: Rows) -> tuple[bool, bool | None, bool]:
    """Whether definitions are seen; whether the history may be read, None where there is none to be seen; whether there
    is one."""
    ((definitions, readable, found),) = _RIGHTS.validate_python(tuple(rows), strict=True)
    return definitions == 1, None if readable is None else readable == 1, found != 0


def principals(rows: Rows) -> tuple[DatabasePrincipal, ...]:
    """The users."""
    return tuple(
        DatabasePrincipal(name, kind.strip(), authentication or "NONE", (sid or b"").hex())
        for name, kind, authentication, sid in sorted(_PRINCIPALS.validate_python(rows, strict=True), key=repr)
    )


def memberships(rows: Rows) -> tuple[Membership, ...]:
    """Who is in which role."""
    return tuple(Membership(role, member) for role, member in sorted(_PAIRS.validate_python(rows, strict=True)))


def grants(rows: Rows) -> tuple[DatabaseGrant, ...]:
    """What was granted and denied."""
    return tuple(
        DatabaseGrant(grantee, permission, state, kind, schema or (f"{of or '?'}.{name}" if name else ""))
        for grantee, permission, state, kind, schema, of, name in sorted(
            _GRANTS.validate_python(rows, strict=True), key=repr
        )
    )


def policies(rows: Rows) -> tuple[SecurityPolicy, ...]:
    """The security policies, each with its predicates; one without any is a row of its own."""
    enabled: dict[str, bool] = {}
    held: dict[str, list[Predicate]] = {}
    for schema, policy, on, kind, operation, of, name in sorted(_POLICIES.validate_python(rows, strict=True), key=repr):
        full = f"{schema}.{policy}"
        enabled[full] = bool(on)
        predicates = held.setdefault(full, [])
        if kind is not None:
            if name is None:
                raise ValueError("a predicate on a table without a name")
            predicates.append(Predicate(f"{of or '?'}.{name}", kind, operation))
    return tuple(SecurityPolicy(name, on, tuple(held[name])) for name, on in enabled.items())


def tables(rows: Rows) -> tuple[str, ...]:
    """The tables, as `schema.table`."""
    return tuple(f"{schema}.{name}" for schema, name in sorted(_PAIRS.validate_python(rows, strict=True)))


def migrations(rows: Rows) -> tuple[Migration, ...]:
    """The history."""
    return tuple(
        Migration(rank, version, description or "", kind, by, bool(success))
        for rank, version, description, kind, by, success in sorted(
            _MIGRATIONS.validate_python(rows, strict=True), key=lambda row: row[0]
        )
    )
