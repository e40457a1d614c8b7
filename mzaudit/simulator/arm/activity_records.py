"""What the simulated Azure recorded of changes: the Activity Log, and the change history of Resource Graph."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

from mzaudit.simulator.arm import rbac
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.arm_types import TYPES, type_key
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import HttpResponse, Json, error

_READ = "Microsoft.Insights/eventtypes/values/read"
_MOMENT = r"'([0-9T:.Z-]+)'"
_FILTER = re.compile(
    rf"eventTimestamp ge {_MOMENT}(?: and eventTimestamp le {_MOMENT})?"
    r"(?: and (resourceGroupName|resourceUri|resourceProvider|correlationId) eq '((?:[^']|'')*)')?",
    re.IGNORECASE,
)
_TARGETS = re.compile(r"where target in~ \(([^)]*)\)")
_LOG_DAYS, _HISTORY_DAYS = 90, 14
_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
PERSON = "operator@estate.example"


def change(estate: Estate, resource: str, operation: str, days_ago: float, caller: str, oid: str) -> None:
    """Record one change of a resource, by a person (an address) or an application (its object id); days are counted
    from the estate's midnight."""
    stamp = (estate.midnight - timedelta(days=days_ago)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    claims = {"aud": "https://management.azure.com/", _OBJECT_ID: oid}
    claims |= {"name": "An Operator"} if "@" in caller else {"appid": stable_guid("client", oid)}
    for status in ("Started", "Succeeded"):
        estate.events.append(
            {
                "eventTimestamp": stamp,
                "caller": caller,
                "claims": claims,
                "correlationId": stable_guid("correlation", resource.casefold(), operation, str(days_ago)),
                "eventName": {"value": "EndRequest", "localizedValue": "End request"},
                "category": {"value": "Administrative", "localizedValue": "Administrative"},
                "operationName": {"value": operation, "localizedValue": operation},
                "status": {"value": status, "localizedValue": status},
                "resourceId": resource,
                "resourceGroupName": resource.split("/")[4],
                "level": "Informational",
                "properties": {"requestbody": json.dumps({"note": "what was written"})},
            }
        )
    if "/config/" not in operation and "/roleassignments/" not in resource.casefold():
        estate.changes.append({"target": resource.casefold(), "at": stamp, "by": caller, "operation": operation})


def activity(request: ArmRequest, scope: str) -> HttpResponse:
    """The Activity Log of a subscription, the latest first, in Azure's fixed filter grammar."""
    refused = request.forbidden(_READ, scope)
    if refused is not None:
        return refused
    asked = _FILTER.fullmatch(request.call.query.get("$filter", "").strip())
    if asked is None:
        return error(400, "BadRequest", "The filter is invalid: eventTimestamp with ge is required.")
    since = _moment(asked[1])
    if datetime.now(UTC) - since > timedelta(days=_LOG_DAYS):
        return error(400, "BadRequest", f"The start time cannot be more than {_LOG_DAYS} days in the past.")
    names = {"resourceuri": "resourceId", "resourcegroupname": "resourceGroupName", "correlationid": "correlationId"}
    wanted = (asked[4] or "").replace("''", "'").casefold()
    select = [name for name in request.call.query.get("$select", "").split(",") if name]
    found = []
    for event in sorted(request.estate.events, key=lambda one: str(one["eventTimestamp"]), reverse=True):
        here = str(event["resourceId"]).casefold().startswith(scope.casefold() + "/")
        meant = not asked[3] or str(event.get(names.get(asked[3].casefold(), ""), "")).casefold() == wanted
        if here and meant and _moment(str(event["eventTimestamp"])) >= since:
            found.append({name: event[name] for name in select or event if name in event})
    return page(request.call, found, size=request.page_size, end="missing")


def history(request: ArmRequest) -> HttpResponse:
    """The one question that is understood: the last change of each of some resources. What the caller may not read is
    left out, without a word."""
    try:
        asked = json.loads(request.call.body)
        query, subscriptions = str(asked["query"]), {str(one).casefold() for one in asked["subscriptions"]}
    except (ValueError, KeyError, TypeError):
        return error(400, "BadRequest", "Please provide below info when asking for support: query is missing.")
    named = _TARGETS.search(query)
    if not query.startswith("resourcechanges") or named is None:
        return error(400, "BadRequest", "Query is invalid. Please refer to the documentation for the details.")
    targets = {str(one).casefold() for one in json.loads(f"[{named[1]}]")}
    last: dict[str, Json] = {}
    for one in request.estate.changes:
        target, at = str(one["target"]), str(one["at"])
        meant = target in targets and target.split("/")[2] in subscriptions and _may_read(request, target)
        recent = datetime.now(UTC) - _moment(at) <= timedelta(days=_HISTORY_DAYS)
        if meant and recent and at >= str(last.get(target, one)["at"]):
            last[target] = one | {"type": "Update"}
    rows = [last[target] for target in sorted(last)]
    counts = {"totalRecords": len(rows), "count": len(rows)}
    return HttpResponse(200, {**counts, "data": rows, "facets": [], "resultTruncated": "false"})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _may_read(request: ArmRequest, target: str) -> bool:
    kind = TYPES.get(type_key(target))
    return kind is not None and rbac.may(request.estate, request.oid, f"{kind.name}/read", target)
