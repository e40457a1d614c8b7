"""What the simulated estate is claimed to be to an outside client, each claim with the witness that has to say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mzaudit.simulator import Estate
from mzaudit.simulator.http_messages import Json

WitnessName = Literal["az", "custodian", "prowler"]
Said = list[object]  # JSON, in no order
GROUP = "rg-monozu-prd"
APP = f"-g {GROUP} -n app-monozu-cloud-prd"
SERVER = "sql-monozu-prd"
VAULT = "kv-mz-cloud-prd"
REPOSITORY = "cloud-backend"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a witness is asked (arguments of `az`, a resource of Cloud Custodian, a check of Prowler), and what it has
    to find, taken from the estate's wire data and not from the simulator's answers."""

    witness: WitnessName
    asks: str
    holds: Callable[[Estate], Said]


def of_type(estate: Estate, type_name: str) -> list[Json]:
    """The bodies of a type (`Microsoft.Web/sites`), by what their ids say."""
    provider, *kinds = type_name.casefold().split("/")
    found = []
    for arm_id, body in estate.resources.items():
        parts = arm_id.rpartition(f"/providers/{provider}/")[2].split("/")
        if parts[::2] == kinds and len(parts) == 2 * len(kinds):
            found.append(body)
    return found


def each(type_name: str, key: str) -> Callable[[Estate], Said]:
    """One value of every resource of a type."""
    return lambda estate: [body[key] for body in of_type(estate, type_name)]


def live_secrets(estate: Estate, vault: str) -> list[str]:
    """The names of a vault's secrets that are not deleted."""
    return [name for name, secret in estate.secrets[vault].items() if secret.deleted is None]


def _images(estate: Estate) -> Said:
    return [estate.site_config("app-monozu-cloud-prd")["linuxFxVersion"]]


def _settings(estate: Estate) -> Said:
    return [[name, value] for name, value in estate.site_settings("app-monozu-cloud-prd").items()]


def _plans(estate: Estate) -> Said:
    return [[body["name"], body["sku"]["name"]] for body in of_type(estate, "Microsoft.Web/serverfarms")]


def _role_name(estate: Estate, assignment: Json) -> str:
    guid = str(assignment["properties"]["roleDefinitionId"]).rsplit("/", 1)[-1]
    return str(estate.role_definitions[guid]["properties"]["roleName"])


def _assignments(estate: Estate) -> Said:
    found = ((one, one["properties"]) for one in estate.role_assignments)
    return [[given["principalId"], _role_name(estate, one), given["scope"]] for one, given in found]


def _databases(estate: Estate) -> Said:
    found = of_type(estate, "Microsoft.Sql/servers/databases")
    return [body["name"] for body in found if f"/servers/{SERVER}/" in str(body["id"])]


def _entra_only(estate: Estate) -> Said:
    found = of_type(estate, "Microsoft.Sql/servers/azureADOnlyAuthentications")
    return [body["properties"]["azureADOnlyAuthentication"] for body in found if f"/{SERVER}/" in str(body["id"])]


def _groups(estate: Estate) -> Said:
    return [body["name"] for arm_id, body in estate.resources.items() if arm_id.count("/") == 4]


def _secret_ids(estate: Estate) -> Said:
    return [
        f"https://{vault}.vault.azure.net/secrets/{name}"
        for vault in estate.secrets
        for name in live_secrets(estate, vault)
    ]


def judged(type_name: str, good: Callable[[Json], bool]) -> Callable[[Estate], Said]:
    """The verdict of one check of Prowler on every resource of a type, from the body that the estate holds."""
    return lambda estate: [[body["name"], _status(good(body))] for body in of_type(estate, type_name)]


def configured(good: Callable[[Json], bool]) -> Callable[[Estate], Said]:
    """The same on every app, from the properties of its `config/web`."""
    return lambda estate: [
        [body["name"], _status(good(estate.site_config(str(body["name"]))))]
        for body in of_type(estate, "Microsoft.Web/sites")
    ]


def _status(good: bool) -> str:
    return "PASS" if good else "FAIL"


def _expiring(estate: Estate) -> Said:
    return [
        [name, _status(secrets[name].current.expires is not None)]
        for vault, secrets in estate.secrets.items()
        for name in live_secrets(estate, vault)
        if secrets[name].current.enabled
    ]


def _encrypted(estate: Estate) -> Said:
    return [
        [str(body["id"]).split("/")[-3], _status(body["properties"]["state"] == "Enabled")]
        for body in of_type(estate, "Microsoft.Sql/servers/databases/transparentDataEncryption")
        if "/databases/master/" not in str(body["id"])
    ]


CLAIMS = {
    "the login is the auditor's": Claim(
        "az",
        "account show --query [id,tenantId,user.name]",
        lambda estate: [estate.subscriptions[0], estate.tenant_id, estate.auditor.client_id],
    ),
    "the resource groups": Claim("az", "group list --query [].name", _groups),
    "the apps": Claim("az", "webapp list --query [].name", each("Microsoft.Web/sites", "name")),
    "an app's image": Claim("az", f"webapp config show {APP} --query [linuxFxVersion]", _images),
    "an app's settings": Claim("az", f"webapp config appsettings list {APP} --query [].[name,value]", _settings),
    "the plans and their sizes": Claim("az", "appservice plan list --query [].[name,sku.name]", _plans),
    "the vaults": Claim("az", "keyvault list --query [].name", each("Microsoft.KeyVault/vaults", "name")),
    "a vault's secrets": Claim(
        "az",
        f"keyvault secret list --vault-name {VAULT} --query [].name",
        lambda estate: [*live_secrets(estate, VAULT)],
    ),
    "a secret's value": Claim(
        "az",
        f"keyvault secret show --vault-name {VAULT} --name SECRET-KEY --query [value]",
        lambda estate: [estate.secrets[VAULT]["SECRET-KEY"].current.value],
    ),
    "the role assignments": Claim(
        "az", "role assignment list --all --query [].[principalId,roleDefinitionName,scope]", _assignments
    ),
    "the SQL servers": Claim("az", "sql server list --query [].name", each("Microsoft.Sql/servers", "name")),
    "a SQL server's databases": Claim("az", f"sql db list -g {GROUP} -s {SERVER} --query [].name", _databases),
    "whether SQL logins are off": Claim(
        "az", f"sql server ad-only-auth get -g {GROUP} -n {SERVER} --query [azureAdOnlyAuthentication]", _entra_only
    ),
    "the registries": Claim("az", "acr list --query [].loginServer", lambda estate: ["acrmonozu.azurecr.io"]),
    "the repositories": Claim("az", "acr repository list --name acrmonozu", lambda estate: [*estate.images]),
    "a repository's tags": Claim(
        "az",
        f"acr repository show-tags --name acrmonozu --repository {REPOSITORY}",
        lambda estate: [*estate.images[REPOSITORY]],
    ),
    "the storage accounts": Claim(
        "az", "storage account list --query [].name", each("Microsoft.Storage/storageAccounts", "name")
    ),
    "the apps, to Custodian": Claim("custodian", "webapp", each("Microsoft.Web/sites", "id")),
    "the plans, to Custodian": Claim("custodian", "appserviceplan", each("Microsoft.Web/serverfarms", "id")),
    "the vaults, to Custodian": Claim("custodian", "keyvault", each("Microsoft.KeyVault/vaults", "id")),
    "all secrets, to Custodian": Claim("custodian", "keyvault-secret", _secret_ids),
    "the SQL servers, to Custodian": Claim("custodian", "sql-server", each("Microsoft.Sql/servers", "id")),
    "all databases, to Custodian": Claim("custodian", "sql-database", each("Microsoft.Sql/servers/databases", "id")),
    "the registries, to Custodian": Claim(
        "custodian", "container-registry", each("Microsoft.ContainerRegistry/registries", "id")
    ),
    "the storage accounts, to Custodian": Claim(
        "custodian", "storage", each("Microsoft.Storage/storageAccounts", "id")
    ),
    "the role assignments, to Custodian": Claim(
        "custodian", "roleassignment", lambda estate: [one["id"] for one in estate.role_assignments]
    ),
    "the components, to Custodian": Claim("custodian", "app-insights", each("Microsoft.Insights/components", "id")),
    "which apps redirect to HTTPS": Claim(
        "prowler",
        "app_ensure_http_is_redirected_to_https",
        judged("Microsoft.Web/sites", lambda body: bool(body["properties"]["httpsOnly"])),
    ),
    "which apps speak TLS 1.2": Claim(
        "prowler", "app_minimum_tls_version_12", configured(lambda web: web["minTlsVersion"] in ("1.2", "1.3"))
    ),
    "which apps keep FTP shut": Claim(
        "prowler", "app_ftp_deployment_disabled", configured(lambda web: web["ftpsState"] != "AllAllowed")
    ),
    "which vaults authorise by RBAC": Claim(
        "prowler",
        "keyvault_rbac_enabled",
        judged("Microsoft.KeyVault/vaults", lambda body: bool(body["properties"]["enableRbacAuthorization"])),
    ),
    "which secrets expire": Claim("prowler", "keyvault_rbac_secret_expiration_set", _expiring),
    "which registries have no admin user": Claim(
        "prowler",
        "containerregistry_admin_user_disabled",
        judged("Microsoft.ContainerRegistry/registries", lambda body: not body["properties"]["adminUserEnabled"]),
    ),
    "which accounts forbid public blobs": Claim(
        "prowler",
        "storage_blob_public_access_level_is_disabled",
        judged("Microsoft.Storage/storageAccounts", lambda body: not body["properties"]["allowBlobPublicAccess"]),
    ),
    "which servers are audited": Claim(
        "prowler", "sqlserver_auditing_enabled", judged("Microsoft.Sql/servers", lambda _: True)
    ),
    "which servers let everybody in": Claim(
        "prowler", "sqlserver_unrestricted_inbound_access", judged("Microsoft.Sql/servers", lambda _: True)
    ),
    "which databases are encrypted": Claim("prowler", "sqlserver_tde_encryption_enabled", _encrypted),
    "which accounts keep deleted shares": Claim(
        "prowler",
        "storage_ensure_file_shares_soft_delete_is_enabled",
        judged("Microsoft.Storage/storageAccounts", lambda _: True),
    ),
    "which accounts refuse their keys": Claim(
        "prowler",
        "storage_account_key_access_disabled",
        judged("Microsoft.Storage/storageAccounts", lambda body: not body["properties"]["allowSharedKeyAccess"]),
    ),
}
