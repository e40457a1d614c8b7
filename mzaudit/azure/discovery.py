"""What is in a subscription, by kind: names only, for a policy that is yet to be written.

Each kind is listed by its own provider; the general list of resources is cut to what the caller may read of any kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Wire
from mzaudit.kinds import NAMED, Kind
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.text.ids import key


class _Listed(Wire):
    id: str


async def discover(run: ReadContext, subscription: str) -> Mapping[str, Listing[str]]:
    """The ids, by type, of everything in a subscription of which a policy may name the kind."""
    async with asyncio.TaskGroup() as group:
        listings = {kind.type: group.create_task(_ids(run, subscription, kind)) for kind in NAMED}
    return {kind: task.result() for kind, task in listings.items()}


async def _ids(run: ReadContext, subscription: str, kind: Kind) -> Listing[str]:
    scope = f"/subscriptions/{subscription}"
    call = Call(f"{scope}/providers/{kind}", kind, kind.read, scope, within=(scope,))

    def held(body: _Listed) -> str:
        if not key(body.id).startswith(key(scope) + "/resourcegroups/"):
            raise ValueError("an item belongs to another list")
        return body.id

    return await run.list(call, _Listed, held)
