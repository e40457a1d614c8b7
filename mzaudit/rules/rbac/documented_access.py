"""RBAC-008: the service's identity holds the further roles that are documented."""

from mzaudit.access.assignment_index import index
from mzaudit.access.effective_access import reach_of, undefined
from mzaudit.access.named_roles import unseen_role
from mzaudit.engine import Aspect, Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import ServiceAccess, each_service_access
from mzaudit.facts.existing import principal_of
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import name, same


@rule(
    "RBAC-008",
    title="The identity holds its documented roles",
    severity=Severity.HIGH,
    over=each_service_access,
    bears_on=Aspect.ROLES,
    guards=(Demand.ACCESS,),
    requires=("APP-001",),
    explained_by=("APP-005",),
)
def documented_access(want: ServiceAccess, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    For each entry of a service's `access`, the identity that the app acts as is assigned the role of that name, itself
    and on exactly the documented thing. A role is known by its name as the run reads it, so that one of the tenant's
    own counts like a built-in one. Through a group or from a broader scope the assignment does not count, and the
    finding says that it is there. A condition on the assignment is shown and not evaluated.

    The secrets of the service's vaults, its containers and its registry have rules of their own (RBAC-001, RBAC-004,
    IMG-007). What is held and not documented is RBAC-006's.

    ## Why it matters
    Without the role the service fails at its first call; from a broader scope it reaches more than it needs.

    ## Remediation
    Assign the role to the identity on the documented thing, or correct the policy.

    ## References
    - https://learn.microsoft.com/azure/role-based-access-control/role-assignments-steps
    - https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
    """
    service, wanted = want.service, want.access
    site = need(seen.site(service.id).properties)
    if site is None:
        return NotApplicable(f"{service.app} does not exist.")
    who = principal_of(service, site)
    if who is None:
        return _fail(want, f"no {service.identity_words}", f"{service.app} has no {service.identity_words}.", who)
    rbac = seen.access(wanted.scope)
    reach = reach_of(seen, rbac, who)
    elsewhere: list[str] = []
    gaps: list[Gap] = [reach.gap] if reach.gap is not None else []
    for one in reach.items:
        role = index(seen, rbac).definitions.get(one.role.casefold())
        if role is None:
            gaps += [undefined(rbac, one.role)] if same(one.scope, wanted.scope) else []
        elif role.name.casefold() == wanted.role.casefold():
            own = one.principal_id.casefold() == who.casefold()
            if own and same(one.scope, wanted.scope):
                under = "under a condition that is not evaluated" if one.condition else ""
                return Pass((Evidence(wanted.scope, wanted.role, role.name, under),))
            elsewhere.append(f"{role.name} on {one.scope}" + ("" if own else f" through the group {one.principal_id}"))
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    lacks = f"The identity of {service.app} is not assigned {wanted.role} on {name(wanted.scope)}"
    held = f": it holds {elsewhere[0]}." if elsewhere else "."
    unseen = unseen_role(seen, wanted.scope, wanted.role)
    return _fail(want, tuple(sorted(elsewhere)) or "no assignment", lacks + held + unseen, who)


def _fail(want: ServiceAccess, observed: str | tuple[str, ...], note: str, who: str | None) -> Fail:
    wanted = want.access
    return Fail(
        (Evidence(wanted.scope, wanted.role, observed),),
        note,
        f"Assign {wanted.role} to the identity on exactly this thing, or correct {wanted.where}.",
        Fix(
            "Role Based Access Control Administrator",
            (
                az(
                    "role assignment create",
                    assignee_object_id=who or "PRINCIPAL_ID_OF_THE_APP",
                    assignee_principal_type="ServicePrincipal",
                    role=wanted.role,
                    scope=wanted.scope,
                ),
            ),
            "Microsoft.Authorization/roleAssignments: properties.roleDefinitionId, scope",
        ),
    )
