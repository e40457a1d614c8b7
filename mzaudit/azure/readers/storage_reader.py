"""Reads blob storage as the control plane shows it: the account and the containers in scope."""

from __future__ import annotations

import asyncio

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.wire_models import Resource, Wire
from mzaudit.azure.scope import ResourceScope
from mzaudit.snapshot.observed import Gap, Observed
from mzaudit.snapshot.storage import AccountProperties, BlobContainer, StorageAccount


class _AccountMembers(Wire):
    allow_shared_key_access: bool | None = None
    allow_blob_public_access: bool | None = None
    is_hns_enabled: bool | None = None
    is_sftp_enabled: bool | None = None
    is_local_user_enabled: bool | None = None
    is_nfs_v3_enabled: bool | None = None


class _Account(Resource):
    properties: _AccountMembers


class _ContainerMembers(Wire):
    public_access: str | None = None


class _Container(Resource):
    properties: _ContainerMembers


async def account(run: ReadContext, scope: ResourceScope) -> StorageAccount:
    """An account and its containers, which are read by name."""
    call = Call(scope.id, kinds.ACCOUNT, required_permissions.ACCOUNT.permission, scope.id)
    async with asyncio.TaskGroup() as group:
        properties = group.create_task(run.read(call, _Account, _properties))
        found = group.create_task(side_by_side(_container(run, scope.id, wanted) for wanted in scope.names))
    containers = {wanted.casefold(): each for wanted, each in zip(scope.names, found.result(), strict=True)}
    return StorageAccount(scope.id, properties.result(), containers)


async def _container(run: ReadContext, account_id: str, wanted: str) -> Observed[BlobContainer | None] | Gap:
    target = f"{account_id}/blobServices/default/containers/{wanted}"
    call = Call(target, kinds.ACCOUNT, required_permissions.CONTAINER.permission, target)
    return await run.read(call, _Container, _blob_container)


def _properties(body: _Account) -> AccountProperties:
    members = body.properties
    return AccountProperties(
        body.id,
        body.name,
        members.allow_shared_key_access,
        members.allow_blob_public_access,
        members.is_hns_enabled,
        members.is_sftp_enabled,
        members.is_local_user_enabled,
        members.is_nfs_v3_enabled,
    )


def _blob_container(body: _Container) -> BlobContainer:
    return BlobContainer(body.id, body.name, body.properties.public_access)


BY_ID = {kinds.ACCOUNT: account}
