"""RBAC-006: the service's identity holds no role that is not documented."""

from mzaudit.access.documented_grant import revoke_fix
from mzaudit.access.managed_identities import identities_of
from mzaudit.engine import Aspect, Evidence, Fail, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import HeldRoles, each_role_holder
from mzaudit.rules.rbac._held_roles import Held, held_by, judged_elsewhere
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Unobserved


@rule(
    "RBAC-006",
    title="The identity holds no undocumented role",
    severity=Severity.HIGH,
    over=each_role_holder,
    bears_on=Aspect.ROLES,
    guards=(Demand.VAULT_ROLE, Demand.CONTAINER_ACCESS, Demand.ACCESS),
    requires=("APP-001",),
    follows=("APP-005",),
)
def least_privilege(want: HeldRoles, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Everything that reaches the app's identities (system-assigned, attached user-assigned, those of its slots) by role
    assignments, at every scope of the service's subscription and of the registry's, from the root to a single secret,
    directly or through groups, is documented: Key Vault Secrets User on the service's own vaults; the container's role
    on its own containers; the roles under its `access`; what a service that acts as the same identity has; the pull
    role on its registry (AcrPull, or Container Registry Repository Reader where the registry's permissions are by
    repository); Monitoring Metrics Publisher, on whatever scope, for a service that exports telemetry. Each is
    documented on exactly that scope: the same role at a broader one is not.

    So that one assignment is one finding, this rule leaves out what RBAC-001 or RBAC-004 reports in place of the
    documented grant, and what RBAC-002 or RBAC-005 reports as access to another service's vault or blobs in an
    environment of this run. Missing roles are reported by RBAC-001, RBAC-004, RBAC-008 and IMG-007.

    ## Why it matters
    An attacker who takes over the app holds every role of its identity.

    ## Remediation
    Remove the assignment, or document the role under the service's `access`. A role on what the policy cannot name,
    such as a subscription, needs a waiver with its reason.

    ## References
    - https://learn.microsoft.com/azure/role-based-access-control/best-practices
    """
    service = want.service
    site = need(seen.site(service.id).properties)
    if site is None:
        return NotApplicable(f"{service.app} does not exist.")
    identities = identities_of(seen, (service,), slots_in=service.env)
    gaps: list[Gap] = [*identities.gaps]
    extra: list[Held] = []
    documented: list[str] = []
    for identity in identities.items:
        listing = held_by(seen, service, identity)
        gaps += [listing.gap] if listing.gap is not None else []
        for held in listing.items:
            try:
                if held.documented(seen, want.sharing):
                    documented.append(held.words)
                elif not judged_elsewhere(seen, want, held):
                    extra.append(held)
            except Unobserved as unseen:
                gaps += unseen.gaps
    if extra:
        return Fail(
            tuple(
                Evidence(held.assignment.id, "no undocumented role", held.words, principal=held.identity.principal_id)
                for held in extra
            ),
            f"{extra[0].words[0].upper()}{extra[0].words[1:]}, which is not documented.",
            "Remove the assignment; if the role is meant, document it under the service's access, or, on what the"
            " policy cannot name, accept it by a waiver that says why.",
            revoke_fix(tuple(held.grant for held in extra)),
        )
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    if not identities.items:
        return NotApplicable(f"{service.app} has no identity that could hold a role.", broken_link=True)
    return Pass((Evidence(service.id, "documented roles only", tuple(sorted(documented)) or "no role"),))
