"""What one run is to look at: resource ids and names, already resolved by the caller; no policy here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VaultScope:
    """A vault: `secrets` are the stored names wanted, `values` those whose value's class a rule needs,
    `compared` those whose value a rule compares with other vaults' secrets of that name."""

    id: str
    secrets: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryScope:
    """A container registry and the repositories whose tags are wanted."""

    id: str
    repositories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerScope:
    """A logical SQL server, and the databases wanted on it, from inside as well.

    `tenant_column` and `migrations` (`schema.table`) are looked for in each; `wake` says whether a database that is
    paused may be woken for it, which Azure bills.
    """

    id: str
    databases: tuple[str, ...] = ()
    tenant_column: str = "tenant_id"
    migrations: str = "dbo.flyway_schema_history"
    wake: bool = False


@dataclass(frozen=True, slots=True)
class AccountScope:
    """A storage account and the blob containers wanted in it."""

    id: str
    containers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything one run reads.

    `environments` maps an environment to its subscription. `sites` are read whole, with their slots; of
    `identities_of` (sites of other environments) only the site itself, for its identity. `resource_groups` are ids
    at which the caller's own permissions are read, besides those of the resources named here.
    """

    environments: Mapping[str, str]
    sites: tuple[str, ...] = ()
    identities_of: tuple[str, ...] = ()
    vaults: tuple[VaultScope, ...] = ()
    registries: tuple[RegistryScope, ...] = ()
    servers: tuple[ServerScope, ...] = ()
    accounts: tuple[AccountScope, ...] = ()
    components: tuple[str, ...] = ()
    resource_groups: tuple[str, ...] = ()
