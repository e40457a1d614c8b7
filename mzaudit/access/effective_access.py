"""Effective access: who may perform an action on a scope, and how, from role and deny assignments. Three-valued."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mzaudit.access.assignment_index import Index, Placed, down_to, index, place_of
from mzaudit.access.deny_assignments import Denial, denied
from mzaudit.access.managed_identities import may_be_group
from mzaudit.access.permission_matching import ActionTarget, any_of, grants
from mzaudit.access.role_condition import lets_pass
from mzaudit.snapshot.authorization import (
    Authorization,
    RoleAssignment,
    RoleDefinition,
)
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, not_asked
from mzaudit.snapshot.text.ids import covers, key, same


@dataclass(frozen=True, slots=True)
class Grant:
    """One way in: a role assignment, or an access policy of a vault (then `role` is empty).

    `group` is the group that holds the assignment in the principal's stead; `decided` is false where a condition
    decides and cannot be told; `ends` is the end of a time-bound assignment.
    """

    id: str
    scope: str
    role: str
    name: str
    principal_id: str
    group: str | None = None
    condition: str | None = None
    decided: bool = True
    ends: datetime | None = None

    def words(self, target: str) -> str:
        """How the access comes, in words, as seen from `target`."""
        how = [self.name]
        if self.group is not None:
            how.append(f"through the group {self.group}")
        if not same(self.scope, target):
            how.append(f"inherited from {self.scope}" if covers(self.scope, target) else f"on {self.scope} alone")
        if self.condition is not None:
            how.append("under a condition" if self.decided else "under a condition that is not evaluated")
        if self.ends is not None:
            how.append(f"until {self.ends.date().isoformat()}")
        return ", ".join([*how, "directly"] if len(how) == 1 else how)


@dataclass(frozen=True, slots=True)
class Access:
    """Whether, and how. `allowed` is `None` where it cannot be told, and `gaps` say why.

    `unseen` is everything that this answer did not see, also where it could not have changed it: a conclusion that
    there is no *better* grant than those shown needs it to be empty.
    """

    allowed: bool | None
    grants: tuple[Grant, ...]
    denials: tuple[Denial, ...]
    gaps: tuple[Gap, ...]
    unseen: tuple[Gap, ...]


def access_of(seen: Snapshot, principal_id: str, target: ActionTarget) -> Access:
    """What a managed identity may do: by its own assignments, and by those of its groups."""
    held = index(seen, seen.access(target.scope))
    reach, placed = _reach(held, principal_id)
    groups = placed.principals - {principal_id.casefold()}
    more = reach.gap
    if more is not None and held.rbac.assignments.gap is None and not _may_pass_by_group(held, principal_id, target):
        more = None
    return _access(held, placed, more, principal_id, groups, target)


def reach_of(seen: Snapshot, rbac: Authorization, principal_id: str) -> Listing[RoleAssignment]:
    """Every assignment that reaches the principal, directly or through groups, anywhere in the subscription.

    Whole only where Azure was asked what is assigned to that principal.
    """
    return _reach(index(seen, rbac), principal_id)[0]


def _reach(held: Index, principal_id: str) -> tuple[Listing[RoleAssignment], Placed]:
    who = principal_id.casefold()
    if who not in held.reaches:
        asked = held.asked.get(who)
        own = held.own.get(who, ())
        found = {a.id.casefold(): a for a in (*own, *(asked.items if asked is not None else ()))}
        gap = asked.gap if asked is not None else _not_asked(held.rbac, principal_id)
        reach = Listing(tuple(found[number] for number in sorted(found)), gap)
        held.reaches[who] = (reach, Placed(reach.items))
    return held.reaches[who]


def out_of_reach(seen: Snapshot, scope: str) -> frozenset[str]:
    """The casefolded object ids of principals that nothing lets near `scope`, and of whom all was seen that could: of
    a large estate nearly every identity, without a look at each action."""
    rbac = seen.access(scope)
    return frozenset() if rbac.denies.gap is not None or rbac.denies.items else index(seen, rbac).far_from(scope)


@dataclass(frozen=True, slots=True)
class Holder:
    """A principal that holds access by an assignment of its own."""

    principal_id: str
    type: str | None
    access: Access


def holders_of(seen: Snapshot, targets: tuple[ActionTarget, ...]) -> Listing[Holder]:
    """Everyone whom an assignment lets perform one of the actions, or may do so; of groups the group, not its members.

    The targets are of one subscription.
    """
    indexed = index(seen, seen.access(targets[0].scope))
    held: dict[str, list[RoleAssignment]] = {}
    for assignment in indexed.placed.covering(target.scope for target in targets):
        held.setdefault(assignment.principal_id.casefold(), []).append(assignment)
    below: dict[str, list[int]] = {}
    for number, target in enumerate(targets):
        for place in down_to(key(target.scope)):
            below.setdefault(place, []).append(number)
    holders = []
    for who, own in sorted(held.items()):
        own.sort(key=lambda assignment: assignment.id.casefold())
        placed = Placed(own)
        near = sorted({number for assignment in own for number in below.get(place_of(assignment.scope), ())})
        access = united(_access(indexed, placed, None, who, frozenset(), targets[number]) for number in near)
        if access.allowed is not False:
            kind = next((a.principal_type for a in own if a.principal_type is not None), None)
            holders.append(Holder(who, kind, access))
    return Listing(tuple(holders), indexed.rbac.assignments.gap)


def united(accesses: Iterable[Access]) -> Access:
    """Access to at least one of several targets."""
    given = tuple(accesses)
    allowed = any_of(access.allowed for access in given)
    open_ways = [access for access in given if access.allowed is not False]
    return Access(
        allowed,
        tuple(dict.fromkeys(grant for access in open_ways for grant in access.grants)),
        tuple(dict.fromkeys(denial for access in given for denial in access.denials)),
        () if allowed else tuple(dict.fromkeys(gap for access in given for gap in access.gaps)),
        tuple(dict.fromkeys(gap for access in given for gap in access.unseen)),
    )


def _access(
    held: Index,
    assignments: Placed,
    more: Gap | None,
    principal_id: str,
    groups: frozenset[str],
    target: ActionTarget,
) -> Access:
    grants: list[Grant] = []
    unseen: list[Gap] = [more] if more is not None else []
    for assignment in assignments.covering((target.scope,)):
        found = _granted(held, assignment, principal_id, target)
        if isinstance(found, Gap):
            unseen.append(found)
        elif found is not None:
            grants.append(found)
    doubt = [*unseen, *(_undecided(grant) for grant in grants if not grant.decided)]
    denials, denial_gaps = denied(held.rbac.denies, principal_id, groups, target)
    if denials:
        allowed: bool | None = False
        gaps: list[Gap] = []
    elif any(grant.decided for grant in grants):
        allowed, gaps = (None if denial_gaps else True), denial_gaps
    else:
        allowed, gaps = (None, doubt) if doubt else (False, [])
    return Access(allowed, tuple(grants), denials, tuple(gaps), (*doubt, *denial_gaps))


def _granted(
    held: Index,
    assignment: RoleAssignment,
    principal_id: str,
    target: ActionTarget,
) -> Grant | Gap | None:
    definition = held.definitions.get(assignment.role.casefold())
    if definition is None:
        return undefined(held.rbac, assignment.role)
    answers = [(block, lets_pass(block, target, assignment)) for block in definition.permissions]
    met = any_of(answer for _, answer in answers)
    if met is False:
        return None
    blocks = [block for block, answer in answers if answer is not False]
    if met is None and not any(grants(block, target.action, data=target.data) for block in blocks):
        return _silent(definition, assignment, target)
    direct = assignment.principal_id.casefold() == principal_id.casefold()
    conditional = assignment.condition or next((block.condition for block in blocks if block.condition), None)
    return Grant(
        assignment.id,
        assignment.scope,
        definition.guid,
        definition.name,
        assignment.principal_id,
        None if direct else assignment.principal_id,
        conditional,
        met is True,
        held.end_of(assignment),
    )


def undefined(rbac: Authorization, role: str) -> Gap:
    """Why the definition of a role, by its GUID, was not seen."""
    return rbac.undefined.get(role.casefold()) or rbac.roles.gap or not_asked(f"the definition of the role {role}")


def _silent(definition: RoleDefinition, assignment: RoleAssignment, target: ActionTarget) -> Gap:
    missing = "dataActions or notDataActions" if target.data else "actions or notActions"
    detail = f"the definition of {definition.name} does not say its {missing}"
    call = f"the definition of the role {definition.guid}"
    return Gap(GapReason.MALFORMED, call, assignment.scope, "Microsoft.Authorization/roleDefinitions/read", detail)


def _undecided(grant: Grant) -> Gap:
    detail = "the condition asks for what is not evaluated here"
    return Gap(GapReason.UNDECIDED, f"condition of the assignment {grant.id}", grant.scope, detail=detail)


def _may_pass_by_group(held: Index, principal_id: str, target: ActionTarget) -> bool:
    """Whether some group, which the principal might be in, is let in."""
    return any(
        covers(assignment.scope, target.scope) and _granted(held, assignment, principal_id, target) is not None
        for assignment in held.placed.covering((target.scope,))
        if _group(assignment)
    )


def _group(assignment: RoleAssignment) -> bool:
    return may_be_group(assignment.principal_type)


def _not_asked(rbac: Authorization, principal_id: str) -> Gap:
    call = f"GET /subscriptions/{rbac.subscription}/providers/Microsoft.Authorization/roleAssignments"
    return Gap(
        GapReason.NOT_COLLECTED, f"{call}?$filter=assignedTo('{principal_id}')", f"/subscriptions/{rbac.subscription}"
    )
