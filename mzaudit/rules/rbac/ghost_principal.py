"""RBAC-007: no assignment is left to a former identity of the service."""

from mzaudit.access.managed_identities import caller_of, identities_of, is_gone
from mzaudit.engine import Aspect, Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import OtherServices, SucceededService, each_succeeded_service
from mzaudit.rules.rbac._orphaned_assignments import access_around, orphaned_assignments
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, not_asked


@rule(
    "RBAC-007",
    title="No assignment is left to a former identity",
    severity=Severity.LOW,
    over=each_succeeded_service,
    bears_on=Aspect.ROLES,
    guards=(Demand.IDENTITY,),
    requires=("APP-001",),
    explained_by=("APP-005", "RBAC-003"),
)
def ghost_principal(want: SucceededService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The service's documented role, on exactly its documented scope (its vault, its container), is assigned to no unknown
    service principal: one that is neither an identity of a documented app in any environment, nor that of a slot in
    this one, nor a named reader of the vault, nor anybody under `people` and `pipelines`, nor the identity that runs
    this audit. On what services of other environments use too, the role is checked only while the app's present
    identity does not hold it, because theirs may have left it. So is the pull role on the shared registry, for a
    service with neither vault nor container. An assignment on the
    service's resources to a principal that Azure reports as unknown counts whatever its role.

    Azure does not tell a reader of assignments whether a principal still exists. Such an assignment is what remains
    after a system-assigned identity was turned off and on, which creates a new principal. An unrelated application that
    was given the role looks the same, and is the more serious case (RBAC-003).

    ## Why it matters
    A leftover assignment counts against the limit of assignments, and shows that the identity was recreated: its other
    grants, such as its database user, are likely stale too.

    ## Remediation
    Check that the principal is gone (`az ad sp show`), then delete the assignment.

    ## References
    - https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
    - https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
    """
    service = want.service
    site = need(seen.site(service.id).properties)
    if site is None:
        return NotApplicable(f"{service.app} does not exist.")
    readers = {reader.object_id.casefold() for vault in service.vaults for reader in vault.readers}
    accounted = caller_of(seen) | readers | want.named
    everyone = identities_of(seen, OtherServices(want.everyone), slots_in=service.env)
    found = orphaned_assignments(seen, want, everyone, accounted)
    around = access_around(seen, service)
    gaps: list[Gap] = [rbac.assignments.gap for rbac in around if rbac.assignments.gap is not None]
    sure = [one for one in found if is_gone(one.principal_type)]
    if len(sure) < len(found):
        doubt = [*everyone.gaps] + ([not_asked("the claims of the auditor's token")] if seen.caller is None else [])
        gaps += doubt
        sure = sure if doubt else list(found)
    if sure:
        names = {role.guid.casefold(): role.name for rbac in around for role in rbac.roles.items}
        first = sure[0]
        role = names.get(first.role.casefold(), f"the role {first.role}")
        return Fail(
            tuple(
                Evidence(
                    one.id,
                    "a present identity",
                    f"{one.principal_type} {one.principal_id}",
                    principal=one.principal_id,
                )
                for one in sure
            ),
            f"{first.principal_id}, which is not an identity of the estate, holds {role} on {first.scope}: it looks"
            f" like a former identity of {service.app}.",
            "Make sure that the principal no longer exists, then delete its assignments.",
            Fix(
                "Role Based Access Control Administrator",
                tuple(az("role assignment delete", ids=one.id) for one in sure),
                "Microsoft.Authorization/roleAssignments: remove it",
            ),
        )
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    return Pass((Evidence(service.id, "no assignment to a former identity", "none"),))
