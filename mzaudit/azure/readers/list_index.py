"""One list in place of many reads: what it says of each resource.

A list never says that something is not there: what it does not hold, and all of it if the list failed, is read
directly. A list of a resource group is answered from one of its subscription only where that one is known to be whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, cast

from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.wire_models import Resource
from mzaudit.kinds import Kind
from mzaudit.snapshot.observed import Gap, Listing
from mzaudit.snapshot.text.ids import key, subscription_of

if TYPE_CHECKING:
    from mzaudit.azure.readers.read import ReadContext

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one list said."""

    items: Mapping[str, Resource]
    gap: Gap | None


class Inventory:
    """The lists that replace reads, each asked for once, when the first thing in it is wanted.

    `lists` are by `ids.key` of the collection that they hold.
    """

    def __init__(self, run: ReadContext, lists: Mapping[str, Call]) -> None:
        self._run = run
        self._lists = lists
        self._tasks: dict[str, asyncio.Task[_Seen | None]] = {}

    async def one(self, call: Call, wire: type[R]) -> R | None:
        """What a list says of the resource that `call` would read."""
        owner, _, name = call.target.partition(f"/providers/{call.kind}/")
        wide = self._wide(owner, call.kind) if _is_resource(name) and call.method == "GET" else None
        seen = None if wide is None else await self._seen(wide, wire)
        found = None if seen is None else seen.items.get(key(call.target))
        return cast("R | None", found)  # a list's items are of the type that it was asked for with, as in `beneath`

    async def beneath(self, call: Call, wire: type[R]) -> Listing[R] | None:
        """All that `call` would list, if a wider list is known to hold all of it."""
        owner, _, rest = call.target.partition(f"/providers/{call.kind}")
        wide = self._wide(owner, call.kind) if rest == "" or _is_slots(rest) else None
        seen = None if wide is None or key(wide.target) == key(call.target) else await self._seen(wide, wire)
        if wide is None or seen is None or seen.gap is not None:
            return None
        if rest and key(call.target.rpartition("/")[0]) not in seen.items:  # it would hold the app beside its slots
            return None
        if await self._run.trimmed(replace(call, within=wide.within)) is not None:
            return None
        start = key(call.target) + "/"
        found = (item for id_, item in seen.items.items() if id_.startswith(start))
        return Listing(tuple(cast("R", item) for item in found))  # of that type, as in `one`

    def _wide(self, owner: str, kind: Kind) -> Call | None:
        """The list that holds what `owner` has of a kind: of the resource group itself, else of its subscription."""
        for place in (owner, f"/subscriptions/{subscription_of(owner)}"):
            if found := self._lists.get(key(f"{place}/providers/{kind}")):
                return found
        return None

    async def _seen(self, wide: Call, wire: type[R]) -> _Seen | None:
        name = key(wide.target)
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(self._ask(wide, wire))
        return await self._tasks[name]

    async def _ask(self, wide: Call, wire: type[R]) -> _Seen | None:
        found = await self._run.listing(wide, wire, _itself)
        return None if found is None else _Seen({key(item.id): item for item in found.items}, found.gap)


def _itself(item: R) -> R:
    return item


def _is_resource(name: str) -> bool:
    """Whether what follows its kind in an id names a resource itself, or a slot of an app."""
    parts = name.split("/")
    return parts != [""] and (len(parts) == 1 or (len(parts) == 3 and parts[1].casefold() == "slots"))


def _is_slots(rest: str) -> bool:
    parts = rest.split("/")
    return len(parts) == 3 and parts[2].casefold() == "slots"
