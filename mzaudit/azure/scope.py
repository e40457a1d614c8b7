"""What one run is to look at: resource ids and names, already resolved by the caller; no policy here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VaultScope:
    """A vault: `secrets` are the stored names wanted, with the class of each value; `compared` those whose value a rule
    compares with other vaults' secrets of that name."""

    id: str
    secrets: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """A resource, and the names of what is wanted in it: a registry's repositories, a storage account's containers."""

    id: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatabaseScope:
    """A database, from inside as well: the column that says whose a row is, and the table (`schema.table`) of its
    migrations, each None where nothing is asked of it; `migration_tool` is who writes that table."""

    name: str
    tenant_column: str | None = None
    migrations: str | None = None
    migration_tool: str = "flyway"


@dataclass(frozen=True, slots=True)
class ServerScope:
    """A logical SQL server, and the databases wanted on it; `wake` says whether one that is paused may be woken to look
    inside, which Azure bills."""

    id: str
    databases: tuple[DatabaseScope, ...] = ()
    wake: bool = False


@dataclass(frozen=True, slots=True)
class BodyScope:
    """A resource of any type, and the JMESPath expressions that are asked of its body; `api_version` is empty for the
    newest stable one. An id without a last name is a collection's."""

    id: str
    api_version: str = ""
    expressions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything one run reads.

    `environments` maps an environment to its subscription. `sites` are read whole, with their slots; of
    `identities_of` (sites of other environments) only the site itself, for its identity. `resources` are of the kinds
    that `readers.by_kind` knows, `bodies` of any type. `resource_groups` are ids at which the caller's own permissions
    are read, besides those of the resources named here; of `inventories`, ids of groups, all resources are listed.
    """

    environments: Mapping[str, str]
    sites: tuple[str, ...] = ()
    identities_of: tuple[str, ...] = ()
    vaults: tuple[VaultScope, ...] = ()
    registries: tuple[ResourceScope, ...] = ()
    servers: tuple[ServerScope, ...] = ()
    components: tuple[str, ...] = ()
    resources: tuple[ResourceScope, ...] = ()
    bodies: tuple[BodyScope, ...] = ()
    resource_groups: tuple[str, ...] = ()
    inventories: tuple[str, ...] = ()

    def ids(self) -> Iterator[str]:
        """The id of each resource that is read whole."""
        yield from self.sites
        yield from self.components
        yield from (each.id for each in self.vaults)
        yield from (each.id for each in self.registries)
        yield from (each.id for each in self.servers)
        yield from (each.id for each in self.resources)
        yield from (each.id for each in self.bodies)
