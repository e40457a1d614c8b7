"""Reads Azure RBAC of a subscription, and the caller's own permissions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

from mzaudit.azure import needs
from mzaudit.azure.call import Call
from mzaudit.azure.needs import Need
from mzaudit.azure.run import Run, side_by_side
from mzaudit.azure.wire import Moment, Wire
from mzaudit.snapshot.authorization import (
    Authorization,
    Denied,
    DenyAssignment,
    Expiry,
    Permission,
    RoleAssignment,
    RoleDefinition,
)
from mzaudit.snapshot.ids import name
from mzaudit.snapshot.observed import Gap, Listing, Observed

_PREFIX = "Microsoft.Authorization"


class _Permission(Wire):
    actions: list[str] | None = None
    not_actions: list[str] | None = None
    data_actions: list[str] | None = None
    not_data_actions: list[str] | None = None
    condition: str | None = None


class _Held(_Permission):
    """A block of the caller's own permissions; without actions it is none."""

    actions: list[str]


class _AssignmentMembers(Wire):
    scope: str
    role_definition_id: str
    principal_id: str
    principal_type: str | None = None
    condition: str | None = None


class _Assignment(Wire):
    id: str
    properties: _AssignmentMembers


class _DefinitionMembers(Wire):
    role_name: str
    type: str
    permissions: list[_Permission]


class _Definition(Wire):
    name: str
    properties: _DefinitionMembers


class _Principal(Wire):
    id: str
    type: str | None = None


class _DenyMembers(Wire):
    deny_assignment_name: str | None = None
    scope: str
    permissions: list[_Permission]
    principals: list[_Principal]
    exclude_principals: list[_Principal] | None = None
    do_not_apply_to_child_scopes: bool | None = None


class _Deny(Wire):
    id: str
    properties: _DenyMembers


class _ScheduleMembers(Wire):
    scope: str
    role_definition_id: str
    principal_id: str
    end_date_time: Moment | None = None


class _Schedule(Wire):
    properties: _ScheduleMembers


First = tuple[Listing[RoleAssignment], Listing[RoleDefinition], Listing[DenyAssignment], Listing[Expiry]]


async def first(run: Run, subscription: str) -> First:
    """What can be read of a subscription before any identity is known."""
    async with asyncio.TaskGroup() as group:
        assignments = group.create_task(
            run.list(_call(subscription, "roleAssignments", needs.ASSIGNMENTS), _Assignment, _assignment)
        )
        roles = group.create_task(
            run.list(_call(subscription, "roleDefinitions", needs.DEFINITIONS), _Definition, _definition)
        )
        denies = group.create_task(run.list(_call(subscription, "denyAssignments", needs.DENIES), _Deny, _deny))
        schedules = _call(subscription, "roleAssignmentScheduleInstances", needs.SCHEDULES, licensed=True)
        expiring = group.create_task(run.list(schedules, _Schedule, _expiry))
    ends = expiring.result()
    bounded = Listing(tuple(each for each in ends.items if each is not None), ends.gap)
    return assignments.result(), roles.result(), denies.result(), bounded


async def whole(run: Run, subscription: str, reading: Awaitable[First], principals: Iterable[str]) -> Authorization:
    """RBAC of a subscription with what reaches each identity, through groups too.

    `principals` are casefolded object ids. Of the role definitions those stay that an assignment names.
    """
    wanted = tuple(principals)
    calls = (
        _call(subscription, "roleAssignments", needs.ASSIGNMENTS, f"assignedTo('{principal}')") for principal in wanted
    )
    reached = await side_by_side(run.list(call, _Assignment, _assignment) for call in calls)
    assignments, roles, denies, expiring = await reading
    named = {each.role for listing in (assignments, *reached) for each in listing.items}
    kept = sorted((role for role in roles.items if role.guid in named), key=lambda role: role.guid)
    return Authorization(
        subscription=subscription,
        assignments=_sorted(assignments),
        assigned_to=dict(zip(wanted, map(_sorted, reached), strict=True)),
        roles=Listing(tuple(kept), roles.gap),
        denies=denies,
        expiring=expiring,
    )


def _call(subscription: str, what: str, need: Need, assigned_to: str = "", *, licensed: bool = False) -> Call:
    scope = f"/subscriptions/{subscription}"
    kind = f"{_PREFIX}/{what}"
    return Call(
        f"{scope}/providers/{kind}",
        kind,
        need.permission,
        scope,
        query=(("$filter", assigned_to),) if assigned_to else (),
        within=(scope,),
        licensed=licensed,
    )


async def permissions(run: Run, scope: str) -> Observed[tuple[Permission, ...] | None] | Gap:
    """What the caller may do at a scope; `None` inside for a scope that does not exist."""
    call = Call(
        f"{scope}/providers/{_PREFIX}/permissions", f"{_PREFIX}/permissions", needs.PERMISSIONS.permission, scope
    )
    listing = await run.listing(call, _Held, _permission)
    if listing is None:
        return Observed(None)
    return listing.gap or Observed(listing.items)


def _permission(block: _Permission) -> Permission:
    return Permission(
        tuple(block.actions or ()),
        tuple(block.not_actions or ()),
        tuple(block.data_actions or ()),
        tuple(block.not_data_actions or ()),
        block.condition,
    )


def _assignment(body: _Assignment) -> RoleAssignment:
    members = body.properties
    return RoleAssignment(
        id=body.id,
        scope=members.scope,
        role=_guid(members.role_definition_id),
        principal_id=members.principal_id,
        principal_type=members.principal_type,
        condition=members.condition or None,
    )


def _definition(body: _Definition) -> RoleDefinition:
    members = body.properties
    return RoleDefinition(
        guid=_guid(body.name),
        name=members.role_name,
        custom=members.type.casefold() == "customrole",
        permissions=tuple(_permission(block) for block in members.permissions),
    )


def _deny(body: _Deny) -> DenyAssignment:
    members = body.properties
    return DenyAssignment(
        id=body.id,
        name=members.deny_assignment_name or name(body.id),
        scope=members.scope,
        permissions=tuple(_permission(block) for block in members.permissions),
        principals=tuple(Denied(each.id, each.type) for each in members.principals),
        excluded=tuple(Denied(each.id, each.type) for each in members.exclude_principals or []),
        not_below=bool(members.do_not_apply_to_child_scopes),
    )


def _expiry(body: _Schedule) -> Expiry | None:
    members = body.properties
    if members.end_date_time is None:
        return None
    return Expiry(members.principal_id, _guid(members.role_definition_id), members.scope, members.end_date_time)


def _guid(role_id: str) -> str:
    return name(role_id).casefold()


def _sorted(listing: Listing[RoleAssignment]) -> Listing[RoleAssignment]:
    return Listing(tuple(sorted(listing.items, key=lambda each: each.id.casefold())), listing.gap)
