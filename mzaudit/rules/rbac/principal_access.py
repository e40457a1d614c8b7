"""RBAC-009: a person, group or pipeline holds the roles that are documented as theirs."""

from mzaudit.access.assignment_index import index
from mzaudit.access.named_roles import unseen_role
from mzaudit.engine import Evidence, Fail, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import PrincipalAccess, each_principal_access
from mzaudit.rules.rbac._named_role import assign, held
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.text.ids import name


@rule(
    "RBAC-009",
    title="People and pipelines hold their documented roles",
    severity=Severity.MEDIUM,
    over=each_principal_access,
    guards=(Demand.ACCESS,),
    requires=("APP-001", "KV-001", "BLOB-001", "IMG-001", "OBS-001", "RES-001"),
)
def principal_access(want: PrincipalAccess, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    For each entry of `access` under `people` and `pipelines`, the role of that name is assigned to the object id that
    the policy gives, on exactly the documented thing. Only object ids are compared: nobody is looked up by name. From a
    broader scope the assignment does not count, and the finding says that it is there. A condition on the assignment is
    shown and not evaluated.

    Groups are not looked into: whoever holds a role through one is documented by the group's object id. A role that is
    only eligible, to be activated when it is needed, is no assignment until then: document those who may read a vault
    so under its `readers`, which asks nobody to hold anything.

    ## Why it matters
    A pipeline without its role fails at the next release; somebody on call without theirs finds out at night.

    ## Remediation
    Assign the role to the object id on the documented thing, or correct the policy.

    ## References
    - https://learn.microsoft.com/azure/role-based-access-control/role-assignments-steps
    - https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-assign-roles
    """
    principal, wanted = want.principal, want.access
    rbac = seen.access(wanted.scope)
    own = index(seen, rbac).own.get(principal.object_id.casefold(), ())
    found = held(seen, wanted, principal.object_id, Listing(tuple(own), rbac.assignments.gap))
    if not isinstance(found, tuple):
        return found
    lacks = f"{principal.name} ({principal.object_id}) is not assigned {wanted.role} on {name(wanted.scope)}"
    instead = f": it holds {found[0]}." if found else "."
    return Fail(
        (Evidence(wanted.scope, wanted.role, found or "no assignment"),),
        lacks + instead + unseen_role(seen, wanted.scope, wanted.role),
        f"Assign {wanted.role} to {principal.name} on exactly this resource, or correct {wanted.where}.",
        assign(wanted, principal.object_id, "ServicePrincipal" if principal.pipeline else ""),
    )
