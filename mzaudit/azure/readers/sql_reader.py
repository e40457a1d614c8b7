"""Reads Azure SQL as the control plane shows it: server, databases, Entra-only authentication."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic import Field

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.wire_models import ContradictionError, Resource, Wire
from mzaudit.azure.scope import ServerScope
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.sql import Database, EntraAdministrator, SqlServer
from mzaudit.snapshot.text import shown
from mzaudit.snapshot.text.ids import covers, group_of, key, name, same

T = TypeVar("T")


class _DatabaseMembers(Wire):
    status: str | None = None
    secondary_type: str | None = None


class _WireDatabase(Resource):
    kind: str | None = None
    properties: _DatabaseMembers | None = None


class _Administrator(Wire):
    login: str | None = None
    principal_type: str | None = None
    sid: str | None = None
    entra_only: bool | None = Field(default=None, alias="azureADOnlyAuthentication")


class _ServerMembers(Wire):
    fully_qualified_domain_name: str | None = None
    administrators: _Administrator | None = None


class _Server(Resource):
    properties: _ServerMembers | None = None


class _EntraOnlyMembers(Wire):
    value: bool = Field(alias="azureADOnlyAuthentication")


class _EntraOnly(Resource):
    properties: _EntraOnlyMembers


@dataclass(frozen=True, slots=True)
class Reached:
    """What it takes to sign in to the databases of a server: its host (None inside for a server that names none, or
    that is not there) and which databases it has; `lookups` and `administrator` as in `SqlServer`. `entra_only` is what
    the server itself says of it, if anything."""

    exists: Observed[bool] | Gap
    host: Observed[str | None] | Gap
    administrator: Observed[EntraAdministrator | None] | Gap
    databases: Listing[Database]
    lookups: Mapping[str, Observed[bool] | Gap]
    entra_only: bool | None


async def reached(run: ReadContext, scope: ServerScope) -> Reached:
    """A server and its databases; those that are wanted and not in its list are looked up one by one."""
    permission = required_permissions.SERVER.permission
    call = Call(scope.id, kinds.SERVER, permission, scope.id, query=kinds.SERVER.query, leads=True)
    listed = Call(
        f"{scope.id}/databases",
        kinds.SERVER,
        required_permissions.DATABASE.permission,
        scope.id,
        within=(group_of(scope.id), scope.id),
        leads=True,
    )
    async with asyncio.TaskGroup() as group:
        itself = group.create_task(run.read(call, _Server, _server))
        listing = group.create_task(run.list(listed, _WireDatabase, _database))
    seen = itself.result()
    databases, lookups = await _with_unlisted(run, scope, listed, listing.result())
    if isinstance(seen, Gap):
        return Reached(seen, seen, seen, databases, lookups, None)
    members = seen.value or _ServerMembers()
    administrators = members.administrators
    return Reached(
        _there(seen),
        Observed(shown.host(members.fully_qualified_domain_name or "") or None),
        Observed(_administrator(administrators)),
        databases,
        lookups,
        None if administrators is None else administrators.entra_only,
    )


async def _with_unlisted(
    run: ReadContext, scope: ServerScope, call: Call, listed: Listing[Database]
) -> tuple[Listing[Database], Mapping[str, Observed[bool] | Gap]]:
    """The list of a server's databases, with those that only their own read shows, and what each such read says."""
    names = {database.name.casefold() for database in listed.items}
    unlisted = [one.name for one in scope.databases if one.name.casefold() not in names]
    permission, ids = required_permissions.DATABASE.permission, [f"{scope.id}/databases/{each}" for each in unlisted]
    looked = await side_by_side(
        run.read(Call(each, kinds.SERVER, permission, each), _WireDatabase, _database) for each in ids
    )
    found = tuple(each.value for each in looked if isinstance(each, Observed) and each.value is not None)
    listed = await run.agreed(call, _WireDatabase, _database, listed, partial(_lacks, [each.id for each in found]))
    more = tuple(each for each in found if not any(same(each.id, item.id) for item in listed.items))
    lookups = {wanted.casefold(): _there(each) for wanted, each in zip(unlisted, looked, strict=True)}
    return Listing((*listed.items, *more), listed.gap), lookups


def _lacks(read: Iterable[str], items: tuple[Database, ...] | tuple[str, ...]) -> str:
    """What a list must hold because it was read, and does not."""
    held = {key(each if isinstance(each, str) else each.id) for each in items}
    return next((f"it lacks {name(each)}, which can be read" for each in read if key(each) not in held), "")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The servers of a resource group with the databases of each; `gap` says that there may be more servers."""

    databases: Mapping[str, Listing[Database]]
    gap: Gap | None

    def beside(self, server_id: str) -> Listing[Database]:
        """The databases of every server but this one."""
        others = [found for each, found in self.databases.items() if not same(each, server_id)]
        gaps = [gap for gap in (self.gap, *(each.gap for each in others)) if gap is not None]
        return Listing(tuple(item for each in others for item in each.items), gaps[0] if gaps else None)


async def neighbours(run: ReadContext, group: str, reaching: Mapping[str, asyncio.Task[Reached]]) -> Neighbours:
    """What is on the servers of a resource group; `reaching`, by `ids.key`, are those that are read anyway."""
    call = Call(
        f"{group}/providers/{kinds.SERVER}",
        kinds.SERVER,
        required_permissions.SERVER.permission,
        group,
        within=(group,),
    )
    servers = await run.list(call, _Server, _id)
    there = [each for each, task in reaching.items() if covers(group, each) and (await task).exists == Observed(True)]
    servers = await run.agreed(call, _Server, _id, servers, partial(_lacks, there))
    found = await side_by_side(_databases_of(run, group, each, reaching.get(key(each))) for each in servers.items)
    return Neighbours(dict(zip(servers.items, found, strict=True)), servers.gap)


async def _databases_of(
    run: ReadContext, group: str, server_id: str, read: asyncio.Task[Reached] | None
) -> Listing[Database]:
    if read is not None:
        return (await read).databases
    permission, within = required_permissions.DATABASE.permission, (group, server_id)
    return await run.list(
        Call(f"{server_id}/databases", kinds.SERVER, permission, server_id, within=within), _WireDatabase, _database
    )


async def server(
    run: ReadContext, scope: ServerScope, reaching: asyncio.Task[Reached], around: asyncio.Task[Neighbours]
) -> SqlServer:
    """A server, with what is being read of it, of its databases and of its resource group."""
    entra = Call(
        f"{scope.id}/azureADOnlyAuthentications/Default",
        kinds.SERVER,
        required_permissions.ENTRA_ONLY.permission,
        scope.id,
    )
    entra_only = await run.read(entra, _EntraOnly, _switched_on)
    seen, elsewhere = await reaching, (await around).beside(scope.id)
    if why := _denied(entra_only, seen):
        entra_only = await run.read_directly(entra, _EntraOnly, _switched_on)
        if why := _denied(entra_only, seen):
            entra_only = run.contradicted(entra, why)
    return SqlServer(
        scope.id,
        seen.exists,
        seen.databases,
        seen.lookups,
        entra_only,
        seen.host,
        seen.administrator,
        elsewhere,
    )


def _denied(entra_only: Observed[bool | None] | Gap, seen: Reached) -> str:
    """What the server says against what was read of its sign-in."""
    administered = isinstance(seen.administrator, Observed) and seen.administrator.value is not None
    if isinstance(entra_only, Gap):
        return ""
    if entra_only.value is None:
        return "it is missing, though the server reports an Entra administrator" if administered else ""
    if seen.entra_only is None or seen.entra_only == entra_only.value:
        return ""
    return "the server and its azureADOnlyAuthentications contradict each other"


def _id(body: _Server) -> str:
    return body.id


def _server(body: _Server) -> _ServerMembers:
    members = body.properties or _ServerMembers()
    host = members.fully_qualified_domain_name
    if host and host.split(".")[0].casefold() != body.name.casefold():
        raise ContradictionError("fullyQualifiedDomainName is that of another server")
    return members


def _switched_on(body: _EntraOnly) -> bool:
    return body.properties.value


def _there(seen: Observed[T | None] | Gap) -> Observed[bool] | Gap:
    return seen if isinstance(seen, Gap) else Observed(seen.value is not None)


def _administrator(body: _Administrator | None) -> EntraAdministrator | None:
    return None if body is None else EntraAdministrator(body.login or "", body.principal_type, body.sid or "")


def _database(body: _WireDatabase) -> Database:
    kinds = [part.strip().casefold() for part in (body.kind or "").split(",")]
    status = None if body.properties is None else body.properties.status
    secondary = body.properties is not None and body.properties.secondary_type is not None
    return Database(body.id, body.name, status, "system" in kinds or body.name.casefold() == "master", secondary)
