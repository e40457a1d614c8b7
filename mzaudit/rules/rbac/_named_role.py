"""Whether a principal is assigned a role of that name on exactly a thing, and what it holds of it elsewhere."""

from __future__ import annotations

from mzaudit.access.assignment_index import index
from mzaudit.access.effective_access import undefined
from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Evidence, Fix, Inconclusive, Pass
from mzaudit.policy.desired import DesiredAccess
from mzaudit.snapshot.authorization import RoleAssignment
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing
from mzaudit.snapshot.text.ids import covers, same


def held(
    seen: Snapshot, wanted: DesiredAccess, principal_id: str, assigned: Listing[RoleAssignment]
) -> Pass | Inconclusive | tuple[str, ...]:
    """Pass where the role is assigned to the principal itself on the thing itself; else, in words, where else it holds
    a role of that name, what reaches the thing first. `assigned` is all that reaches the principal."""
    rbac = seen.access(wanted.scope)
    elsewhere: list[tuple[bool, str]] = []
    gaps: list[Gap] = [assigned.gap] if assigned.gap is not None else []
    for one in assigned.items:
        role = index(seen, rbac).definitions.get(one.role.casefold())
        if role is None:
            gaps += [undefined(rbac, one.role)] if same(one.scope, wanted.scope) else []
        elif role.name.casefold() == wanted.role.casefold():
            own = one.principal_id.casefold() == principal_id.casefold()
            if own and same(one.scope, wanted.scope):
                under = "under a condition that is not evaluated" if one.condition else ""
                return Pass((Evidence(wanted.scope, wanted.role, role.name, under),))
            words = f"{role.name} on {one.scope}" + ("" if own else f" through the group {one.principal_id}")
            elsewhere.append((not covers(one.scope, wanted.scope), words))
    return Inconclusive(tuple(dict.fromkeys(gaps))) if gaps else tuple(words for _, words in sorted(elsewhere))


def assign(wanted: DesiredAccess, principal_id: str, principal_type: str) -> Fix:
    """Assign the role on exactly the thing. Without a type Azure looks the principal up."""
    typed = {"assignee_principal_type": principal_type} if principal_type else {}
    command = az(
        "role assignment create", assignee_object_id=principal_id, **typed, role=wanted.role, scope=wanted.scope
    )
    return Fix(
        "Role Based Access Control Administrator",
        (command,),
        "Microsoft.Authorization/roleAssignments: properties.roleDefinitionId, scope",
    )
