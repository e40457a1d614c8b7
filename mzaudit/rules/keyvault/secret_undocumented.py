"""KV-005: the vault holds no secret that is not documented."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule, whole
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_vault
from mzaudit.facts.secret_values import OFFICER
from mzaudit.policy.desired import DesiredVault
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed


@rule(
    "KV-005",
    title="Every secret in the vault is documented",
    severity=Severity.LOW,
    over=each_vault,
    guards=(Demand.SECRETS, Demand.NOTHING_UNDOCUMENTED),
    requires=("KV-001",),
)
def secret_undocumented(want: DesiredVault, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Every secret of the vault, disabled ones included, has the stored name of a documented secret, compared without
    case. Secrets that back a certificate do not count: those that the vault calls `managed`, whatever their content
    type. One undocumented secret is enough to fail; to pass, the whole list must have been seen.

    ## Why it matters
    Nobody rotates an undocumented secret, and it may be a copy of a documented one.

    ## Remediation
    Document the secret in the policy if it is needed. Otherwise disable it, check that nothing breaks, and delete it.

    ## References
    - https://learn.microsoft.com/azure/key-vault/secrets/secrets-best-practices
    """
    documented = {secret.stored.casefold() for secret in want.secrets}
    listing = seen.vault(want.id).secrets
    others = [item for item in listing.items if item.name.casefold() not in documented]
    extra = sorted({item.name for item in others if isinstance(item.managed, Observed) and not item.managed.value})
    if extra:
        return Fail(
            tuple(Evidence(f"{want.id}/secrets/{name}", "documented", "not documented") for name in extra),
            f"The vault {want.name} holds secrets that are not documented: {', '.join(extra)}.",
            "Document each of them, or disable and then delete it.",
            Fix(
                OFFICER,
                tuple(
                    az("keyvault secret set-attributes", vault_name=want.name, name=name, enabled="false")
                    for name in extra
                ),
                "Microsoft.KeyVault/vaults/secrets (azurerm_key_vault_secret): remove the resource",
            ),
        )
    whole(listing)
    for item in others:
        need(item.managed)
    return Pass((Evidence(f"{want.id}/secrets", "only documented secrets", "only documented secrets"),))
