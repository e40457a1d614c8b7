"""SET-002: App Service reports the reference as resolved."""

from dataclasses import replace

from mzaudit.access.identity_grants import switch_on
from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import SecretSetting, each_secret_setting
from mzaudit.facts.setting_references import Deviation, documented, refer, reported
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed

# status: what it means, and the remediation
_STATUSES = {
    "invalidsyntax": (
        "App Service cannot read the reference",
        "Write the setting as @Microsoft.KeyVault(VaultName=...;SecretName=...), nothing before or after it.",
    ),
    "msinotenabled": (
        "the app has no managed identity to read the vault with, or not the one that is set for references",
        "Assign the {identity} to the app, configure Key Vault references to use it, and grant its role.",
    ),
    "vaultnotfound": (
        "the vault of the reference does not exist",
        "Create or recover the vault, or correct the vault's name in the reference.",
    ),
    "secretnotfound": (
        "the vault holds no secret of that name",
        "Set or recover the secret, or correct the secret's name in the reference.",
    ),
    "secretversionnotfound": (
        "the secret has no such version",
        "Take the version out of the reference, so that the app follows the current one.",
    ),
    "accesstokeyvaultdenied": (
        "the vault refused the app's identity",
        "Grant Key Vault Secrets User on the vault to the app's identity, allow the app in the vault's network rules, "
        "and enable the secret if it is disabled.",
    ),
    "unauthorizedclient": (
        "Entra refused to give the app's identity a token for the vault",
        "Check that the vault and the app are in one tenant and that the {identity} was not deleted; assign it to the "
        "app anew, and grant its role again.",
    ),
}


@rule(
    "SET-002",
    title="The reference is resolved",
    severity=Severity.CRITICAL,
    over=each_secret_setting,
    bears_on=Aspect.SECRET_REFERENCES,
    guards=(Demand.REFERENCES,),
    requires=("APP-001",),
    explained_by=("SET-001", "KV-001", "KV-003", "KV-004", "APP-005", "KV-002", "RBAC-001"),
)
def reference_resolved(want: SecretSetting, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    App Service's own report on the setting's Key Vault reference says `Resolved`.

    | status | verdict | cause |
    |---|---|---|
    | `Resolved` | pass | |
    | `InvalidSyntax` | fail | the reference cannot be read |
    | `MSINotEnabled` | fail | no identity, or not the one that is set for references |
    | `VaultNotFound` | fail | no such vault |
    | `SecretNotFound` | fail | no such secret |
    | `SecretVersionNotFound` | fail | no such version |
    | `AccessToKeyVaultDenied` | fail | role missing, network closed, or secret disabled |
    | `UnauthorizedClient` | fail | Entra gives the identity no token |
    | `Initialized` | inconclusive | not tried yet |
    | `FetchTimedOut` | inconclusive | the vault was not reached in time |
    | `OtherReasons` | inconclusive | no reason given |
    | any other | inconclusive | unknown; shown as it is |

    Where one of the undecided statuses, or none, is reported for a setting that is not the documented reference, this
    fails and SET-001 is its cause. A setting that is the documented reference and that App Service does not report
    is inconclusive, and so is one that it reports without a status.

    ## Why it matters
    To the platform, an unresolved reference is no error: the app starts with the reference's text as its secret.

    ## Remediation
    By status, as the finding says. After the fix, any change of configuration makes App Service resolve again; without
    one it takes up to 24 hours.

    ## References
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    at = f"{want.service.id}/config/configreferences/appsettings/{want.name}"
    found = reported(want, seen)
    if isinstance(found, Deviation):
        return Fail(
            (Evidence(at, "Resolved", found.observed),),
            found.note,
            f"Set {want.name} to {documented(want)}.",
            refer(want),
        )
    if found.status.casefold() == "resolved":
        return Pass((Evidence(at, "Resolved", found.status),))
    cause, remediation = _STATUSES[found.status.casefold()]
    evidence = [Evidence(at, "Resolved", found.status)]
    if found.status.casefold() == "accesstokeyvaultdenied":
        evidence += _network(want, seen)
    return Fail(
        tuple(evidence),
        f"App Service reports {found.status} for {want.name} of {want.service.app}: {cause}.",
        remediation.replace("{identity}", want.service.identity_words),
        _fix(want, found.status, seen),
    )


def _network(want: SecretSetting, seen: Snapshot) -> list[Evidence]:
    vault = seen.vault(want.secret.vault_id)
    if not isinstance(vault.properties, Observed) or vault.properties.value is None:
        return []
    properties = vault.properties.value
    facts = {
        "publicNetworkAccess": (properties.public_network_access, "Enabled"),
        "networkAcls.defaultAction": (properties.default_action, "Allow"),
    }
    return [
        Evidence(f"{vault.id}/properties/{path}", open_, value, "the vault's network may be what refuses the app")
        for path, (value, open_) in facts.items()
        if value is not None and value.casefold() != open_.casefold()
    ]


def _fix(want: SecretSetting, status: str, seen: Snapshot) -> Fix:
    app = {"resource_group": want.service.resource_group, "name": want.service.app}
    match status.casefold():
        case "invalidsyntax" | "secretversionnotfound" | "vaultnotfound" | "secretnotfound":
            return refer(want)
        case "msinotenabled":
            on = switch_on(want.service, seen)
            identity = "SystemAssigned" if want.service.identity is None else want.service.identity.id
            use = az("webapp update", **app, set=f"keyVaultReferenceIdentity={identity}")
            return replace(on, commands=(*on.commands, use))
        case "accesstokeyvaultdenied":
            return Fix("Role Based Access Control Administrator on the vault", (_grant(want),))
        case _:  # Entra gives the identity no token
            return switch_on(want.service, seen, again=want.service.identity is None)


def _grant(want: SecretSetting) -> str:
    return az(
        "role assignment create",
        role="Key Vault Secrets User",
        assignee_object_id="PRINCIPAL_ID_OF_THE_APP",
        assignee_principal_type="ServicePrincipal",
        scope=want.secret.vault_id,
    )
