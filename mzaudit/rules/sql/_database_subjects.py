"""What rules of Azure SQL are asked about: the server, its databases, and who is to be a user there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit.engine.subjects import Subject, service_parts, whose
from mzaudit.policy.desired import Desired, DesiredDatabase, DesiredEnvironment, DesiredServer, DesiredService
from mzaudit.snapshot.text.ids import key


def each_server(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredServer]]:
    """The SQL server."""
    yield Subject(env.env, "sql-server", env.server.name, env.server.id, env.server, env.server.where)


@dataclass(frozen=True, slots=True)
class DocumentedServer:
    """The SQL server, and the ids (`ids.key`) of all databases that are documented in any environment."""

    server: DesiredServer
    documented: frozenset[str]


def each_documented_server(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DocumentedServer]]:
    """The SQL server, with what is documented on others."""
    everywhere = (database for each in wanted.environments.values() for database in each.server.databases)
    want = DocumentedServer(env.server, frozenset(key(database.id) for database in everywhere))
    yield Subject(env.env, "sql-server", env.server.name, env.server.id, want, env.server.where)


def each_database(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredDatabase]]:
    """Every documented database."""
    for database in env.server.databases:
        parts = {"database": (database.name,)}
        yield Subject(env.env, "database", database.name, database.id, database, database.where, parts)


@dataclass(frozen=True, slots=True)
class DatabaseUser:
    """A service's identity as a user of one of its databases, and the roles that it is to hold there."""

    service: DesiredService
    database: DesiredDatabase
    roles: tuple[str, ...]


def each_database_user(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DatabaseUser]]:
    """Every backend in every database that it uses."""
    databases = {database.key: database for database in env.server.databases}
    for service in env.services:
        for position, grant in enumerate(service.databases):
            database = databases[grant.database]
            parts = service_parts(service) | {"database": (database.name,)}
            want = DatabaseUser(service, database, grant.roles)
            where = wanted.where("services", service.key, "databases", position)
            name = f"{service.key}/{database.name}"
            yield Subject(env.env, "database-user", name, database.id, want, where, parts)


@dataclass(frozen=True, slots=True)
class GuardedDatabase:
    """A database, and every documented service of any environment: its users and all the others."""

    database: DesiredDatabase
    users: tuple[DesiredService, ...]
    others: tuple[DesiredService, ...]


def each_guarded_database(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[GuardedDatabase]]:
    """Every database, with the services that may use it and those that may not."""
    for database in env.server.databases:
        keys = {user for user, _ in database.grants}
        users, others = whose(wanted, env, keys)
        want = GuardedDatabase(database, users, others)
        parts = {"database": (database.name,)}
        yield Subject(env.env, "database", database.name, database.id, want, database.where, parts)
