"""ACME-001: no deployment takes secrets out of a vault."""

from typing import Any

from mzaudit.engine import (
    Evidence,
    Fail,
    Fix,
    NotApplicable,
    Pass,
    Severity,
    Snapshot,
    Verdict,
    az,
    each_vault,
    need,
    rule,
)


@rule(
    "ACME-001",
    title="No deployment takes secrets out of a vault",
    severity=Severity.MEDIUM,
    over=each_vault,
    requires=("KV-001",),
)
def no_deployment_access(want: Any, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The vault is not enabled for template deployment (`enabledForTemplateDeployment`).

    ## Why it matters
    Whoever may deploy a template would read every secret of the vault by it, whatever roles say.

    ## Remediation
    Disable it, and let templates refer to the vault from the app instead.

    ## References
    - https://learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter
    """
    vault = need(seen.vault(want.id).properties)
    if vault is None:
        return NotApplicable("The vault is not there.")
    evidence = (Evidence(want.id, False, bool(vault.template_deployment), "enabledForTemplateDeployment"),)
    if not vault.template_deployment:
        return Pass(evidence)
    return Fail(
        evidence,
        f"Deployments may take secrets out of {want.name}.",
        "Disable the vault for template deployment.",
        Fix(
            "Key Vault Contributor",
            (az("keyvault update", name=want.name, enabled_for_template_deployment="false"),),
            "Microsoft.KeyVault/vaults: properties.enabledForTemplateDeployment = false",
        ),
    )
