"""The plan of an estate: which things exist under which names, before any of them becomes wire JSON."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

SecretKind = Literal[
    "opaque", "url", "guid", "application-insights", "database", "storage", "service-bus", "json", "pem"
]


def stable_guid(*parts: str) -> str:
    """The same GUID for the same names in every process, so that two runs over one estate agree."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "https://monozu.example/" + "/".join(parts)))


TENANT = stable_guid("tenant")
SUBSCRIPTION = stable_guid("subscription")


@dataclass(frozen=True, slots=True)
class SecretPlan:
    """A secret: the setting it feeds, its name in the vault, and the vaults that share its value."""

    setting: str
    stored_as: str
    kind: SecretKind = "opaque"
    shared: bool = False


@dataclass(frozen=True, slots=True)
class VaultPlan:
    """A vault and what is documented to be in it."""

    name: str
    secrets: tuple[SecretPlan, ...]


@dataclass(frozen=True, slots=True)
class DatabaseUse:
    """A database (by name) that a service uses, and the roles that its identity holds there."""

    database: str
    roles: tuple[str, ...] = ("db_datareader", "db_datawriter")


@dataclass(frozen=True, slots=True)
class AppPlan:
    """A service: its App Service, repository and vault (by name), and whether it reads the snap container."""

    key: str
    name: str
    repository: str
    vault: str | None = None
    reads_blobs: bool = False
    slots: tuple[str, ...] = ()
    databases: tuple[DatabaseUse, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """One environment. A SQL server of the same name in two environments is one shared server."""

    name: str
    resource_group: str
    plan: str
    plan_sku: str
    apps: tuple[AppPlan, ...]
    vaults: tuple[VaultPlan, ...]
    sql_server: str
    databases: tuple[str, ...]
    storage_account: str
    container: str
    component: str
    subscription_id: str = SUBSCRIPTION
    location: str = "westeurope"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A whole estate: its environments and the registry that they share; without `shared_subscription_id` there is one
    in each subscription, of the same name.

    Every table of a tenant has the `tenant_column`; `migrations` is the `schema.table` of Flyway's history.
    """

    environments: tuple[EnvironmentPlan, ...]
    registry: str = "acrmonozu"
    login_server: str = "acrmonozu.azurecr.io"
    shared_resource_group: str = "rg-monozu-shared"
    shared_subscription_id: str | None = SUBSCRIPTION
    tenant_id: str = TENANT
    location: str = "westeurope"
    tenant_column: str = "tenant_id"
    migrations: str = "dbo.flyway_schema_history"

    def placed(self, environments: Mapping[str, str], shared: str | None) -> Blueprint:
        """The same estate in the subscriptions given, by the name of an environment; the others, and what is shared if
        nothing is given for it, lie in the first of them."""
        first = next(iter(environments.values()), SUBSCRIPTION)
        return replace(
            self,
            environments=tuple(
                replace(plan, subscription_id=environments.get(plan.name, first)) for plan in self.environments
            ),
            shared_subscription_id=shared or first,
        )


def _secrets(*names: str) -> tuple[SecretPlan, ...]:
    kinds: dict[str, SecretKind] = {
        "MANAGEMENT_API_URL": "url",
        "CLOUD_API_URL": "url",
        "MS_CLIENT_ID": "guid",
        "MS_TENANT_ID": "guid",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "application-insights",
    }
    shared = {"CLOUD_INTERNAL_API_TOKEN", "CLOUD_WEBHOOK_HMAC_SECRET"}
    return tuple(SecretPlan(name, name.replace("_", "-"), kinds.get(name, "opaque"), name in shared) for name in names)


_CLOUD_SECRETS = _secrets(
    "SECRET_KEY",
    "CLOUD_INTERNAL_API_TOKEN",
    "CLOUD_WEBHOOK_HMAC_SECRET",
    "MANAGEMENT_API_URL",
    "MS_CLIENT_ID",
    "MS_CLIENT_SECRET",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "SNAP_PUBLISH_TOKEN",
)
_MANAGE_SECRETS = _secrets(
    "SECRET_KEY",
    "CLOUD_INTERNAL_API_TOKEN",
    "CLOUD_WEBHOOK_HMAC_SECRET",
    "CLOUD_API_URL",
    "MS_CLIENT_ID",
    "MS_CLIENT_SECRET",
    "MS_TENANT_ID",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
)


def documented_environment(
    env: str, *, plan_sku: str, slots: tuple[str, ...] = (), subscription: str = SUBSCRIPTION
) -> EnvironmentPlan:
    """One environment under the documented names; `slots` are deployment slots of the cloud backend."""
    cloud, manage = f"kv-mz-cloud-{env}", f"kv-mz-manage-{env}"
    cloud_data, manage_data = DatabaseUse(f"db-monozu-cloud-{env}"), DatabaseUse(f"db-monozu-manage-{env}")
    return EnvironmentPlan(
        name=env,
        resource_group=f"rg-monozu-{env}",
        plan=f"asp-monozu-{env}",
        plan_sku=plan_sku,
        apps=(
            AppPlan(
                "cloud",
                f"app-monozu-cloud-{env}",
                "cloud-backend",
                cloud,
                reads_blobs=True,
                slots=slots,
                databases=(cloud_data,),
            ),
            AppPlan("manage", f"app-monozu-manage-{env}", "management-backend", manage, databases=(manage_data,)),
            AppPlan("ingest", f"app-monozu-ingest-{env}", "ingestor", databases=(cloud_data,)),
        ),
        vaults=(VaultPlan(cloud, _CLOUD_SECRETS), VaultPlan(manage, _MANAGE_SECRETS)),
        sql_server=f"sql-monozu-{env}",
        databases=(cloud_data.database, manage_data.database),
        storage_account=f"stmonozu{env}",
        container="snaps",
        component=f"appi-monozu-{env}",
        subscription_id=subscription,
    )


DOCUMENTED = Blueprint(
    environments=(
        documented_environment("dev", plan_sku="B2"),
        documented_environment("stg", plan_sku="B2"),
        documented_environment("prd", plan_sku="P2v3", slots=("staging",)),
    )
)
