"""RBAC-002: no other service's identity, of any environment, can read this vault."""

from mzaudit.access.effective_access import out_of_reach
from mzaudit.access.managed_identities import caller_of, identities_of
from mzaudit.access.vault_access import deployers, secret_readers, secrets_access
from mzaudit.engine import NotApplicable, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import GuardedVault, each_guarded_vault
from mzaudit.rules.rbac._isolation import Guarded, isolated
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing


@rule(
    "RBAC-002",
    title="No other service's identity can read the vault",
    severity=Severity.CRITICAL,
    over=each_guarded_vault,
    guards=(Demand.VAULT_ISOLATION, Demand.ISOLATION),
    requires=("KV-001",),
)
def vault_isolation(want: GuardedVault, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    No identity of a documented service whose vault this is not can get a secret of it: neither of another service nor
    of another environment, neither the system-assigned identity nor an attached user-assigned one, nor that of a slot
    of the vault's own environment, unless the policy names it among the vault's readers. A single secret is enough to
    fail. Every kind of access counts: an assignment on the vault, on a secret, inherited from above, through a group,
    by whatever role, or an access policy where the vault does not authorise by RBAC (access policies are matched by
    object id: whether one names a group cannot be told). Where the vault lets Resource Manager read secrets for
    deployments (`enabledForTemplateDeployment`), `Microsoft.KeyVault/vaults/deploy/action` on the vault counts too,
    which Owner and Contributor hold: with the right to deploy anywhere, it reads each secret through a deployment.

    An identity that cannot be read makes the rule inconclusive only where a reader of the vault might be that identity:
    a service principal that is neither a documented identity, nor a named reader, nor the caller, or any group.

    ## Why it matters
    Each service has its own vault so that an attacker who takes over one service does not get the secrets of the next.

    ## Remediation
    Remove the assignment. If it is inherited, assign the role only on the vaults that need it.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    - https://learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter
    - https://learn.microsoft.com/azure/role-based-access-control/overview
    """
    vault = want.vault
    properties = need(seen.vault(vault.id).properties)
    if properties is None:
        return NotApplicable(f"The vault {vault.name} does not exist.")
    named = frozenset(reader.object_id.casefold() for reader in vault.readers)
    others = identities_of(seen, want.others, slots_in=vault.env)
    far = out_of_reach(seen, vault.id) if properties.rbac else frozenset()
    readers, deploying = secret_readers(seen, vault, properties), deployers(seen, vault, properties)
    guarded = Guarded(
        vault.id,
        f"secrets of {vault.name}",
        identities_of(seen, want.owners, slots_in=vault.env),
        others.without(named | far),
        Listing((*readers.items, *deploying.items), readers.gap or deploying.gap),
        named | caller_of(seen),
    )
    return isolated(guarded, lambda principal_id: secrets_access(seen, vault, properties, principal_id))
