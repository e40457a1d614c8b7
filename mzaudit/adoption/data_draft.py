"""The SQL servers and blob containers of a draft: those that the identities of the adopted apps use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mzaudit import kinds
from mzaudit.adoption import draft_names
from mzaudit.adoption.draft_tree import Branch, Value
from mzaudit.adoption.observed_apps import Looks, ObservedApp
from mzaudit.policy.spec_values import HISTORIES
from mzaudit.snapshot.text.ids import key, name

TENANT_COLUMN: Final = "tenant_id"
_CONTAINER: Final = re.compile(r"(.*)/blobServices/default/containers/([^/]+)", re.IGNORECASE)
READS_BLOBS: Final = "Storage Blob Data Reader"
BLOB_ROLES: Final = (READS_BLOBS, "Storage Blob Data Contributor", "Storage Blob Data Owner")


@dataclass(frozen=True, slots=True)
class DraftedData:
    """Servers and containers by key, with their ids; `databases` and `containers` are what each app, by `ids.key`,
    uses of them. `things` are the full names of databases and containers, by `ids.key`."""

    servers: Mapping[str, tuple[str, Branch]]
    storage: Mapping[str, tuple[str, Branch]]
    databases: Mapping[str, tuple[Value, ...]]
    containers: Mapping[str, tuple[str, ...]]
    things: Mapping[str, str]


def draft_data(looks: Looks) -> DraftedData:
    """Every server of the adopted groups, else every one with a database that an app's identity is a user of; and every
    container that an app's identity has a role on: one that is none of `BLOB_ROLES` is further access."""
    things: dict[str, str] = {}
    servers, databases = _servers(looks, things)
    storage, containers = _containers(looks, things)
    return DraftedData(
        servers,
        storage,
        {app: tuple(each) for app, each in databases.items()},
        {app: tuple(each) for app, each in containers.items()},
        things,
    )


def _servers(
    looks: Looks, things: dict[str, str]
) -> tuple[Mapping[str, tuple[str, Branch]], Mapping[str, Sequence[Value]]]:
    """The servers by key, and which databases each app uses; the databases are added to `things`."""
    found = servers_of(looks)
    server_keys = draft_names.keys(map(name, found), looks.env) if len(found) > 1 else {}
    servers: dict[str, tuple[str, Branch]] = {}
    uses: dict[str, list[Value]] = {}
    taken: set[str] = set()  # a database's key is one of all servers'
    for server in found:
        server_key = server_keys.get(name(server), "main")
        there = [each for each in looks.newest.server(server).databases.items if not (each.system or each.secondary)]
        database_keys = draft_names.keys((each.name for each in there), looks.env)
        databases = Branch()
        for database in there:
            called = database_keys[database.name]
            called = called if called not in taken else f"{server_key}-{called}"
            taken.add(called)
            things[key(database.id)] = f"databases.{called}"
            databases.entries[called] = _database(looks, database.id, database.name)
            for app in looks.apps:
                roles = tuple(_roles(looks, database.id, app))
                if roles:
                    uses.setdefault(key(app.id), []).append({"database": called, "roles": roles})
        branch = Branch()
        branch.put("name", draft_names.template(name(server), looks.env))
        branch.entries["databases"] = databases
        if databases.entries:
            servers[server_key] = (server, branch)
    return servers, uses


def _containers(
    looks: Looks, things: dict[str, str]
) -> tuple[Mapping[str, tuple[str, Branch]], Mapping[str, Sequence[str]]]:
    """The containers by key, each with its account, and which of them each app uses; they are added to `things`."""
    storage: dict[str, tuple[str, Branch]] = {}
    uses: dict[str, list[str]] = {}
    held = [(app, role, scope) for app in looks.apps for role, scope in looks.roles_of(app)]
    for app, role, scope in sorted(held, key=lambda each: each[1] not in BLOB_ROLES):  # whose role it is comes first
        container = _CONTAINER.fullmatch(scope)
        if container is None:
            continue
        called = _stored_as(storage, container[1], container[2])
        branch = Branch()
        branch.put("account", draft_names.template(name(container[1]), looks.env))
        branch.put("container", draft_names.template(container[2], looks.env))
        if role in BLOB_ROLES:
            uses.setdefault(key(app.id), []).append(called)
            if role != READS_BLOBS:
                branch.put("role", role)
        storage.setdefault(called, (container[1], branch))
        things[key(scope)] = f"storage.{called}"
    return storage, uses


def servers_of(looks: Looks) -> tuple[str, ...]:
    """The ids of the servers to look at: those of the adopted groups, else all, since an app may use one elsewhere."""
    return looks.within(kinds.SERVER.type) or (looks.all(kinds.SERVER.type) if looks.within(kinds.SITE.type) else ())


def _stored_as(storage: Mapping[str, tuple[str, Branch]], account: str, container: str) -> str:
    """The key of a container: its name, and its account's where another account has one of that name."""
    taken = storage.get(container)
    return container if taken is None or key(taken[0]) == key(account) else f"{name(account)}-{container}"


def _database(looks: Looks, database: str, called: str) -> Branch:
    """A database. What was not asked of it yet is guessed, so that the next look asks."""
    branch = Branch(guess="its key, from its name")
    branch.put("name", draft_names.template(called, looks.env))
    column = looks.has_column(database, TENANT_COLUMN)
    if column is not False:
        branch.put("tenant_column", TENANT_COLUMN, "" if column else "the database could not be read")
    for tool, table in HISTORIES.items():
        there = looks.has_history(database, table)
        if there is not False:
            branch.put("migrations", {"tool": tool}, "" if there else "the database could not be read")
            break
    return branch


def _roles(looks: Looks, database: str, app: ObservedApp) -> Iterator[str]:
    """The roles that the app's identity is a direct member of."""
    inside = looks.newest.database(database)
    if app.client_id is None:
        return
    users = {one.name for one in inside.principals.items if (one.entra_id or "") == app.client_id.casefold()}
    yield from sorted(one.role for one in inside.memberships.items if one.member in users)
