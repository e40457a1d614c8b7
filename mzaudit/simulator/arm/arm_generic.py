"""Reads and lists of every resource whose body the estate simply holds, and the generic `/resources` list."""

from __future__ import annotations

import re
from collections.abc import Callable

from mzaudit.simulator.arm import arm_errors, providers, rbac
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.arm_types import NAMESPACES, TYPES, ResourceType, type_key
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.http_messages import HttpResponse, Json, error, inside

_CHILD_CODES = {
    "microsoft.storage/storageaccounts/blobservices/containers": (
        "ContainerNotFound",
        "The specified container does not exist.",
    ),
}


def answer(
    request: ArmRequest, scope: str, rest: list[str], shown: Callable[[Json], Json] = lambda body: body
) -> HttpResponse:
    """GET of `{scope}/providers/{rest}`: a resource, or the list of a type below a subscription, group or parent."""
    namespace, *tail = rest
    key = "/".join((namespace, *tail[0::2])).casefold()
    if namespace.casefold() in request.estate.unregistered:
        return arm_errors.not_registered(namespace, scope)
    if key in request.estate.further_types and key not in TYPES:
        return _further(request, scope, rest, ResourceType(request.estate.further_types[key]))
    if namespace.casefold() not in NAMESPACES:
        return arm_errors.namespace_invalid(namespace)
    here = f"{scope}/providers/{'/'.join(rest)}"
    if request.call.method != "GET":
        spelled = TYPES[key].name if key in TYPES else "/".join((namespace, *tail[0::2][:-1]))
        return arm_errors.write(request, here, spelled)
    if key not in TYPES or not tail:
        version = request.call.query["api-version"]
        return arm_errors.type_invalid(NAMESPACES[namespace.casefold()], "/".join(tail[0::2]), version)
    kind = TYPES[key]
    if len(tail) % 2 == 1:
        return _list(request, scope, rest, kind, shown)
    return missing_right_or_thing(request, scope, rest, kind) or HttpResponse(
        200, _as_asked(request, kind, shown(request.estate.resource(here)))
    )


def _further(request: ArmRequest, scope: str, rest: list[str], kind: ResourceType) -> HttpResponse:
    """A resource or a list of a type that is the estate's own, in one of the versions that its provider announces."""
    if request.call.method != "GET":
        return arm_errors.write(request, f"{scope}/providers/{'/'.join(rest)}", kind.name)
    version = request.call.query["api-version"]
    owned = kind.name.count("/") > 1 and "/".join(kind.name.split("/")[:2]).casefold() in TYPES
    if version not in providers.versions(kind.name) and not owned:  # a part is served in its owner's versions too
        return arm_errors.version_refused(kind.name, version, providers.versions(kind.name))
    if len(rest) % 2 == 0:
        return _list(request, scope, rest, kind, lambda body: body)
    here = f"{scope}/providers/{'/'.join(rest)}"
    refused = request.forbidden(f"{kind.name}/read", here)
    if refused is not None:
        return refused
    if here.casefold() in request.estate.resources:
        return HttpResponse(200, request.estate.resource(here))
    if "/providers/" in scope and scope.casefold() not in request.estate.resources:
        owner = scope.rpartition("/providers/")[2].split("/")
        return arm_errors.resource_not_found(
            "/".join((owner[0], *owner[1::2])), "/".join(owner[1:]), scope.split("/")[4]
        )
    if kind.name.casefold() == "microsoft.authorization/locks" and scope.casefold() in request.estate.resources:
        return error(404, "LockNotFound", f"The lock '{rest[-1]}' could not be found.")
    if "/providers/" in scope:
        return arm_errors.resource_not_found(kind.name, "/".join(rest[1:]), scope.split("/")[4])
    return not_found(request, scope, rest, kind)


def missing_right_or_thing(request: ArmRequest, scope: str, rest: list[str], kind: ResourceType) -> HttpResponse | None:
    """The refusal of a read of one resource: 403 before any 404, then group, parent, thing; None when all is well."""
    here = f"{scope}/providers/{'/'.join(rest)}"
    refused = request.forbidden(f"{kind.name}/read", here)
    if refused is not None or here.casefold() in request.estate.resources:
        return refused
    return not_found(request, scope, rest, kind)


def not_found(request: ArmRequest, scope: str, rest: list[str], kind: ResourceType) -> HttpResponse:
    """The 404 that names what is missing first: the group, the parent, or the thing."""
    group = scope.rsplit("/", 1)[-1]
    if scope.casefold() not in request.estate.resources:
        return arm_errors.group_not_found(group)
    if len(rest) > 3:
        parent = f"{scope}/providers/{'/'.join(rest[:3])}"
        if parent.casefold() not in request.estate.resources:
            return arm_errors.parent_not_found(kind.name.rsplit("/", 1)[0] if len(rest) > 5 else kind.name, parent)
        if kind.name.casefold() in _CHILD_CODES:
            return error(404, *_CHILD_CODES[kind.name.casefold()], {"x-ms-failure-cause": "service"})
        if kind.name.startswith("Microsoft.Web/"):
            return arm_errors.web_not_found(f"Cannot find {kind.name.rsplit('/', 1)[-1]} with name {rest[-1]}.")
    return arm_errors.resource_not_found(kind.name, "/".join(rest[1:]), group)


def missing_list_right_or_scope(
    request: ArmRequest, scope: str, rest: list[str], kind: ResourceType
) -> HttpResponse | None:
    """The refusal of a list: a provider's collection is never trimmed, it is allowed or forbidden."""
    parent = rest[:-1]
    at = f"{scope}/providers/{'/'.join(parent)}"
    refused = request.forbidden(f"{kind.name}/read", at)
    if refused is not None:
        return refused
    if "/resourcegroups/" in scope.casefold() and scope.casefold() not in request.estate.resources:
        return arm_errors.group_not_found(scope.rsplit("/", 1)[-1])
    if len(parent) > 1 and at.casefold() not in request.estate.resources:
        owner = TYPES["/".join((parent[0], *parent[1::2])).casefold()]
        return (
            not_found(request, scope, parent, owner) if len(parent) == 3 else arm_errors.parent_not_found(kind.name, at)
        )
    return None


def _list(
    request: ArmRequest, scope: str, rest: list[str], kind: ResourceType, shown: Callable[[Json], Json]
) -> HttpResponse:
    refused = missing_list_right_or_scope(request, scope, rest, kind)
    if refused is not None:
        return refused
    below = scope.casefold() if len(rest) == 2 else f"{scope}/providers/{'/'.join(rest[:-1])}".casefold()
    wanted = {kind.name.casefold()}
    if kind.name == "Microsoft.Web/sites" and request.call.query.get("includeslots", "").casefold() == "true":
        wanted.add("microsoft.web/sites/slots")
    found = [
        _as_asked(request, kind, shown(body)) for key, body in request.estate.below(below) if type_key(key) in wanted
    ]
    return page(request.call, found, size=request.page_size if kind.paged else max(1, len(found)), end=kind.end)


def _as_asked(request: ArmRequest, kind: ResourceType, body: Json) -> Json:
    """A SQL server shows its administrators only to those who ask with `$expand`; whether a database is encrypted was
    called `status` in the first version; a workbook gives its content to those who ask for it."""
    query = request.call.query
    if kind.name == "Microsoft.Sql/servers" and "administrators" not in query.get("$expand", "").casefold():
        kept = {name: value for name, value in inside(body, "properties").items() if name != "administrators"}
        return body | {"properties": kept or body.get("properties")}
    if kind.name == "Microsoft.Insights/workbooks" and query.get("canfetchcontent", "").casefold() != "true":
        return body | {"properties": inside(body, "properties") | {"serializedData": None}}
    if kind.name.endswith("/transparentDataEncryption") and query["api-version"] == "2014-04-01":
        return body | {"properties": {"status": inside(body, "properties").get("state")}}
    return body


def _tracked(request: ArmRequest, key: str) -> ResourceType | None:
    """The type of a resource that the estate knows beside the simulator; what is a part of another is in no list."""
    name = request.estate.further_types.get(type_key(key))
    return ResourceType(name) if name is not None and name.count("/") == 1 and key.count("/providers/") == 1 else None


def _in_capitals(arm_id: str) -> str:
    """The id as the list often spells it, whatever the resource's own answer says: with its group in capitals."""
    parts = arm_id.split("/")
    return "/".join((*parts[:4], parts[4].upper(), *parts[5:]))


_CLAUSE = re.compile(r"\(*\s*(resourceType|name|resourceGroup|location)\s+eq\s+'([^']*)'\s*\)*", re.IGNORECASE)
_ITEM_KEYS = ("id", "name", "type", "kind", "location", "sku", "identity", "tags", "managedBy")


def everything(request: ArmRequest, scope: str) -> HttpResponse:
    """`/resources` below a subscription or group: what the caller may not read is silently absent."""
    wanted = _filter(request.call.query.get("$filter", ""))
    if wanted is None:
        return error(400, "InvalidFilterInQueryString", "Invalid $filter in the query string.")
    found: list[Json] = []
    for key, body in request.estate.resources.items():
        kind = TYPES.get(type_key(key)) or _tracked(request, key)
        if kind is None or not kind.tracked or not key.startswith(scope + "/"):
            continue
        item = {name: body[name] for name in _ITEM_KEYS if name in body}
        if len(found) % 2:
            item["id"] = _in_capitals(str(item["id"]))
        facts = {
            "resourcetype": kind.name,
            "name": str(item["name"]),
            "resourcegroup": key.split("/")[4],
            "location": str(item.get("location")).replace(" ", ""),
        }
        asked_for = all(facts[name].casefold() == value for name, value in wanted)
        if asked_for and rbac.may(request.estate, request.oid, f"{kind.name}/read", str(body["id"])):
            found.append(item)
    return page(request.call, found, size=request.page_size, end="missing")


def _filter(text: str) -> list[tuple[str, str]] | None:
    """The clauses of a filter, all of which must hold; None for a filter that is not understood."""
    if not text.strip():
        return []
    clauses = [_CLAUSE.fullmatch(part.strip()) for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)]
    known = [clause for clause in clauses if clause is not None]
    return [(c[1].casefold(), c[2].casefold()) for c in known] if len(known) == len(clauses) else None
