"""Reads who changed a resource last: one question to Resource Graph for all, one to the Activity Log for each.

The change history keeps 14 days and holds no app setting, no image and nothing of a data plane; the Activity Log keeps
90 days of what went through Resource Manager.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import Field, JsonValue

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Id, Moment, Wire
from mzaudit.snapshot.changes import ACTIVITY_DAYS, Recorded, Records
from mzaudit.snapshot.observed import Gap, Listing
from mzaudit.snapshot.text.ids import key, subscription_of

_QUERY: Final = (
    "resourcechanges"
    " | extend target = tolower(tostring(properties.targetResourceId)), changed = properties.changeAttributes"
    " | where target in~ ({targets})"
    " | project target, at = todatetime(changed.timestamp), by = tostring(changed.changedBy),"
    " operation = tostring(changed.operation), type = tostring(properties.changeType)"
    " | summarize arg_max(at, by, operation, type) by target"
)
_OBJECT_ID: Final = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_SILENT: Final = frozenset({"", "unknown", "unspecified"})


class _Change(Wire):
    target: Id
    at: Moment
    by: str | None = None
    operation: str | None = None
    type: str | None = None


class _Changes(Wire):
    data: list[_Change]


class _Localised(Wire):
    value: str | None = None


class _Event(Wire):
    event_timestamp: Moment
    caller: str | None = None
    operation_name: _Localised | None = None
    status: _Localised | None = None
    claims: dict[str, JsonValue] | None = Field(default=None, repr=False)


async def records(run: ReadContext, resources: Sequence[str], taken: datetime) -> Records:
    """What Azure recorded of these resources until now; `taken` is when the state was read."""
    since = taken - timedelta(days=ACTIVITY_DAYS)
    async with asyncio.TaskGroup() as group:
        history = group.create_task(_history(run, resources))
        activity = {key(each): group.create_task(_activity(run, each, since)) for each in resources}
    return Records(history.result(), {each: task.result() for each, task in activity.items()})


async def _history(run: ReadContext, resources: Sequence[str]) -> Mapping[str, Recorded] | Gap:
    kind = kinds.RESOURCE_GRAPH
    scope = f"/subscriptions/{subscription_of(resources[0])}"
    targets = ", ".join(json.dumps(key(each)) for each in resources)
    question = {
        "query": _QUERY.replace("{targets}", targets),
        "subscriptions": sorted({subscription_of(each) for each in resources}),
        "options": {"resultFormat": "objectArray", "$top": 1000},
    }
    # It takes no permission of its own: what the caller may not read is left out of the answer.
    call = Call(f"/providers/{kind}", kind, "", scope, method="POST", body=json.dumps(question))
    found = await run.read(call, _Changes, lambda body: {key(each.target): _changed(each) for each in body.data})
    return found if isinstance(found, Gap) else found.value or {}


def _changed(change: _Change) -> Recorded:
    caller = change.by if change.by is not None and change.by.casefold() not in _SILENT else ""
    operation = change.operation or change.type or ""
    return Recorded(change.at, caller, (caller.casefold(),) if caller else (), operation, "change history")


async def _activity(run: ReadContext, resource: str, since: datetime) -> Listing[Recorded]:
    kind = kinds.EVENT
    scope = f"/subscriptions/{subscription_of(resource)}"
    quoted = resource.replace("'", "''")
    asked = f"eventTimestamp ge '{since:%Y-%m-%dT%H:%M:%SZ}' and resourceUri eq '{quoted}'"
    select = "eventTimestamp,caller,operationName,status,claims"
    call = Call(
        f"{scope}/providers/{kind}/management/values",
        kind,
        required_permissions.EVENTS.permission,
        scope,
        query=(("$filter", asked), ("$select", select)),
    )
    found = await run.list(call, _Event, _happened)
    return Listing(tuple(one for one in found.items if one is not None), found.gap)


def _happened(event: _Event) -> Recorded | None:
    """The event, if it changed something."""
    operation = (event.operation_name and event.operation_name.value) or ""
    status = (event.status and event.status.value) or ""
    if status.casefold() != "succeeded" or not operation.casefold().endswith(("/write", "/delete")):
        return None
    claims = event.claims or {}
    named = (event.caller, claims.get("appid"), claims.get(_OBJECT_ID))
    ids = tuple(dict.fromkeys(each.casefold() for each in named if isinstance(each, str) and each))
    return Recorded(event.event_timestamp, event.caller or "", ids, operation, "Activity Log")
