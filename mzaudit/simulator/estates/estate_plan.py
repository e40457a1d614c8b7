"""The plan of an estate: which things exist under which ids, before any of them becomes wire JSON.

A thing that two environments name by the same id is one thing, which they share.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

SecretKind = Literal[
    "opaque", "url", "guid", "application-insights", "database", "storage", "service-bus", "json", "pem"
]
MigrationTool = Literal["flyway", "ef-core", "alembic", "liquibase"]
SYSTEM, NONE = "system", "none"


def stable_guid(*parts: str) -> str:
    """The same GUID for the same names in every process, so that two runs over one estate agree."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "https://estate.example/" + "/".join(parts)))


TENANT = stable_guid("tenant")
SUBSCRIPTION = stable_guid("subscription")


@dataclass(frozen=True, slots=True)
class SecretPlan:
    """A secret of a vault. Secrets with the same `mark` hold one value; that of a `component` (by id) is its connection
    string."""

    stored_as: str
    kind: SecretKind = "opaque"
    mark: str = ""
    component: str = ""


@dataclass(frozen=True, slots=True)
class VaultPlan:
    """A vault and what is in it; `readers` are principals besides the apps (object ids) that may read it. One that is
    `by_policies` lets in by access policies, whatever roles are held on it."""

    id: str
    secrets: tuple[SecretPlan, ...]
    readers: tuple[str, ...] = ()
    by_policies: bool = False

    @property
    def name(self) -> str:
        """The vault's name."""
        return self.id.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class HistoryPlan:
    """The table in which a tool records migrations (`schema.table`), who applied them, and the newest version, where
    those are known."""

    table: str
    applied_by: str = ""
    version: str = ""
    tool: MigrationTool = "flyway"


@dataclass(frozen=True, slots=True)
class DatabasePlan:
    """A database. Its tables of tenants have the `tenant_column`; without one it keeps no tenants apart, and without a
    history no tool migrates it."""

    id: str
    tenant_column: str | None = "tenant_id"
    history: HistoryPlan | None = HistoryPlan("dbo.flyway_schema_history")


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """A SQL server and the databases that an environment has on it."""

    id: str
    databases: tuple[DatabasePlan, ...]


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """A storage account and its blob containers."""

    id: str
    containers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DatabaseUse:
    """A database (by id) that a service uses, and the roles that its identity holds there."""

    database: str
    roles: tuple[str, ...] = ("db_datareader", "db_datawriter")


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """An app setting that refers to a secret of a vault (by name)."""

    setting: str
    vault: str
    stored_as: str


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """A tag of a repository in a registry (by id), or a digest there."""

    registry: str
    repository: str
    tag: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class FarmPlan:
    """An App Service plan."""

    id: str
    sku: str


@dataclass(frozen=True, slots=True)
class AppPlan:
    """An App Service: what it runs on, what it runs (an image of a registry, a runtime `stack` as in linuxFxVersion, or
    with neither a public image), what its settings refer to, and what its identity may do.

    `identity` is `SYSTEM`, `NONE` or the id of a user-assigned one. `roles` are roles, by name, and scopes; `reads` are
    vaults, by id, whose access policies let it in. `exports` is a component (by id) and the setting that holds its
    connection string in clear.
    """

    key: str
    id: str
    farm: FarmPlan
    image: ImagePlan | None
    stack: str = ""
    function: bool = False
    identity: str = SYSTEM
    references: tuple[ReferencePlan, ...] = ()
    exports: tuple[str, str] | None = None
    roles: tuple[tuple[str, str], ...] = ()
    reads: tuple[str, ...] = ()
    databases: tuple[DatabaseUse, ...] = ()
    slots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrincipalPlan:
    """Somebody besides the apps, by object id and Azure's type of principal; `roles` are roles, by name, and scopes."""

    object_id: str
    type: str
    roles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """One environment. `group` is the id of the resource group where its own things are."""

    name: str
    group: str
    apps: tuple[AppPlan, ...] = ()
    vaults: tuple[VaultPlan, ...] = ()
    servers: tuple[ServerPlan, ...] = ()
    accounts: tuple[AccountPlan, ...] = ()
    components: tuple[str, ...] = ()
    principals: tuple[PrincipalPlan, ...] = ()

    @property
    def ids(self) -> Iterator[str]:
        """Of everything in it."""
        yield self.group
        yield from self.components
        for things in (self.servers, self.accounts, self.vaults, self.apps):
            yield from (one.id for one in things)


@dataclass(frozen=True, slots=True)
class RepositoryPlan:
    """A repository and its tags, oldest first."""

    name: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegistryPlan:
    """A container registry and what is in it."""

    id: str
    repositories: tuple[RepositoryPlan, ...]

    @property
    def login_server(self) -> str:
        """Its host."""
        return f"{self.id.rpartition('/')[2].casefold()}.azurecr.io"


@dataclass(frozen=True, slots=True)
class EstatePlan:
    """A whole estate in one tenant. `resources` are the ids of what somebody else puts there."""

    environments: tuple[EnvironmentPlan, ...]
    registries: tuple[RegistryPlan, ...] = ()
    resources: tuple[str, ...] = ()
    tenant_id: str = TENANT

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Every subscription that the estate lies in, casefolded, the first environment's first."""
        ids = [plan.group for plan in self.environments]
        ids += [one for plan in self.environments for one in plan.ids]
        ids += [one.id for one in self.registries]
        ids += self.resources
        return tuple(dict.fromkeys(one.split("/")[2].casefold() for one in ids))
