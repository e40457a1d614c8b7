"""Reads Azure RBAC of a subscription, and the caller's own permissions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from mzaudit.azure import needs
from mzaudit.azure.call import Call
from mzaudit.azure.needs import Need
from mzaudit.azure.run import Run, started
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


class Reach:
    """What reaches each identity, through groups too: asked of Azure as soon as the identity is known.

    One question a principal, in its own subscription. In another one it is asked only if a group is named there that
    is not named at home: of every group at home Azure has then said whether the principal is in it.
    """

    def __init__(self, run: Run, group: asyncio.TaskGroup, access: Mapping[str, asyncio.Task[First]]) -> None:
        self._run, self._group, self._access = run, group, access
        self._homes: dict[str, str] = {}
        self._asked: dict[tuple[str, str], asyncio.Task[Listing[RoleAssignment]]] = {}

    def add(self, principal: str, subscription: str) -> None:
        """A principal, by its casefolded object id, and the subscription in which it was found."""
        if principal not in self._homes:
            home = next((each for each in self._access if each.casefold() == subscription.casefold()), None)
            self._homes[principal] = home if home is not None else next(iter(self._access))
            self._ask(self._homes[principal], principal)

    async def whole(self, subscription: str) -> Authorization:
        """RBAC of a subscription, once all principals are known. Of the role definitions those stay that an
        assignment names."""
        assignments, roles, denies, expiring = await self._access[subscription]
        reached = {
            principal: _sorted(await self._reaching(subscription, principal)) for principal in sorted(self._homes)
        }
        named = {each.role for listing in (assignments, *reached.values()) for each in listing.items}
        kept = sorted((role for role in roles.items if role.guid in named), key=lambda role: role.guid)
        return Authorization(
            subscription=subscription,
            assignments=_sorted(assignments),
            assigned_to=reached,
            roles=Listing(tuple(kept), roles.gap),
            denies=denies,
            expiring=expiring,
        )

    def _ask(self, subscription: str, principal: str) -> asyncio.Task[Listing[RoleAssignment]]:
        asked = (subscription, principal)
        if asked not in self._asked:
            call = _call(subscription, "roleAssignments", needs.ASSIGNMENTS, f"assignedTo('{principal}')")
            self._asked[asked] = started(self._group, self._run.list(call, _Assignment, _assignment))
        return self._asked[asked]

    async def _reaching(self, subscription: str, principal: str) -> Listing[RoleAssignment]:
        home = self._homes[principal]
        if home != subscription:
            here, there = (await self._access[subscription])[0], (await self._access[home])[0]
            at_home = await self._ask(home, principal)
            settled = here.gap is None and there.gap is None and at_home.gap is None
            if settled and _groups(here) <= _groups(there):
                through = {principal, *(each.principal_id.casefold() for each in at_home.items)}
                return Listing(tuple(each for each in here.items if each.principal_id.casefold() in through))
        return await self._ask(subscription, principal)


def _groups(assignments: Listing[RoleAssignment]) -> set[str]:
    """Who holds a role and may stand for others; a type that is not known is taken for a group."""
    alone = ("serviceprincipal", "user", "device")
    return {
        each.principal_id.casefold()
        for each in assignments.items
        if (each.principal_type or "").casefold() not in alone
    }


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
        leads=not assigned_to,
    )


async def permissions(run: Run, scope: str) -> Observed[tuple[Permission, ...] | None] | Gap:
    """What the caller may do at a scope; `None` inside for a scope that does not exist."""
    kind = f"{_PREFIX}/permissions"
    call = Call(f"{scope}/providers/{kind}", kind, needs.PERMISSIONS.permission, scope, leads=True)
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
