"""KV-002: the vault authorises by RBAC."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_vault
from mzaudit.facts.existing import present
from mzaudit.policy.desired import DesiredVault
from mzaudit.snapshot.estate import Snapshot


@rule(
    "KV-002",
    title="The vault authorises by RBAC",
    severity=Severity.HIGH,
    over=each_vault,
    guards=(Demand.VAULT_ROLE,),
    requires=("KV-001",),
)
def rbac_mode(want: DesiredVault, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    `enableRbacAuthorization` of the vault is true. False and absent fail alike: Azure leaves the property out of the
    answer for a vault that authorises by access policies.

    ## Why it matters
    On a vault that authorises by access policies the documented role is assigned and has no effect: who reads the
    secrets is decided by a list that the role assignments do not show.

    ## Remediation
    Assign the documented roles first, then switch the vault to RBAC: the switch takes the access policies' effect away
    at once.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/rbac-migration
    - https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    """
    rbac = present(seen.vault(want.id).properties, f"GET {want.id}").rbac
    evidence = (Evidence(f"{want.id}/properties/enableRbacAuthorization", True, rbac),)
    if rbac:
        return Pass(evidence)
    return Fail(
        evidence,
        f"The vault {want.name} authorises by access policies: roles on it have no effect on its secrets.",
        "Assign the documented roles, then switch the vault to RBAC authorization.",
        Fix(
            "Owner of the vault",
            (
                az(
                    "keyvault update",
                    name=want.name,
                    resource_group=want.resource_group,
                    enable_rbac_authorization="true",
                ),
            ),
            "Microsoft.KeyVault/vaults: properties.enableRbacAuthorization = true (azurerm_key_vault: "
            "rbac_authorization_enabled)",
        ),
    )
