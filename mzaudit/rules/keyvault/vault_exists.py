"""KV-001: the documented vault exists."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_vault
from mzaudit.policy.desired import DesiredVault
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed


@rule(
    "KV-001",
    title="The vault exists",
    severity=Severity.CRITICAL,
    over=each_vault,
    guards=(Demand.VAULT_ISOLATION,),
)
def vault_exists(want: DesiredVault, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    A direct read of the documented vault finds it. A soft-deleted vault counts as missing, and the finding says so; a
    404 is enough even where the list of deleted vaults cannot be read.

    ## Why it matters
    Every secret of the service comes from its vault: without it no Key Vault reference resolves, and the next restart
    of the app starts with unresolved text for its secrets.

    ## Remediation
    Recover the vault if it is soft-deleted, then grant the roles again: role assignments on a deleted vault are not
    restored. Otherwise create it.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
    """
    vault = seen.vault(want.id)
    if need(vault.properties) is not None:
        return Pass((Evidence(want.id, "exists", "exists"),))
    if vault.soft_deleted == Observed(True):
        return Fail(
            (Evidence(want.id, "exists", "soft-deleted"),),
            f"The vault {want.name} is soft-deleted.",
            "Recover the vault, then grant its roles again: recovery does not restore them.",
            Fix("Key Vault Contributor", (az("keyvault recover", name=want.name),)),
        )
    return Fail(
        (Evidence(want.id, "exists", "absent"),),
        f"The vault {want.name} does not exist.",
        "Create the vault with RBAC authorization and fill it from the documented list.",
        Fix(
            "Contributor on the resource group",
            (
                az(
                    "keyvault create",
                    name=want.name,
                    resource_group=want.resource_group,
                    enable_rbac_authorization="true",
                ),
            ),
            "Microsoft.KeyVault/vaults: properties.enableRbacAuthorization = true",
        ),
    )
