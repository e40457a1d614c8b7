"""What rules of Azure SQL are asked about: the server, its databases, and who is to be a user there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit.engine.subjects import OtherServices, Subject, service_parts, whose
from mzaudit.policy.desired import Desired, DesiredDatabase, DesiredEnvironment, DesiredServer, DesiredService
from mzaudit.snapshot.text.ids import same


def each_server(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredServer]]:
    """Every SQL server."""
    for server in env.servers:
        yield Subject(env.env, "sql-server", server.name, server.id, server, server.where, {"server": (server.name,)})


@dataclass(frozen=True, slots=True)
class DocumentedServer:
    """A SQL server, and all databases that are documented in any environment."""

    server: DesiredServer
    documented: tuple[DesiredDatabase, ...]


def each_documented_server(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DocumentedServer]]:
    """Every SQL server, with what is documented on others."""
    for server in env.servers:
        want = DocumentedServer(server, wanted.databases)
        yield Subject(env.env, "sql-server", server.name, server.id, want, server.where, {"server": (server.name,)})


def each_database(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredDatabase]]:
    """Every documented database."""
    for database in env.databases:
        parts = {"database": (database.name,), "server": (database.server,)}
        yield Subject(env.env, "database", database.name, database.id, database, database.where, parts)


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """A service's identity as a user of one of its databases, the roles that it is to hold there, and every documented
    service of any environment: those that may use the database and all the others."""

    service: DesiredService
    database: DesiredDatabase
    roles: tuple[str, ...]
    users: tuple[DesiredService, ...]
    others: OtherServices


def each_database_user(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DatabaseUser]]:
    """Every backend in every database that it uses."""
    databases = {database.key: database for database in env.databases}
    for service in env.services:
        for position, grant in enumerate(service.databases):
            database = databases[grant.database]
            parts = service_parts(service) | {"database": (database.name,), "server": (database.server,)}
            want = DatabaseUser(service, database, _roles(wanted, service, database), *whose(wanted, database.id))
            where = wanted.where("services", service.key, "databases", position)
            name = f"{service.key}/{database.name}"
            yield Subject(env.env, "database-user", name, database.id, want, where, parts)


def _roles(wanted: Desired, service: DesiredService, database: DesiredDatabase) -> tuple[str, ...]:
    """The roles that the policy gives there to the service and to whoever acts as the same identity."""
    roles: dict[str, None] = {}
    for one in wanted.sharing(service):
        ids = {each.key: each.id for each in wanted.environments[one.env].databases}
        for grant in one.databases:
            if same(ids[grant.database], database.id):
                roles |= dict.fromkeys(grant.roles)
    return tuple(roles)


@dataclass(frozen=True, slots=True)
class GuardedDatabase:
    """A database, and every documented service of any environment: its users and all the others."""

    database: DesiredDatabase
    users: tuple[DesiredService, ...]
    others: OtherServices


def each_guarded_database(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[GuardedDatabase]]:
    """Every database, with the services that may use it and those that may not."""
    for database in env.databases:
        yield _guarded(wanted, env, database)


def each_tenant_database(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[GuardedDatabase]]:
    """Every database that keeps rows apart by tenant."""
    for database in env.databases:
        if database.tenant_column is not None:
            yield _guarded(wanted, env, database)


def each_migrated_database(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[GuardedDatabase]]:
    """Every database of whose migrations the policy says something."""
    for database in env.databases:
        if database.migrations is not None:
            yield _guarded(wanted, env, database)


def _guarded(wanted: Desired, env: DesiredEnvironment, database: DesiredDatabase) -> Subject[GuardedDatabase]:
    users, others = whose(wanted, database.id)
    want = GuardedDatabase(database, users, others)
    parts = {"database": (database.name,), "server": (database.server,)}
    return Subject(env.env, "database", database.name, database.id, want, database.where, parts)
