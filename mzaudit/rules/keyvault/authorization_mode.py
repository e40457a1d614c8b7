"""KV-002: the vault authorises as documented: by RBAC, or by access policies."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_vault
from mzaudit.facts.existing import present
from mzaudit.policy.desired import DesiredVault
from mzaudit.snapshot.estate import Snapshot


@rule(
    "KV-002",
    title="The vault uses the documented permission model",
    severity=Severity.HIGH,
    over=each_vault,
    guards=(Demand.VAULT_ROLE,),
    requires=("KV-001",),
)
def authorization_mode(want: DesiredVault, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    `enableRbacAuthorization` of the vault is true, unless the policy says `authorization: access-policies`; then it is
    false, or absent: Azure leaves the property out for a vault that authorises by access policies.

    ## Why it matters
    On a vault that authorises by access policies, role assignments have no effect on its secrets; under RBAC, access
    policies have none. In the wrong mode, access is decided where nobody documented it.

    ## Remediation
    Grant the documented access in the documented mode first, then switch the vault: grants of the other mode stop
    working at once.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/rbac-migration
    - https://learn.microsoft.com/azure/key-vault/general/rbac-guide
    """
    rbac = present(seen.vault(want.id).properties, f"GET {want.id}").rbac
    evidence = (Evidence(f"{want.id}/properties/enableRbacAuthorization", not want.by_policies, rbac),)
    if bool(rbac) is not want.by_policies:
        return Pass(evidence)
    if want.by_policies:
        note = f"The vault {want.name} authorises by RBAC: its access policies have no effect."
        mend = "Switch the vault to access policies, once they are complete, or correct the policy."
    else:
        note = f"The vault {want.name} authorises by access policies: roles on it have no effect on its secrets."
        mend = "Assign the documented roles, then switch the vault to RBAC authorization."
    return Fail(
        evidence,
        note,
        mend,
        Fix(
            "Owner of the vault",
            (
                az(
                    "keyvault update",
                    name=want.name,
                    resource_group=want.resource_group,
                    enable_rbac_authorization="false" if want.by_policies else "true",
                ),
            ),
            f"Microsoft.KeyVault/vaults: properties.enableRbacAuthorization = {str(not want.by_policies).lower()} "
            "(azurerm_key_vault: rbac_authorization_enabled)",
        ),
    )
