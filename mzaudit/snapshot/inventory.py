"""What a resource group holds, as Azure Resource Manager lists it: resources of any type, by their ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """A resource of a group; `managed_by` is the id of the resource that manages it, None where Azure names none."""

    id: str
    managed_by: str | None = None
