"""Inside the databases: other names, other users, other tables; nothing that the policy speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mzaudit.drill import bends
from mzaudit.drill.cases import Bend, Case, Ground, each
from mzaudit.policy.wanted import WantedDatabase
from mzaudit.simulator import Estate
from mzaudit.simulator.sql.contents import (
    Column,
    DatabasePrincipal,
    Predicate,
    SecurityPolicy,
    Table,
    sid_of,
)


def variations(ground: Ground) -> Iterator[Case]:
    """Each database may hold more than is documented, and say it in other words."""
    for database in ground.env.server.databases:
        yield from each(("sql", "databases", database.key), (), _users(ground, database) | _guarded(database))


def _users(ground: Ground, database: WantedDatabase) -> dict[str, Bend]:
    def renamed(estate: Estate) -> None:
        service = ground.service(database.grants[0][0])
        contents = bends.inside(estate, database)
        sid = sid_of(bends.client(estate, service))
        user = next(one for one in contents.principals if one.sid == sid)
        old, user.name, user.type = user.name, "another_name", "X"
        contents.members[:] = [replace(m, member=user.name) if m.member == old else m for m in contents.members]
        contents.permissions[:] = [
            replace(p, grantee=user.name) if p.grantee == old else p for p in contents.permissions
        ]

    def login(estate: Estate) -> None:
        service = ground.service(database.grants[0][0])
        sid = sid_of(bends.client(estate, service))
        for one in bends.inside(estate, database).principals:
            one.sid = sid + b"\xaa\xde" if one.sid == sid else one.sid

    def readers(estate: Estate) -> None:
        contents = bends.inside(estate, database)
        contents.create_user("an operator", bends.stranger("operator"), "db_datareader")
        contents.create_user("a group", bends.stranger("group"), "db_datareader").type = "X"
        contents.principals.append(DatabasePrincipal("nobody", "S", "NONE", b"\x01\x05"))

    def denied(estate: Estate) -> None:
        service = ground.service(database.grants[0][0])
        sid = sid_of(bends.client(estate, service))
        contents = bends.inside(estate, database)
        user = next(one for one in contents.principals if one.sid == sid)
        contents.grant(user.name, "DELETE", "SCHEMA", "dbo", state="DENY")

    forms: dict[str, Bend] = {"other users": readers}
    if database.grants:
        forms |= {"user of another name": renamed, "user made for a login": login, "user denied something": denied}
    return forms


def _guarded(database: WantedDatabase) -> dict[str, Bend]:
    def tables(estate: Estate) -> None:
        bends.inside(estate, database).tables.append(Table("dbo", "lookup", [Column("id", "int")]))

    def second_policy(estate: Estate) -> None:
        contents = bends.inside(estate, database)
        first = contents.policies[0].predicates[0]
        contents.policies.append(SecurityPolicy("sec", "old", [first], enabled=False))

    def by_operation(estate: Estate) -> None:
        for policy in bends.inside(estate, database).policies:
            policy.predicates[:] = [each for one in policy.predicates for each in _split(one)]

    def repeatable(estate: Estate) -> None:
        bends.last_migration(estate, database, {"version": None, "description": "views"}, again=True)

    return {
        "tables without tenants": tables,
        "a disabled policy beside": second_policy,
        "block by operation": by_operation,
        "a repeatable migration last": repeatable,
    }


def _split(predicate: Predicate) -> list[Predicate]:
    if predicate.type == "FILTER":
        return [predicate]
    return [replace(predicate, operation="AFTER INSERT"), replace(predicate, operation="AFTER UPDATE")]
