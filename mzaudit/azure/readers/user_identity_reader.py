"""Reads user-assigned managed identities."""

from __future__ import annotations

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Resource, Wire
from mzaudit.azure.scope import ResourceScope
from mzaudit.snapshot.user_identities import UserIdentity, UserIdentityProperties


class _IdentityMembers(Wire):
    principal_id: str | None = None
    client_id: str | None = None


class _WireIdentity(Resource):
    properties: _IdentityMembers


async def user_identity(run: ReadContext, scope: ResourceScope) -> UserIdentity:
    """An identity, by its id."""
    call = Call(scope.id, kinds.USER_IDENTITY, required_permissions.USER_IDENTITY.permission, scope.id)
    return UserIdentity(scope.id, await run.read(call, _WireIdentity, _properties))


def _properties(body: _WireIdentity) -> UserIdentityProperties:
    return UserIdentityProperties(body.id, body.name, body.properties.principal_id, body.properties.client_id)


BY_ID = {kinds.USER_IDENTITY: user_identity}
