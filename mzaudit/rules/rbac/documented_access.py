"""RBAC-008: the service's identity holds the further roles that are documented."""

from mzaudit.access.effective_access import reach_of
from mzaudit.access.named_roles import unseen_role
from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import ServiceAccess, each_service_access
from mzaudit.facts.existing import principal_of
from mzaudit.rules.rbac._named_role import assign, held
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text.ids import name


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
    For each entry of a service's `access`, the identity that the app acts as has the role assigned directly, on exactly
    the documented resource. Roles are matched by name, custom roles included. An assignment through a group or at a
    broader scope does not count; the finding mentions it. A condition on the assignment is shown and not evaluated.

    The secrets of the service's vaults, its containers and its registry have rules of their own (RBAC-001, RBAC-004,
    IMG-007); people and pipelines have RBAC-009. Undocumented roles are reported by RBAC-006.

    ## Why it matters
    Without the role the service fails at its first call; from a broader scope it reaches more than it needs.

    ## Remediation
    Assign the role to the identity on the documented resource, or correct the policy.

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
    found = held(seen, wanted, who, reach_of(seen, seen.access(wanted.scope), who))
    if not isinstance(found, tuple):
        return found
    lacks = f"The identity of {service.app} is not assigned {wanted.role} on {name(wanted.scope)}"
    instead = f": it holds {found[0]}." if found else "."
    return _fail(want, found or "no assignment", lacks + instead + unseen_role(seen, wanted.scope, wanted.role), who)


def _fail(want: ServiceAccess, observed: str | tuple[str, ...], note: str, who: str | None) -> Fail:
    wanted = want.access
    return Fail(
        (Evidence(wanted.scope, wanted.role, observed),),
        note,
        f"Assign {wanted.role} to the identity on exactly this resource, or correct {wanted.where}.",
        assign(wanted, who or "PRINCIPAL_ID_OF_THE_APP", "ServicePrincipal"),
    )
