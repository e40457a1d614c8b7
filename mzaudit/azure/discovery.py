"""What is in a subscription, by kind: names only, for a policy that is yet to be written.

Each kind is listed by its own provider; the general list of resources is cut to what the caller may read of any kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Wire
from mzaudit.azure.required_permissions import Need
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.text.ids import key

KINDS: Final[Mapping[str, Need]] = {
    "Microsoft.Web/sites": required_permissions.SITE,
    "Microsoft.KeyVault/vaults": required_permissions.VAULT,
    "Microsoft.ContainerRegistry/registries": required_permissions.REGISTRY,
    "Microsoft.Sql/servers": required_permissions.SERVER,
    "Microsoft.Storage/storageAccounts": required_permissions.ACCOUNT,
    "Microsoft.Insights/components": required_permissions.COMPONENT,
}


class _Listed(Wire):
    id: str


async def census(run: ReadContext, subscription: str) -> Mapping[str, Listing[str]]:
    """The ids of everything of those kinds in a subscription."""
    async with asyncio.TaskGroup() as group:
        listings = {kind: group.create_task(_ids(run, subscription, kind, need)) for kind, need in KINDS.items()}
    return {kind: task.result() for kind, task in listings.items()}


async def _ids(run: ReadContext, subscription: str, kind: str, need: Need) -> Listing[str]:
    scope = f"/subscriptions/{subscription}"
    call = Call(f"{scope}/providers/{kind}", kind, need.permission, scope, within=(scope,))

    def held(body: _Listed) -> str:
        if not key(body.id).startswith(key(scope) + "/resourcegroups/"):
            raise ValueError("an item belongs to another list")
        return body.id

    return await run.list(call, _Listed, held)
