"""Inside the databases: other names, other users, other tables; nothing that the policy speaks of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mzaudit.drill import mutations
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredDatabase
from mzaudit.simulator import Estate
from mzaudit.simulator.sql.contents import (
    SqlColumn,
    SqlPredicate,
    SqlPrincipal,
    SqlSecurityPolicy,
    Table,
    sid_of,
)
from mzaudit.simulator.sql.documented import PIPELINE


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """Each database may hold more than is documented, and say it in other words."""
    for database in ground.env.databases:
        yield from each(("databases", database.key), (), _users(ground, database) | _guarded(database))


def _users(ground: DrillContext, database: DesiredDatabase) -> dict[str, Bend]:
    def renamed(estate: Estate) -> None:
        service = ground.service(database.grants[0][0])
        contents = mutations.inside(estate, database)
        sid = sid_of(mutations.client(estate, service))
        user = next(one for one in contents.principals if one.sid == sid)
        old, user.name, user.type = user.name, "another_name", "X"
        contents.members[:] = [replace(m, member=user.name) if m.member == old else m for m in contents.members]
        contents.permissions[:] = [
            replace(p, grantee=user.name) if p.grantee == old else p for p in contents.permissions
        ]

    def login(estate: Estate) -> None:
        service = ground.service(database.grants[0][0])
        sid = sid_of(mutations.client(estate, service))
        for one in mutations.inside(estate, database).principals:
            one.sid = sid + b"\xaa\xde" if one.sid == sid else one.sid

    def readers(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        contents.create_user("an operator", mutations.stranger("operator"), "db_datareader")
        contents.create_group("a group", mutations.stranger("group"))
        contents.create_group("a group that may not connect", mutations.stranger("shut out"), "db_datareader")
        contents.revoke("a group that may not connect", "CONNECT")
        contents.create_password_user("an old password", "db_datareader")
        contents.revoke("an old password", "CONNECT")
        contents.principals.append(SqlPrincipal("nobody", "S", "NONE", b"\x01\x05"))

    def denied(estate: Estate) -> None:
        service = ground.service(database.grants[0][0])
        sid = sid_of(mutations.client(estate, service))
        contents = mutations.inside(estate, database)
        user = next(one for one in contents.principals if one.sid == sid)
        contents.grant(user.name, "DELETE", "SCHEMA", "dbo", state="DENY")

    forms: dict[str, Bend] = {"other users": readers}
    if database.grants:
        forms |= {"user of another name": renamed, "user made for a login": login, "user denied something": denied}
    return forms


def _guarded(database: DesiredDatabase) -> dict[str, Bend]:
    def tables(estate: Estate) -> None:
        mutations.inside(estate, database).tables.append(Table("dbo", "lookup", [SqlColumn("id", "int")]))

    def second_policy(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        first = contents.policies[0].predicates[0]
        contents.policies.append(SqlSecurityPolicy("sec", "old", [first], enabled=False))

    def by_operation(estate: Estate) -> None:
        for policy in mutations.inside(estate, database).policies:
            policy.predicates[:] = [each for one in policy.predicates for each in _split(one)]

    def repeatable(estate: Estate) -> None:
        mutations.last_migration(estate, database, {"version": None, "description": "views"}, again=True)

    def again(estate: Estate) -> None:
        mutations.last_migration(estate, database, {"type": "DELETE"}, again=True)
        mutations.last_migration(estate, database, {"type": "SQL"}, again=True)

    def by_name(estate: Estate) -> None:
        mutations.last_migration(estate, database, {"installed_by": PIPELINE})

    def ledger(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        column = SqlColumn(database.tenant_column or "", "uniqueidentifier")
        contents.tables.append(Table("dbo", "journal", [column], ledger="APPEND_ONLY_LEDGER_TABLE"))
        first = contents.policies[0].predicates[0]
        on = replace(first, table="dbo.journal")
        contents.policies[0].predicates += [on, replace(on, type="BLOCK", operation="AFTER INSERT")]

    forms: dict[str, Bend] = {"tables without tenants": tables}
    if database.tenant_column is not None:
        forms |= {
            "a disabled policy beside": second_policy,
            "block by operation": by_operation,
            "an append-only ledger table": ledger,
        }
    if database.migrations is not None and database.migration_tool == "flyway":
        forms |= {
            "a repeatable migration last": repeatable,
            "a migration deleted and applied again": again,
            "migrated under the pipeline's user name": by_name,
        }
    return forms


def _split(predicate: SqlPredicate) -> list[SqlPredicate]:
    if predicate.type == "FILTER":
        return [predicate]
    return [replace(predicate, operation="AFTER INSERT"), replace(predicate, operation="AFTER UPDATE")]
