"""The simulated Microsoft.Authorization: assignments with their filters, definitions, denies, the caller's rights."""

from __future__ import annotations

import re
from collections.abc import Callable

from mzaudit.simulator.arm import arm_errors, rbac
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.http_messages import HttpResponse, Json, error, inside

_NAMESPACE = "Microsoft.Authorization"
_OID = r"'([0-9a-fA-F-]{36})'"


def answer(request: ArmRequest, scope: str, rest: list[str]) -> HttpResponse:
    """Answer `{scope}/providers/Microsoft.Authorization/…`."""
    low = [part.casefold() for part in rest[1:]]
    if request.call.method != "GET":
        return arm_errors.write(request, scope, f"{_NAMESPACE}/{rest[1]}" if low else _NAMESPACE)
    estate = request.estate
    match low:
        case ["roleassignments", *name]:
            return _assignments(request, scope, "roleAssignments", estate.role_assignments, name)
        case ["denyassignments", *name]:
            return _assignments(request, scope, "denyAssignments", estate.deny_assignments, name)
        case ["roleassignmentscheduleinstances"]:
            return _assignments(request, scope, "roleAssignmentScheduleInstances", estate.role_schedules, [])
        case ["roleeligibilityscheduleinstances"]:
            return _assignments(request, scope, "roleEligibilityScheduleInstances", estate.role_eligibilities, [])
        case ["roledefinitions", *name]:
            return _definitions(request, scope, name)
        case ["permissions"]:
            refused = request.forbidden(f"{_NAMESPACE}/permissions/read", scope) or no_scope(request, scope)
            held = rbac.permissions_at(estate, request.oid, scope)
            return refused or page(request.call, held, size=request.page_size, end="missing")
        case _:
            return arm_errors.type_invalid(_NAMESPACE, "/".join(low), request.call.query["api-version"])


def no_scope(request: ArmRequest, scope: str) -> HttpResponse | None:
    """The 404 of an extension of something that is not there; secrets of a vault are scopes without a body."""
    key = scope.casefold()
    parts = key.strip("/").split("/")
    if len(parts) <= 2 or parts[0] == "providers" or key in request.estate.resources:
        return None
    if "/providers/microsoft.keyvault/vaults/" in key and key.rsplit("/secrets/", 1)[0] in request.estate.resources:
        return None
    if f"/{'/'.join(parts[:4])}" not in request.estate.resources:
        return arm_errors.group_not_found(scope.split("/")[4])
    namespace, *tail = scope.strip("/").split("/")[5:]
    return arm_errors.resource_not_found(f"{namespace}/{'/'.join(tail[0::2])}", "/".join(tail), scope.split("/")[4])


def _assignments(request: ArmRequest, scope: str, kind: str, table: list[Json], name: list[str]) -> HttpResponse:
    refused = request.forbidden(f"{_NAMESPACE}/{kind}/read", scope) or no_scope(request, scope)
    if refused is not None:
        return refused
    if name:
        for one in table:
            if str(one["name"]).casefold() == name[0] and _same(str(one["properties"]["scope"]), scope):
                return HttpResponse(200, one)
        return error(404, "RoleAssignmentNotFound", f"The role assignment '{name[0]}' is not found.")
    keep = _filter(request, scope, request.call.query.get("$filter", ""))
    if keep is None:
        text = (
            "The filter is not supported. Supported filters are either 'atScope()' or 'principalId eq '{value}' or "
            "assignedTo('{value}')'."
        )
        return error(400, "UnsupportedQuery", text)
    through = re.search(rf"assignedTo\({_OID}\)", request.call.query.get("$filter", ""), re.IGNORECASE)
    if through is not None and table is request.estate.role_assignments:
        table = request.estate.held_by(rbac.identities(request.estate, through[1]))
    return page(request.call, [one for one in table if keep(one)], size=request.page_size, end="null")


def _same(left: str, right: str) -> bool:
    return left.rstrip("/").casefold() == right.rstrip("/").casefold()


def _filter(request: ArmRequest, scope: str, text: str) -> Callable[[Json], bool] | None:
    """What a filter keeps; the service rejects `atScope()` together with `principalId eq`."""
    clauses = (
        [part.strip() for part in re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE)] if text.strip() else []
    )
    at_scope = any(clause.casefold() == "atscope()" for clause in clauses)
    others = [clause for clause in clauses if clause.casefold() != "atscope()"]
    wanted: set[str] | None = None
    if others:
        direct = re.fullmatch(rf"principalId\s+eq\s+{_OID}", others[0], re.IGNORECASE)
        through = re.fullmatch(rf"assignedTo\({_OID}\)", others[0], re.IGNORECASE)
        if len(others) > 1 or (direct is None and through is None) or (direct is not None and at_scope):
            return None
        wanted = {direct[1].casefold()} if direct is not None else set()
        wanted |= rbac.identities(request.estate, through[1]) if through is not None else set()

    def keep(one: Json) -> bool:
        at = str(one["properties"]["scope"])
        near = rbac.covers(at, scope) or (not at_scope and rbac.covers(scope, at))
        return near and (wanted is None or bool(wanted & _principals(one)))

    return keep


def _principals(one: Json) -> set[str]:
    properties = one["properties"]
    if "principals" in properties:
        return {str(principal["id"]).casefold() for principal in properties["principals"] or []}
    return {str(properties.get("principalId")).casefold()}


def _definitions(request: ArmRequest, scope: str, name: list[str]) -> HttpResponse:
    table = request.estate.role_definitions
    tenant_level = scope.strip("/") == ""
    # Built-in roles are the same for everybody; at the tenant level nobody needs a right to read them.
    if not tenant_level or not name:
        refused = request.forbidden(f"{_NAMESPACE}/roleDefinitions/read", scope) or no_scope(request, scope)
        if refused is not None:
            return refused
    if name:
        found = table.get(name[0])
        if found is None:
            text = f"The specified role definition with ID '{name[0]}' does not exist."
            return error(404, "RoleDefinitionDoesNotExist", text)
        own = _assignable(found)[0]
        refused = request.forbidden(f"{_NAMESPACE}/roleDefinitions/read", own) if tenant_level and own != "/" else None
        return refused or HttpResponse(200, found)
    asked = request.call.query.get("$filter", "")
    below = "atscopeandbelow()" in asked.casefold()
    matched = [
        one
        for guid, one in table.items()
        if guid not in request.estate.unlisted_roles
        and any(rbac.covers(at, scope) or (below and rbac.covers(scope, at)) for at in _assignable(one))
    ]
    for clause in re.split(r"\s+and\s+", asked.strip(), flags=re.IGNORECASE):
        if test := re.fullmatch(r"(roleName|type)\s+eq\s+'([^']*)'", clause, re.IGNORECASE):
            key = "type" if test[1].casefold() == "type" else "roleName"
            matched = [
                one for one in matched if str(inside(one, "properties").get(key)).casefold() == test[2].casefold()
            ]
        elif clause and clause.casefold() not in ("atscope()", "atscopeandbelow()"):
            return error(400, "UnsupportedQuery", "The filter is not supported.")
    # Azure gives all definitions in one page.
    return page(request.call, matched, size=max(1, len(matched)), end="missing")


def _assignable(definition: Json) -> list[str]:
    return [str(scope) for scope in inside(definition, "properties").get("assignableScopes") or ["/"]]
