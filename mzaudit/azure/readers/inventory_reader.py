"""Reads what a resource group holds. The list is cut, in silence, to what the caller may read: whole it is only for
one who may read resources of every type."""

from __future__ import annotations

from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Id, Wire
from mzaudit.azure.required_permissions import INVENTORY
from mzaudit.kinds import RESOURCE
from mzaudit.snapshot.inventory import InventoryItem
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.text.ids import key


class _Item(Wire):
    id: Id
    managed_by: Id | None = None


async def inventory(run: ReadContext, group: str) -> Listing[InventoryItem]:
    """The resources of a group, by its id; none of a group that does not exist."""
    call = Call(f"{group}/resources", RESOURCE, INVENTORY.permission, group, within=(group,))

    def build(item: _Item) -> InventoryItem:
        if not key(item.id).startswith(f"{key(group)}/providers/"):
            raise ValueError("an item belongs to another list")
        return InventoryItem(item.id, item.managed_by or None)

    return await run.list(call, _Item, build)
