"""Reads Azure SQL as the control plane shows it: server, databases, Entra-only authentication."""

from __future__ import annotations

import asyncio

from pydantic import Field

from mzaudit.azure import needs
from mzaudit.azure.call import Call
from mzaudit.azure.run import Run, side_by_side
from mzaudit.azure.scope import ServerScope
from mzaudit.azure.wire import Resource, Wire
from mzaudit.snapshot.observed import Gap, Observed
from mzaudit.snapshot.sql import Database, SqlServer

_KIND = "Microsoft.Sql/servers"


class _DatabaseMembers(Wire):
    status: str | None = None


class _Database(Resource):
    kind: str | None = None
    properties: _DatabaseMembers


class _EntraOnlyMembers(Wire):
    value: bool = Field(alias="azureADOnlyAuthentication")


class _EntraOnly(Resource):
    properties: _EntraOnlyMembers


async def server(run: Run, scope: ServerScope) -> SqlServer:
    """A server; databases that are wanted and not in its list are looked up one by one."""
    listed = Call(
        f"{scope.id}/databases",
        _KIND,
        needs.DATABASE.permission,
        scope.id,
        within=("/".join(scope.id.split("/")[:5]), scope.id),
    )
    entra = Call(
        f"{scope.id}/azureADOnlyAuthentications/Default",
        _KIND,
        needs.ENTRA_ONLY.permission,
        scope.id,
    )
    async with asyncio.TaskGroup() as group:
        exists = group.create_task(_exists(run, scope.id, needs.SERVER.permission))
        listing = group.create_task(run.list(listed, _Database, _database))
        entra_only = group.create_task(run.read(entra, _EntraOnly, lambda body: body.properties.value))
    databases = listing.result()
    names = {database.name.casefold() for database in databases.items}
    unlisted = [wanted for wanted in scope.databases if wanted.casefold() not in names]
    found = await side_by_side(
        _exists(run, f"{scope.id}/databases/{wanted}", needs.DATABASE.permission) for wanted in unlisted
    )
    lookups = {wanted.casefold(): each for wanted, each in zip(unlisted, found, strict=True)}
    return SqlServer(scope.id, exists.result(), databases, lookups, entra_only.result())


async def _exists(run: Run, resource_id: str, permission: str) -> Observed[bool] | Gap:
    seen = await run.read(Call(resource_id, _KIND, permission, resource_id), Resource, lambda body: body.id)
    return seen if isinstance(seen, Gap) else Observed(seen.value is not None)


def _database(body: _Database) -> Database:
    kinds = [part.strip().casefold() for part in (body.kind or "").split(",")]
    return Database(body.id, body.name, body.properties.status, "system" in kinds or body.name.casefold() == "master")
