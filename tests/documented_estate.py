"""The shipped policy's estate written by hand, and two dozen drifts: the witness for what the product builds of a
policy, and what the tests of the simulator and of the readers look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from mzaudit.simulator import Estate, blind, canary, compliant, empty
from mzaudit.simulator.arm import activity_records
from mzaudit.simulator.estates import web_bodies
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from mzaudit.simulator.estates.estate_plan import (
    SUBSCRIPTION,
    AccountPlan,
    AppPlan,
    DatabasePlan,
    DatabaseUse,
    EnvironmentPlan,
    EstatePlan,
    FarmPlan,
    ImagePlan,
    ReferencePlan,
    RegistryPlan,
    RepositoryPlan,
    SecretKind,
    SecretPlan,
    ServerPlan,
    VaultPlan,
    stable_guid,
)
from mzaudit.simulator.estates.simulated_estate import client_of
from mzaudit.simulator.sql.contents import SqlColumn, Table, sid_of

ESTATES = ("compliant", "drifted", "blind", "empty")
REPOSITORIES = ("cloud-backend", "ingestor", "management-backend")
LOGIN_SERVER = "acrmonozu.azurecr.io"
TELEMETRY = "APPLICATIONINSIGHTS_CONNECTION_STRING"

_KINDS: Mapping[str, SecretKind] = {
    "MANAGEMENT_API_URL": "url",
    "CLOUD_API_URL": "url",
    "MS_CLIENT_ID": "guid",
    "MS_TENANT_ID": "guid",
    TELEMETRY: "application-insights",
}
_SHARED = {"CLOUD_INTERNAL_API_TOKEN", "CLOUD_WEBHOOK_HMAC_SECRET"}
_CLOUD = (
    "SECRET_KEY CLOUD_INTERNAL_API_TOKEN CLOUD_WEBHOOK_HMAC_SECRET MANAGEMENT_API_URL MS_CLIENT_ID MS_CLIENT_SECRET "
    f"{TELEMETRY} SNAP_PUBLISH_TOKEN"
).split()
_MANAGE = (
    "SECRET_KEY CLOUD_INTERNAL_API_TOKEN CLOUD_WEBHOOK_HMAC_SECRET CLOUD_API_URL MS_CLIENT_ID MS_CLIENT_SECRET "
    f"MS_TENANT_ID {TELEMETRY}"
).split()


def documented_environment(
    env: str,
    *,
    sku: str,
    slots: tuple[str, ...] = (),
    subscription: str = SUBSCRIPTION,
    hub: str = SUBSCRIPTION,
    server: str = "sql-monozu-{env}",
) -> EnvironmentPlan:
    """One environment under the documented names; `slots` are deployment slots of the cloud backend, and the registry
    is in the subscription `hub`."""
    group = f"/subscriptions/{subscription}/resourceGroups/rg-monozu-{env}"
    registry = registry_in(hub)
    component = f"{group}/providers/Microsoft.Insights/components/appi-monozu-{env}"
    sql = f"{group}/providers/Microsoft.Sql/servers/{server.replace('{env}', env)}"
    account = f"{group}/providers/Microsoft.Storage/storageAccounts/stmonozu{env}"
    farm = FarmPlan(f"{group}/providers/Microsoft.Web/serverfarms/asp-monozu-{env}", sku)

    def vault(key: str, names: list[str]) -> VaultPlan:
        secrets = []
        for name in names:
            stored, kind = name.replace("_", "-"), _KINDS.get(name, "opaque")
            mark, held = stored if name in _SHARED else "", component if name == TELEMETRY else ""
            secrets.append(SecretPlan(stored, kind, mark, held))
        return VaultPlan(f"{group}/providers/Microsoft.KeyVault/vaults/kv-mz-{key}-{env}", tuple(secrets))

    def app(key: str, repository: str, names: list[str], database: str, *roles: tuple[str, str]) -> AppPlan:
        name = f"kv-mz-{key}-{env}"
        reads = [("Key Vault Secrets User", f"{group}/providers/Microsoft.KeyVault/vaults/{name}")] if names else []
        return AppPlan(
            key,
            f"{group}/providers/Microsoft.Web/sites/app-monozu-{key}-{env}",
            farm,
            ImagePlan(registry, repository, commit(repository, LATEST_COMMIT)),
            references=tuple(ReferencePlan(one, name, one.replace("_", "-")) for one in names),
            exports=None if names else (component, TELEMETRY),
            roles=(("AcrPull", registry), *reads, *roles),
            databases=(DatabaseUse(f"{sql}/databases/db-monozu-{database}-{env}"),),
            slots=slots if key == "cloud" else (),
        )

    reader = ("Storage Blob Data Reader", f"{account}/blobServices/default/containers/snaps")
    return EnvironmentPlan(
        env,
        group,
        apps=(
            app("cloud", "cloud-backend", _CLOUD, "cloud", reader),
            app("manage", "management-backend", _MANAGE, "manage"),
            app("ingest", "ingestor", [], "cloud"),
        ),
        vaults=(vault("cloud", _CLOUD), vault("manage", _MANAGE)),
        servers=(
            ServerPlan(
                sql, tuple(DatabasePlan(f"{sql}/databases/db-monozu-{each}-{env}") for each in ("cloud", "manage"))
            ),
        ),
        accounts=(AccountPlan(account, ("snaps",)),),
        components=(component,),
    )


def registry_in(subscription: str) -> str:
    """The id of the shared registry."""
    group = f"/subscriptions/{subscription}/resourceGroups/rg-monozu-shared"
    return f"{group}/providers/Microsoft.ContainerRegistry/registries/acrmonozu"


def documented(subscriptions: Mapping[str, str] | None = None, hub: str = SUBSCRIPTION) -> EstatePlan:
    """The estate in one subscription, or in those given by environment, with the registry in the subscription `hub`."""
    placed = subscriptions or {}
    sizes = {"dev": "B2", "stg": "B2", "prd": "P2v3"}
    return EstatePlan(
        tuple(
            documented_environment(
                env,
                sku=sku,
                slots=("staging",) if env == "prd" else (),
                subscription=placed.get(env, SUBSCRIPTION),
                hub=hub,
            )
            for env, sku in sizes.items()
        ),
        (registry_plan(hub),),
    )


def registry_plan(subscription: str) -> RegistryPlan:
    """The shared registry."""
    tags = {name: tuple(commit(name, number) for number in range(LATEST_COMMIT + 1)) for name in REPOSITORIES}
    return RegistryPlan(registry_in(subscription), tuple(RepositoryPlan(name, held) for name, held in tags.items()))


DOCUMENTED = documented()


def build(name: str, plan: EstatePlan = DOCUMENTED, midnight: datetime | None = None) -> Estate:
    """Build one of `ESTATES`. What drifts in `drifted` is prd's; its dates and those of `compliant` count from
    `midnight`, by default today's in UTC."""
    match name:
        case "compliant":
            return compliant(plan, midnight)
        case "drifted":
            estate = compliant(plan, midnight)
            for drift in DRIFTS:
                plant(estate, drift)
            record(estate)
            return estate
        case "blind":
            return blind(plan)
        case "empty":
            return empty(plan)
        case _:
            raise ValueError(f"no estate is named {name!r}; there are {', '.join(ESTATES)}")


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
    config["linuxFxVersion"] = f"DOCKER|{LOGIN_SERVER}/cloud-backend:latest"


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


def record(estate: Estate, env: str = "prd") -> None:
    """Who made the drifts of an environment: a person for most, the pipeline for one, and one too long ago."""
    pipeline, person = stable_guid("pipeline", "oid"), stable_guid("operator")
    by_hand, by_pipeline = (activity_records.PERSON, person), (pipeline, pipeline)
    for name, operation, days, who in (
        (f"app-monozu-manage-{env}", "Microsoft.Web/sites/write", 3.0, by_hand),
        (f"app-monozu-cloud-{env}", "Microsoft.Web/sites/config/write", 2.0, by_pipeline),
        (f"app-monozu-ingest-{env}", "Microsoft.Web/sites/config/write", 40.0, by_hand),
        (f"sql-monozu-{env}", "Microsoft.Sql/servers/azureADOnlyAuthentications/write", 20.0, by_hand),
        (f"stmonozu{env}", "Microsoft.Storage/storageAccounts/write", 100.0, by_hand),
    ):
        ids = (str(body["id"]) for body in estate.resources.values())
        for found in [one for one in ids if one.rsplit("/", 1)[-1] == name and one.count("/") == 8]:
            activity_records.change(estate, found, operation, days, *who)
    for assignment in estate.role_assignments:
        held = str(assignment["id"])
        if f"-{env}/" in held or f"monozu{env}/" in held:
            activity_records.change(estate, held, "Microsoft.Authorization/roleAssignments/write", 5.0, *by_hand)
