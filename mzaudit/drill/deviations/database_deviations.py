"""What can be wrong inside the databases: users, roles, row-level security, migrations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, portion
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredDatabase, DesiredService
from mzaudit.policy.models import DatabaseGrantSpec, DatabaseSpec, EnvironmentSpec, MigrationsSpec
from mzaudit.simulator import Estate
from mzaudit.simulator.sql.contents import Contents, SqlPredicate, Value, sid_of
from mzaudit.simulator.sql.documented import PIPELINE


def _user(estate: Estate, service: DesiredService, database: DesiredDatabase) -> str:
    """The name of a service's user."""
    sid = sid_of(mutations.client(estate, service))
    return next(one.name for one in mutations.inside(estate, database).principals if one.sid == sid)


def _used(ground: DrillContext, steps: Steps) -> tuple[DesiredService, DesiredDatabase, tuple[str, ...]]:
    service = ground.service(steps[1])
    grant = ground.wanted.policy.services[service.key].databases[int(steps[3])]
    return service, ground.database(grant.database), grant.roles


@breaks(DatabaseGrantSpec, "database")
def user(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The service's identity is a user of its database, and of no other."""
    service, database, roles = _used(ground, steps)

    def missing(estate: Estate) -> None:
        mutations.inside(estate, database).drop_user(_user(estate, service, database))

    def stale(estate: Estate) -> None:
        name = _user(estate, service, database)
        mutations.inside(estate, database).principal(name).sid = sid_of(mutations.stranger("former identity"))

    def by_object_id(estate: Estate) -> None:
        name = _user(estate, service, database)
        oid = mutations.principal(estate, service)
        mutations.inside(estate, database).principal(name).sid = sid_of(oid)

    def shut_out(estate: Estate) -> None:
        mutations.inside(estate, database).revoke(_user(estate, service, database), "CONNECT")

    def denied(estate: Estate) -> None:
        mutations.inside(estate, database).grant(_user(estate, service, database), "CONNECT", state="DENY")

    def sql_user(estate: Estate) -> None:
        missing(estate)
        mutations.inside(estate, database).create_password_user(service.app, *roles)

    yield from each(
        steps,
        (Demand.DATABASE_USERS,),
        {
            "user missing": missing,
            "user of a former identity": stale,
            "user made from the object id": by_object_id,
            "user without CONNECT": shut_out,
            "user denied CONNECT": denied,
            "user with a password instead": sql_user,
        },
    )
    sharing = [one for one in ground.env.services if service.identity is not None and one.identity == service.identity]
    own = {grant.database for one in (service, *sharing) for grant in one.databases}
    for other in ground.env.databases:
        if other.key not in own:

            def intruder(estate: Estate, other: DesiredDatabase = other) -> None:
                mutations.inside(estate, other).create_user(f"{service.key} as well", mutations.client(estate, service))

            yield from each(steps, (Demand.ISOLATION,), {f"user of the database {other.key} too": intruder})


@breaks(DatabaseGrantSpec, "roles")
def roles(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """It holds exactly the documented roles."""
    service, database, documented = _used(ground, steps)

    def without(role: str) -> Bend:
        return lambda estate: mutations.inside(estate, database).remove_member(role, _user(estate, service, database))

    def holds(role: str) -> Bend:
        return lambda estate: mutations.inside(estate, database).add_member(role, _user(estate, service, database))

    def granted(permission: str) -> Bend:
        return lambda estate: mutations.inside(estate, database).grant(_user(estate, service, database), permission)

    def nested(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        contents.create_role("app_staff", "db_ddladmin")
        contents.add_member("app_staff", _user(estate, service, database))

    def on_a_schema(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        contents.grant(_user(estate, service, database), "EXECUTE", "SCHEMA", "dbo")

    def as_the_pipeline(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        contents.grant(_user(estate, service, database), "IMPERSONATE", "DATABASE_PRINCIPAL", PIPELINE)

    def administrator(estate: Estate) -> None:
        properties = estate.resource(database.server_id)["properties"]
        who = {"principalType": "Application", "login": service.app, "sid": mutations.client(estate, service)}
        properties["administrators"] |= who

    extra = [
        role for role in ("db_owner", "db_ddladmin", "db_securityadmin", "db_accessadmin") if role not in documented
    ]
    forms: dict[str, Bend] = {
        **{f"role {role} missing": without(role) for role in documented},
        **{f"role {role} too much": holds(role) for role in extra},
        "role through a role": nested,
        "the server's Entra administrator": administrator,
        "CONTROL granted": granted("CONTROL"),
        "ALTER ANY SECURITY POLICY granted": granted("ALTER ANY SECURITY POLICY"),
        "EXECUTE on a schema granted": on_a_schema,
        "may impersonate the pipeline": as_the_pipeline,
    }
    yield from each(steps, (Demand.DATABASE_USERS,), forms)


def _there(ground: DrillContext, key: object) -> DesiredDatabase | None:
    """The database of that key in the drilled environment, where it is in it."""
    return next((one for one in ground.env.databases if one.key == key), None)


def _tenants(contents: Contents, database: DesiredDatabase) -> list[str]:
    return [
        f"{table.schema}.{table.name}"
        for table in contents.tables
        if any(one.name.casefold() == (database.tenant_column or "").casefold() for one in table.columns)
    ]


@breaks(DatabaseSpec, "tenant_column")
def row_level_security(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Every tenant table is under an enabled policy that filters and blocks, which few can switch off."""
    database = _there(ground, steps[3])
    if database is None or database.tenant_column is None:
        return
    databases = [one for one in ground.env.databases if one.tenant_column is not None]
    forms = portion(databases.index(database), len(databases), _unguarded(database) | _switchers(database))
    yield from each(steps, (Demand.ROW_SECURITY,), forms)


def _unguarded(database: DesiredDatabase) -> dict[str, Bend]:
    def only(estate: Estate, keep: str, operation: str | None = None) -> None:
        """The first tenant table keeps the predicates of one kind, or of one operation."""
        contents = mutations.inside(estate, database)
        first = _tenants(contents, database)[0]
        for policy in contents.policies:
            policy.predicates[:] = [
                one if one.type == "FILTER" or one.table != first or operation is None else _narrowed(one, operation)
                for one in policy.predicates
                if one.table != first or one.type == keep or operation is not None
            ]

    def disabled(estate: Estate) -> None:
        for policy in mutations.inside(estate, database).policies:
            policy.enabled = False

    def no_policy(estate: Estate) -> None:
        mutations.inside(estate, database).policies.clear()

    def new_table(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        old = contents.table(_tenants(contents, database)[0])
        contents.tables.append(replace(old, name="added_later"))

    def no_tenants(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        for name in _tenants(contents, database):
            table = contents.table(name)
            table.columns[:] = [one for one in table.columns if one.name != database.tenant_column]

    return {
        "security policy disabled": disabled,
        "security policy gone": no_policy,
        "filter without block": lambda estate: only(estate, "FILTER"),
        "block without filter": lambda estate: only(estate, "BLOCK"),
        "block for inserts alone": lambda estate: only(estate, "BLOCK", "AFTER INSERT"),
        "new table without a policy": new_table,
        "no table has the column": no_tenants,
    }


def _narrowed(predicate: SqlPredicate, operation: str) -> SqlPredicate:
    return SqlPredicate(predicate.table, predicate.type, predicate.definition, "AFTER INSERT" if operation else None)


def _switchers(database: DesiredDatabase) -> dict[str, Bend]:
    def someone(estate: Estate, *roles: str) -> str:
        mutations.inside(estate, database).create_user("somebody", mutations.stranger(), *roles)
        return "somebody"

    def through(estate: Estate) -> None:
        mutations.inside(estate, database).create_role("dba_team", "db_owner")
        someone(estate, "dba_team")

    def granted(permission: str) -> Bend:
        return lambda estate: mutations.inside(estate, database).grant(someone(estate), permission)

    def over(permission: str, on: str) -> Bend:
        return lambda estate: mutations.inside(estate, database).grant(
            someone(estate), permission, "DATABASE_PRINCIPAL", on
        )

    def joins(estate: Estate) -> None:
        mutations.inside(estate, database).create_role("dba_team")
        mutations.inside(estate, database).grant("dba_team", "ALTER ANY SECURITY POLICY")
        over("ALTER", "dba_team")(estate)

    return {
        "somebody may impersonate dbo": over("IMPERSONATE", "dbo"),
        "somebody controls dbo": over("CONTROL", "dbo"),
        "somebody may join a role that can": joins,
        "somebody is db_owner": lambda estate: someone(estate, "db_owner"),
        "somebody is db_securityadmin": lambda estate: someone(estate, "db_securityadmin"),
        "somebody is db_owner through a role": through,
        "somebody was granted CONTROL": granted("CONTROL"),
        "somebody may alter security policies": granted("ALTER ANY SECURITY POLICY"),
    }


@breaks(EnvironmentSpec, "sql_auth")
def passwords(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Where passwords are forbidden, no database has a user with one."""
    if steps[1] != ground.env.env:
        return
    for database in ground.env.databases:
        if database.passwords_forbidden:

            def legacy(estate: Estate, database: DesiredDatabase = database) -> None:
                mutations.inside(estate, database).create_password_user("legacy", "db_datareader")

            yield from each((*steps, database.key), (Demand.NO_PASSWORDS,), {"user with a password": legacy})


@breaks(DatabaseSpec, "migrations")
def history(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The history is there, and whole, and the pipeline's."""
    database = _there(ground, steps[3])
    if database is None or database.migrations is None:
        return
    databases = [one for one in ground.env.databases if one.migrations is not None]
    forms = portion(databases.index(database), len(databases), _histories(ground, database))
    yield from each(steps, (Demand.MIGRATIONS,), forms)


def _histories(ground: DrillContext, database: DesiredDatabase) -> dict[str, Bend]:
    def gone(estate: Estate) -> None:
        contents = mutations.inside(estate, database)
        contents.tables.remove(mutations.history(estate, database))
        contents.permissions[:] = [one for one in contents.permissions if one.on != database.migrations]

    def empty(estate: Estate) -> None:
        mutations.history(estate, database).rows.clear()

    def failed(estate: Estate) -> None:
        last(estate, "success", False)

    def by_the_app(estate: Estate) -> None:
        last(estate, "installed_by", _user(estate, ground.service(database.grants[0][0]), database))

    def by_its_client(estate: Estate) -> None:
        client = mutations.client(estate, ground.service(database.grants[0][0]))
        last(estate, "installed_by", f"{client}@{estate.tenant_id}")

    def last(estate: Estate, column: str, value: Value) -> None:
        mutations.last_migration(estate, database, {column: value})

    def markers_alone(estate: Estate) -> None:
        rows = mutations.history(estate, database).rows
        rows[:] = rows[:1]

    def deleted(estate: Estate) -> None:
        rows = mutations.history(estate, database).rows
        rows[:] = rows[:2]
        mutations.last_migration(estate, database, {"type": "DELETE"}, again=True)

    def failed_change_set(estate: Estate) -> None:
        last(estate, "EXECTYPE", "FAILED")

    forms: dict[str, Bend] = {"history gone": gone, "history empty": empty}
    if database.migration_tool == "liquibase":
        forms |= {"change set failed": failed_change_set}
    if database.migration_tool != "flyway":
        return forms
    forms |= {
        "history of a schema made alone": markers_alone,
        "every migration deleted": deleted,
        "migration failed": failed,
    }
    if database.grants:
        forms |= {"migrated by the app": by_the_app, "migrated by the app's client id": by_its_client}
    return forms


@breaks(MigrationsSpec, "version")
def versions(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A database is at the version that the policy expects."""
    database = _there(ground, steps[3])
    if database is None or database.version is None:
        return

    column = {"flyway": "version", "ef-core": "MigrationId", "alembic": "version_num", "liquibase": "ID"}

    def at(version: str) -> Bend:
        return lambda estate: mutations.last_migration(estate, database, {column[database.migration_tool]: version})

    if database.migration_tool == "flyway":
        forms = {"behind": at("0"), "ahead": at(f"{database.version}.1")}
    else:
        forms = {"behind": at("20000101000000_Other")}
    yield from each(steps, (Demand.MIGRATIONS,), forms)


@breaks(MigrationsSpec, "by")
def migrated_by(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The pipeline migrates, where the policy says who that is."""
    database = _there(ground, steps[3])
    if database is None or not database.migrated_by:
        return

    def other(estate: Estate) -> None:
        mutations.last_migration(estate, database, {"installed_by": "somebody else"})

    yield from each(steps, (Demand.MIGRATIONS,), {"migrated by somebody else": other})
