"""Reads Azure RBAC of a subscription, and the caller's own permissions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext, side_by_side, started
from mzaudit.azure.readers.wire_models import Id, Moment, Wire
from mzaudit.azure.required_permissions import Need
from mzaudit.kinds import Kind
from mzaudit.snapshot.authorization import (
    Authorization,
    Denied,
    DenyAssignment,
    Expiry,
    Permission,
    RoleAssignment,
    RoleDefinition,
)
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.text.ids import covers, key, name

_OF_SCOPE = re.compile(rf"/providers/(?:{kinds.ASSIGNMENT}|{kinds.DENY})/", re.IGNORECASE)
_ROLE_ID = re.compile(
    rf"(/subscriptions/[0-9a-f-]{{36}}|/providers/Microsoft\.Management/managementGroups/[\w().-]{{1,90}})?"
    rf"/providers/{kinds.ROLE}/[0-9a-f-]{{36}}",
    re.IGNORECASE,
)
# Privileged Identity Management, without which nothing is assigned for a time
_UNLICENSED = frozenset({"AadPremiumLicenseRequired", "TenantNotOnboarded", "ResourceNotOnboarded"})
RoleIds = dict[str, str]
"""The id of each role that an assignment names, by its GUID."""


class _Permission(Wire):
    actions: list[str] | None = None
    not_actions: list[str] | None = None
    data_actions: list[str] | None = None
    not_data_actions: list[str] | None = None
    condition: str | None = None
    condition_version: str | None = None


_UNSAID = (_Permission(),)  # what a definition without permissions says


class _Held(_Permission):
    """A block of the caller's own permissions; without actions it is none."""

    actions: list[str]


class _AssignmentMembers(Wire):
    scope: Id | None = None
    role_definition_id: Id
    principal_id: str
    principal_type: str | None = None
    condition: str | None = None
    condition_version: str | None = None


class _Assignment(Wire):
    id: Id
    properties: _AssignmentMembers


class _DefinitionMembers(Wire):
    role_name: str | None = None
    type: str | None = None
    permissions: list[_Permission] | None = None


class _Definition(Wire):
    name: str
    properties: _DefinitionMembers


class _Principal(Wire):
    id: str
    type: str | None = None


class _DenyMembers(Wire):
    deny_assignment_name: str | None = None
    scope: Id | None = None
    permissions: list[_Permission]
    principals: list[_Principal]
    exclude_principals: list[_Principal] | None = None
    do_not_apply_to_child_scopes: bool | None = None


class _Deny(Wire):
    id: Id
    properties: _DenyMembers


class _ScheduleMembers(Wire):
    scope: Id
    role_definition_id: Id
    principal_id: str
    end_date_time: Moment | None = None


class _RoleSchedule(Wire):
    properties: _ScheduleMembers


@dataclass(frozen=True, slots=True)
class First:
    """What can be read of a subscription before any identity is known. `roles` has those too that no list shows but an
    assignment names; `undefined` says why one of these could not be read, by its GUID."""

    assignments: Listing[RoleAssignment]
    roles: Listing[RoleDefinition]
    undefined: Mapping[str, Gap]
    denies: Listing[DenyAssignment]
    expiring: Listing[Expiry]


async def first(run: ReadContext, subscription: str, ids: RoleIds) -> First:
    """Read it; `ids` is told the ids of the roles that are assigned."""
    async with asyncio.TaskGroup() as group:
        defining = group.create_task(_defined(run, subscription, ids))
        denies = group.create_task(run.list(_call(subscription, kinds.DENY, required_permissions.DENIES), _Deny, _deny))
        schedules = _call(subscription, kinds.SCHEDULE, required_permissions.SCHEDULES, unlicensed=_UNLICENSED)
        expiring = group.create_task(run.list(schedules, _RoleSchedule, _expiry))
    ends = expiring.result()
    bounded = Listing(tuple(each for each in ends.items if each is not None), ends.gap)
    return First(*defining.result(), denies.result(), bounded)


async def _defined(
    run: ReadContext, subscription: str, ids: RoleIds
) -> tuple[Listing[RoleAssignment], Listing[RoleDefinition], Mapping[str, Gap]]:
    """The assignments of a subscription, and the roles that they name. A list shows the custom roles of the
    subscription, of what is above it and, asked so, of what is below; not every role that may be assigned."""
    listing = _call(subscription, kinds.ROLE, required_permissions.DEFINITIONS, "atScopeAndBelow()", leads=True)
    async with asyncio.TaskGroup() as group:
        assigned = group.create_task(
            _assigned(run, _call(subscription, kinds.ASSIGNMENT, required_permissions.ASSIGNMENTS), ids)
        )
        listed = group.create_task(run.list(listing, _Definition, _definition))
    assignments, roles = assigned.result(), listed.result()
    more, undefined = await _unlisted(run, subscription, (each.role for each in assignments.items), roles, ids)
    return assignments, Listing((*roles.items, *more), roles.gap), undefined


async def _assigned(run: ReadContext, call: Call, ids: RoleIds) -> Listing[RoleAssignment]:
    return await run.list(call, _Assignment, partial(_noted, ids))


def _noted(ids: RoleIds, body: _Assignment) -> RoleAssignment:
    assignment = _assignment(body)
    ids.setdefault(assignment.role, body.properties.role_definition_id)
    return assignment


def _within(subscription: str, assignment: RoleAssignment) -> bool:
    return covers(f"/subscriptions/{subscription}", assignment.scope)


async def _unlisted(
    run: ReadContext, subscription: str, named: Iterable[str], roles: Listing[RoleDefinition], ids: RoleIds
) -> tuple[list[RoleDefinition], dict[str, Gap]]:
    """The definitions of roles that are named and not among those listed, each read by the id that an assignment
    gives; and why not. Of a list that was refused nothing more is asked."""
    if roles.gap is not None and roles.gap.reason not in (GapReason.PARTIAL, GapReason.MALFORMED):
        return [], {}
    missing = sorted({*named} - {role.guid for role in roles.items})
    read = await side_by_side(_by_id(run, subscription, guid, ids[guid]) for guid in missing)
    found = [each for each in read if isinstance(each, RoleDefinition)]
    return found, {guid: each for guid, each in zip(missing, read, strict=True) if isinstance(each, Gap)}


async def _by_id(run: ReadContext, subscription: str, guid: str, role_id: str) -> RoleDefinition | Gap:
    scope = f"/subscriptions/{subscription}"
    target = role_id if _ROLE_ID.fullmatch(role_id) else kinds.ROLE.id("", guid)
    call = Call(
        target,
        kinds.ROLE,
        required_permissions.DEFINITIONS.permission,
        scope,
        absent=frozenset({"RoleDefinitionDoesNotExist"}),
    )

    def defined(body: _Definition) -> RoleDefinition:
        definition = _definition(body)
        if definition.guid != guid:
            raise ValueError("another role")
        return definition

    seen = await run.read(call, _Definition, defined)
    if isinstance(seen, Gap):
        return seen
    return seen.value or call.gap(GapReason.NOT_VISIBLE, "no list shows the role, and Azure does not find it")


class Reach:
    """What reaches each identity, through groups too: asked of Azure as soon as the identity is known.

    One question a principal, in its own subscription. In another one it is asked only if a group is named there that
    is not named at home: of every group at home Azure has then said whether the principal is in it.
    """

    def __init__(
        self, run: ReadContext, group: asyncio.TaskGroup, access: Mapping[str, asyncio.Task[First]], ids: RoleIds
    ) -> None:
        self._run, self._group, self._access = run, group, access
        self._homes: dict[str, str] = {}
        self._ids = ids
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
        seen = await self._access[subscription]
        reached = {
            principal: _sorted(await self._reaching(subscription, principal)) for principal in sorted(self._homes)
        }
        assignments, reached = await self._agreed(subscription, seen.assignments, reached)
        named = {each.role for listing in (assignments, *reached.values()) for each in listing.items}
        asked = named - seen.undefined.keys()
        more, undefined = await _unlisted(self._run, subscription, asked, seen.roles, self._ids)
        kept = {role.guid: role for role in (*seen.roles.items, *more) if role.guid in named}
        return Authorization(
            subscription=subscription,
            assignments=_sorted(assignments),
            assigned_to=reached,
            roles=Listing(tuple(kept[guid] for guid in sorted(kept)), seen.roles.gap),
            denies=seen.denies,
            expiring=seen.expiring,
            undefined=dict(sorted({**seen.undefined, **undefined}.items())),
        )

    async def _agreed(
        self, subscription: str, assignments: Listing[RoleAssignment], reached: Mapping[str, Listing[RoleAssignment]]
    ) -> tuple[Listing[RoleAssignment], dict[str, Listing[RoleAssignment]]]:
        """The list of all, and that of each principal: what one holds at the subscription or below, the other does."""
        below = [each for listing in reached.values() for each in listing.items if _within(subscription, each)]
        assignments = await self._again(subscription, "", assignments, below)
        direct: dict[str, list[RoleAssignment]] = {}
        for each in assignments.items:
            if _within(subscription, each):
                direct.setdefault(each.principal_id.casefold(), []).append(each)
        agreed = {
            principal: await self._again(subscription, f"assignedTo('{principal}')", listing, direct.get(principal, []))
            for principal, listing in reached.items()
        }
        return assignments, agreed

    async def _again(
        self, subscription: str, keep: str, listing: Listing[RoleAssignment], told: Iterable[RoleAssignment]
    ) -> Listing[RoleAssignment]:
        ids = {key(each.id) for each in told}

        def lacks(items: tuple[RoleAssignment, ...]) -> str:
            missing = sorted(ids - {key(each.id) for each in items})
            return f"it lacks the assignment {name(missing[0])}, which another list holds" if missing else ""

        call = _call(subscription, kinds.ASSIGNMENT, required_permissions.ASSIGNMENTS, keep)
        return await self._run.agreed(call, _Assignment, partial(_noted, self._ids), listing, lacks)

    def _ask(self, subscription: str, principal: str) -> asyncio.Task[Listing[RoleAssignment]]:
        asked = (subscription, principal)
        if asked not in self._asked:
            call = _call(subscription, kinds.ASSIGNMENT, required_permissions.ASSIGNMENTS, f"assignedTo('{principal}')")
            self._asked[asked] = started(self._group, _assigned(self._run, call, self._ids))
        return self._asked[asked]

    async def _reaching(self, subscription: str, principal: str) -> Listing[RoleAssignment]:
        home = self._homes[principal]
        if home != subscription:
            here, there = (await self._access[subscription]).assignments, (await self._access[home]).assignments
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


def _call(
    subscription: str,
    kind: Kind,
    need: Need,
    keep: str = "",
    *,
    unlicensed: frozenset[str] = frozenset(),
    leads: bool = False,
) -> Call:
    scope = f"/subscriptions/{subscription}"
    return Call(
        f"{scope}/providers/{kind}",
        kind,
        need.permission,
        scope,
        query=(("$filter", keep),) if keep else (),
        within=(scope,),
        unlicensed=unlicensed,
        leads=leads or not keep,
    )


async def permissions(run: ReadContext, scope: str) -> Observed[tuple[Permission, ...] | None] | Gap:
    """What the caller may do at a scope; `None` inside for a scope that does not exist."""
    kind = kinds.PERMISSION
    call = Call(f"{scope}/providers/{kind}", kind, required_permissions.PERMISSIONS.permission, scope, leads=True)
    listing = await run.listing(call, _Held, _permission)
    if listing is None:
        return Observed(None)
    return listing.gap or Observed(listing.items)


def _permission(block: _Permission) -> Permission:
    return Permission(
        _said(block.actions),
        _said(block.not_actions),
        _said(block.data_actions),
        _said(block.not_data_actions),
        block.condition or None,
        block.condition_version if block.condition else None,
    )


def _said(entries: list[str] | None) -> tuple[str, ...] | None:
    return None if entries is None else tuple(entries)


def _assignment(body: _Assignment) -> RoleAssignment:
    members = body.properties
    return RoleAssignment(
        id=body.id,
        scope=members.scope or _scope_in(body.id),
        role=_guid(members.role_definition_id),
        principal_id=members.principal_id,
        principal_type=members.principal_type,
        condition=members.condition or None,
        condition_version=members.condition_version if members.condition else None,
    )


def _definition(body: _Definition) -> RoleDefinition:
    members = body.properties
    return RoleDefinition(
        guid=_guid(body.name),
        name=members.role_name or _guid(body.name),
        custom=(members.type or "").casefold() == "customrole",
        permissions=tuple(
            _permission(block) for block in (_UNSAID if members.permissions is None else members.permissions)
        ),
    )


def _deny(body: _Deny) -> DenyAssignment:
    members = body.properties
    return DenyAssignment(
        id=body.id,
        name=members.deny_assignment_name or name(body.id),
        scope=members.scope or _scope_in(body.id),
        permissions=tuple(_permission(block) for block in members.permissions),
        principals=tuple(Denied(each.id, each.type) for each in members.principals),
        excluded=tuple(Denied(each.id, each.type) for each in members.exclude_principals or []),
        not_below=bool(members.do_not_apply_to_child_scopes),
    )


def _expiry(body: _RoleSchedule) -> Expiry | None:
    members = body.properties
    if members.end_date_time is None:
        return None
    return Expiry(members.principal_id, _guid(members.role_definition_id), members.scope, members.end_date_time)


def _scope_in(assignment_id: str) -> str:
    return _OF_SCOPE.split(assignment_id)[0] or "/"


def _guid(role_id: str) -> str:
    return name(role_id).casefold()


def _sorted(listing: Listing[RoleAssignment]) -> Listing[RoleAssignment]:
    return Listing(tuple(sorted(listing.items, key=lambda each: each.id.casefold())), listing.gap)
