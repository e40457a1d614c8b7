"""The planted drifts: each breaks exactly one link of one environment and leaves the rest conforming."""

from __future__ import annotations

from collections.abc import Callable

from mzaudit.simulator.estates import web_bodies
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.estates.simulated_estate import Estate, canary, client_of
from mzaudit.simulator.sql.contents import SqlColumn, Table, sid_of

_DRIFTS: dict[str, Callable[[Estate, str], None]] = {}


def plant(estate: Estate, name: str, env: str = "prd") -> None:
    """Break one link of an environment; `name` is one of `DRIFTS`, else KeyError."""
    _DRIFTS[name](estate, env)


def _drift(function: Callable[[Estate, str], None]) -> Callable[[Estate, str], None]:
    _DRIFTS[function.__name__.removeprefix("_").replace("_", "-")] = function
    return function


@_drift
def _ingest_plan(estate: Estate, env: str) -> None:
    """The ingestor runs on a plan of its own, which is too small (B1)."""
    site = estate.site(f"app-monozu-ingest-{env}")
    shared = str(site["properties"]["serverFarmId"])
    own = f"{shared.rsplit('/', 1)[0]}/asp-monozu-ingest-{env}"
    estate.add(web_bodies.plan(own, "westeurope", "B1", shared.split("/")[2]))
    site["properties"] |= {"serverFarmId": own, "sku": "Basic"}


@_drift
def _cloud_tag(estate: Estate, env: str) -> None:
    """The cloud backend runs the moving tag `latest` instead of a commit."""
    config = estate.site_config(f"app-monozu-cloud-{env}")
    config["linuxFxVersion"] = f"DOCKER|{estate.blueprint.login_server}/cloud-backend:latest"


@_drift
def _ingest_image_source(estate: Estate, env: str) -> None:
    """The ingestor's image comes from Docker Hub instead of the shared registry."""
    config = estate.site_config(f"app-monozu-ingest-{env}")
    config["linuxFxVersion"] = f"DOCKER|docker.io/monozu/ingestor:{commit('ingestor', LATEST_COMMIT)}"


@_drift
def _manage_identity(estate: Estate, env: str) -> None:
    """The management backend's identity was switched off; the old principal's role assignments remain as ghosts."""
    estate.site(f"app-monozu-manage-{env}")["identity"] = {"type": "None"}


@_drift
def _cloud_secret_missing(estate: Estate, env: str) -> None:
    """SNAP-PUBLISH-TOKEN was soft-deleted from the cloud vault."""
    estate.secrets[f"kv-mz-cloud-{env}"]["SNAP-PUBLISH-TOKEN"].deleted = estate.days(-3)


@_drift
def _manage_secret_disabled(estate: Estate, env: str) -> None:
    """MS-CLIENT-SECRET of the management vault is disabled."""
    estate.secrets[f"kv-mz-manage-{env}"]["MS-CLIENT-SECRET"].current.enabled = False


@_drift
def _secret_expiring(estate: Estate, env: str) -> None:
    """MS-CLIENT-SECRET of the cloud vault expires in ten days."""
    estate.secrets[f"kv-mz-cloud-{env}"]["MS-CLIENT-SECRET"].current.expires = estate.days(10)


@_drift
def _shared_secret_differs(estate: Estate, env: str) -> None:
    """CLOUD-WEBHOOK-HMAC-SECRET of the management vault ends with one newline more than the cloud vault's."""
    version = estate.secrets[f"kv-mz-manage-{env}"]["CLOUD-WEBHOOK-HMAC-SECRET"].current
    version.value += "\n"


@_drift
def _undocumented_secret(estate: Estate, env: str) -> None:
    """The cloud vault holds OLD-SMTP-PASSWORD, which nothing documents."""
    estate.put_secret(f"kv-mz-cloud-{env}", "OLD-SMTP-PASSWORD", canary())


@_drift
def _plaintext_credential(estate: Estate, env: str) -> None:
    """The cloud backend has an API key in clear among its settings."""
    estate.site_settings(f"app-monozu-cloud-{env}")["STRIPE_API_KEY"] = canary("key")


@_drift
def _literal_secret(estate: Estate, env: str) -> None:
    """The cloud backend's MS_CLIENT_SECRET is a literal instead of a reference to its vault."""
    estate.site_settings(f"app-monozu-cloud-{env}")["MS_CLIENT_SECRET"] = canary()


@_drift
def _foreign_vault(estate: Estate, env: str) -> None:
    """A setting of the ingestor refers to the cloud vault of another environment (stg)."""
    reference = "@Microsoft.KeyVault(VaultName=kv-mz-cloud-stg;SecretName=SNAP-PUBLISH-TOKEN)"
    estate.site_settings(f"app-monozu-ingest-{env}")["LEGACY_TOKEN"] = reference


@_drift
def _vault_leak(estate: Estate, env: str) -> None:
    """The cloud backend's identity may read the management vault."""
    scope = str(estate.vault(f"kv-mz-manage-{env}")["id"])
    estate.assign(estate.principal_of(f"app-monozu-cloud-{env}"), "Key Vault Secrets User", scope)


@_drift
def _placeholder(estate: Estate, env: str) -> None:
    """SECRET-KEY of the management vault was never filled in."""
    estate.secrets[f"kv-mz-manage-{env}"]["SECRET-KEY"].current.value = "changeme"


@_drift
def _database_password(estate: Estate, env: str) -> None:
    """The ingestor reaches SQL with a password in DATABASE_URL."""
    address = f"sqlserver://app:{canary()}@sql-monozu-{env}.database.windows.net?database=db-monozu-cloud-{env}"
    estate.site_settings(f"app-monozu-ingest-{env}")["DATABASE_URL"] = address


@_drift
def _storage_public(estate: Estate, env: str) -> None:
    """Anyone may read the snap blobs; the account must allow that too, or the container's level has no effect."""
    account = estate.named("Microsoft.Storage/storageAccounts", f"stmonozu{env}")
    account["properties"]["allowBlobPublicAccess"] = True
    container = estate.resource(f"{account['id']}/blobServices/default/containers/snaps")
    container["properties"]["publicAccess"] = "Blob"


@_drift
def _entra_only_off(estate: Estate, env: str) -> None:
    """The SQL server accepts passwords."""
    server = estate.named("Microsoft.Sql/servers", f"sql-monozu-{env}")
    server["properties"]["administrators"]["azureADOnlyAuthentication"] = False
    for child in ("azureADOnlyAuthentications/Default", "administrators/ActiveDirectory"):
        estate.resource(f"{server['id']}/{child}")["properties"]["azureADOnlyAuthentication"] = False


@_drift
def _alert_disabled(estate: Estate, env: str) -> None:
    """The only alert on the Application Insights component is switched off."""
    estate.named("Microsoft.Insights/metricAlerts", f"alert-appi-monozu-{env}")["properties"]["enabled"] = False


@_drift
def _blob_leak(estate: Estate, env: str) -> None:
    """The ingestor's identity may read every blob of the storage account."""
    scope = str(estate.named("Microsoft.Storage/storageAccounts", f"stmonozu{env}")["id"])
    estate.assign(estate.principal_of(f"app-monozu-ingest-{env}"), "Storage Blob Data Reader", scope)


@_drift
def _stale_database_user(estate: Estate, env: str) -> None:
    """The cloud backend's user still carries the SID of the identity that the app had before."""
    user = estate.database(f"db-monozu-cloud-{env}").principal(f"app-monozu-cloud-{env}")
    user.sid = sid_of(client_of(stable_guid("identity of before", env)))


@_drift
def _database_role(estate: Estate, env: str) -> None:
    """The ingestor's user may change the tables of the cloud database."""
    estate.database(f"db-monozu-cloud-{env}").add_member("db_ddladmin", f"app-monozu-ingest-{env}")


@_drift
def _foreign_database_user(estate: Estate, env: str) -> None:
    """The cloud backend's identity is a user of the management database."""
    app = f"app-monozu-cloud-{env}"
    client = client_of(estate.principal_of(app))
    estate.database(f"db-monozu-manage-{env}").create_user(app, client, "db_datareader")


@_drift
def _unguarded_table(estate: Estate, env: str) -> None:
    """A new table of the management database holds rows of tenants, and no security policy names it."""
    columns = [SqlColumn("id", "bigint"), SqlColumn("tenant_id", "uniqueidentifier")]
    estate.database(f"db-monozu-manage-{env}").tables.append(Table("dbo", "invoice", columns))


@_drift
def _failed_migration(estate: Estate, env: str) -> None:
    """The last migration of the cloud database failed."""
    history = estate.database(f"db-monozu-cloud-{env}").table("dbo.flyway_schema_history")
    history.rows[-1] = (*history.rows[-1][:-1], False)


DRIFTS: tuple[str, ...] = tuple(_DRIFTS)
