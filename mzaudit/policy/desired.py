"""The policy bound to environments and subscriptions: every template filled in, every id whole.

Rules are asked about these. `where` is the `file:line` of the policy that states the expectation. What environments
share is bound in each of them, to one id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mzaudit.kinds import NamedKind
from mzaudit.policy.enums import Severity
from mzaudit.policy.resources.expected_body import ExpectedBody

if TYPE_CHECKING:
    from mzaudit.policy.models import DatabaseGrantSpec, PlanSize, Policy, SecretSpec

Where = Callable[..., str]
ActsAs = Literal["system", "user", "none"]
MigrationTool = Literal["flyway", "ef-core", "alembic", "liquibase"]


@dataclass(frozen=True, slots=True)
class DesiredRegistry:
    """A registry. `place` says in words where it is: its group, with its subscription if that is not the
    environment's."""

    env: str
    key: str
    name: str
    documented_name: str
    id: str
    place: str
    where: str


@dataclass(frozen=True, slots=True)
class DesiredImage:
    """Where a service's image comes from. `tags` is the style of its tags: `commit`, `semver`, `any`, or a pattern;
    `digest` the one image that runs, where the policy names it."""

    registry: DesiredRegistry
    repository: str
    tags: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class DesiredIdentity:
    """A user-assigned managed identity."""

    env: str
    key: str
    name: str
    id: str
    where: str


@dataclass(frozen=True, slots=True)
class DesiredAccess:
    """A role, by its name, on the scope of a documented thing."""

    role: str
    on: str
    scope: str
    where: str


@dataclass(frozen=True, slots=True)
class DesiredPrincipal:
    """A person, group or pipeline that the policy names by object id, with the roles that it holds here."""

    object_id: str
    name: str
    pipeline: bool = False
    access: tuple[DesiredAccess, ...] = ()


@dataclass(frozen=True, slots=True)
class DesiredSecret:
    """A documented secret of one vault; `name` is the documented one, `stored` Key Vault's."""

    env: str
    vault: str
    vault_id: str
    name: str
    stored: str
    spec: SecretSpec
    expiring_days: int
    where: str

    @property
    def guarded(self) -> bool:
        """Whether its value must differ between environments, where the policy does not say otherwise."""
        return self.spec.sensitive and self.spec.kind.opens

    @property
    def compared(self) -> bool:
        """Whether its value is compared with those of other vaults' secrets of its name."""
        return self.spec.shared or self.spec.distinct or self.guarded


@dataclass(frozen=True, slots=True)
class DesiredVault:
    """A vault and its documented contents. `owners` are the keys of the services that may read it: whose own it is,
    or whose settings refer to it. `by_policies` says that its access policies decide who reads it, not roles."""

    env: str
    key: str
    name: str
    id: str
    resource_group: str
    by_policies: bool
    secrets: tuple[DesiredSecret, ...]
    owners: tuple[str, ...]
    readers: tuple[DesiredPrincipal, ...]
    where: str


@dataclass(frozen=True, slots=True)
class DesiredSetting:
    """An app setting that must refer to a secret."""

    name: str
    secret: DesiredSecret
    where: str


@dataclass(frozen=True, slots=True)
class DesiredStorage:
    """A storage account and container."""

    env: str
    key: str
    account: str
    account_id: str
    container: str
    container_id: str
    role: str
    users: tuple[str, ...]
    without_roles: str | None
    where: str


@dataclass(frozen=True, slots=True)
class DesiredComponent:
    """An Application Insights component; `setting` is the documented name of its connection string."""

    env: str
    key: str
    name: str
    id: str
    setting: str
    where: str


@dataclass(frozen=True, slots=True)
class DesiredDatabase:
    """A database, and what holds inside it.

    `grants` are the services that use it, with their roles. `tenant_column` says whose a row is, None where no rows are
    kept apart. `excused` are tables, and `administrators` and `migrated_by` names of users, casefolded. `migrations` is
    the table of their history, written by `migration_tool`, None where nothing is asked of them, `version` the newest,
    None where nothing says.
    """

    env: str
    key: str
    name: str
    id: str
    server: str
    server_id: str
    grants: tuple[tuple[str, tuple[str, ...]], ...]
    passwords_forbidden: bool
    tenant_column: str | None
    excused: tuple[str, ...]
    administrators: tuple[str, ...]
    migrations: str | None
    migration_tool: MigrationTool
    migrated_by: tuple[str, ...]
    version: str | None
    where: str


@dataclass(frozen=True, slots=True)
class DesiredServer:
    """A SQL server that holds documented databases."""

    env: str
    key: str
    name: str
    id: str
    databases: tuple[DesiredDatabase, ...]
    passwords_forbidden: bool
    where: str


@dataclass(frozen=True, slots=True)
class DesiredPlans:
    """What plan is enough in one environment; `recommended` is None where the policy says nothing."""

    minimum: Mapping[str, str]
    refused: tuple[str, ...]
    recommended: str | None
    sizes: Mapping[str, PlanSize]
    where: str


@dataclass(frozen=True, slots=True)
class DesiredService:
    """A documented backend in one environment. `settings` are those that refer to a secret, `vaults` those that it may
    read: its own first, then others that its settings refer to; `vault` is the first of its own. `sidecars` are images
    by the container's name. `exports_to` is None where it exports no telemetry. `function` tells a function app from a
    web app; `stack` is the runtime stack that it runs on, with its version, None where it runs a container. `identity`
    is the user-assigned one that it acts as; `access` are its roles besides the usual ones. `shares` tells that it uses
    something that other environments have too, whose rules there have to know its slots as well."""

    env: str
    key: str
    title: str
    production: bool
    passwords_forbidden: bool
    app: str
    id: str
    resource_group: str
    acts_as: ActsAs
    identity: DesiredIdentity | None
    access: tuple[DesiredAccess, ...]
    function: bool
    stack: str | None
    image: DesiredImage | None
    vault: DesiredVault | None
    vaults: tuple[DesiredVault, ...]
    settings: tuple[DesiredSetting, ...]
    storage: tuple[DesiredStorage, ...]
    databases: tuple[DatabaseGrantSpec, ...]
    sidecars: Mapping[str, str]
    exports_to: DesiredComponent | None
    plans: DesiredPlans
    plaintext: tuple[str, ...]
    expected_commit: str | None
    where: str
    shares: bool = False

    @property
    def reaches(self) -> tuple[str, ...]:
        """The ids of the vaults and containers that it may use, and of what it holds further roles on."""
        return (
            *(vault.id for vault in self.vaults),
            *(storage.container_id for storage in self.storage),
            *(access.scope for access in self.access),
        )

    @property
    def identity_words(self) -> str:
        """What the identity is that it acts as, for a sentence."""
        return "system-assigned identity" if self.identity is None else f"user-assigned identity {self.identity.name}"

    @property
    def registry(self) -> DesiredRegistry:
        """The registry of its image. Raises `LookupError` for a service that the policy gives none."""
        return self._image.registry

    @property
    def repository(self) -> str:
        """The repository of its image. Raises `LookupError` for a service that the policy gives none."""
        return self._image.repository

    @property
    def tags(self) -> str:
        """The style of its image's tags. Raises `LookupError` for a service that the policy gives none."""
        return self._image.tags

    @property
    def digest(self) -> str | None:
        """The one image that it runs, where the policy names it. Raises `LookupError` for a service without image."""
        return self._image.digest

    @property
    def component(self) -> DesiredComponent:
        """The component that it exports to. Raises `LookupError` for a service that exports nothing."""
        if self.exports_to is None:
            raise LookupError(f"the policy gives {self.key} no component")
        return self.exports_to

    @property
    def _image(self) -> DesiredImage:
        if self.image is None:
            raise LookupError(f"the policy gives {self.key} no image")
        return self.image


@dataclass(frozen=True, slots=True)
class DesiredResource:
    """A resource that the policy names, of whatever kind, by the section and the key of its entry."""

    kind: NamedKind
    section: str
    key: str
    name: str
    id: str
    where: str


@dataclass(frozen=True, slots=True)
class DesiredEnvironment:
    """One environment, bound. `resource_group_id` is its default place, or the first place of its things;
    `resource_groups` are the ids of all groups that hold something of it; `resources` are all that the policy names,
    of every kind that mzaudit knows. `expected` are those of any other type, and the things and parts of things of
    whose bodies something is expected."""

    env: str
    production: bool
    passwords_forbidden: bool
    subscription: str
    resource_group_id: str
    resource_groups: tuple[str, ...]
    identities: tuple[DesiredIdentity, ...]
    registries: tuple[DesiredRegistry, ...]
    vaults: tuple[DesiredVault, ...]
    services: tuple[DesiredService, ...]
    storage: tuple[DesiredStorage, ...]
    servers: tuple[DesiredServer, ...]
    components: tuple[DesiredComponent, ...]
    plans: DesiredPlans
    resources: tuple[DesiredResource, ...]
    distinct_between_environments: bool
    where: str
    expected: tuple[ExpectedBody, ...] = ()
    principals: tuple[DesiredPrincipal, ...] = ()

    @property
    def databases(self) -> tuple[DesiredDatabase, ...]:
        """The databases of all servers."""
        return tuple(database for server in self.servers for database in server.databases)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of all resources that are documented here."""
        alone = (one.id for one in self.expected if one.stands_alone)
        return (*(one.id for one in self.resources), *alone)

    def used(self) -> Iterator[tuple[DesiredService, tuple[str, ...]]]:
        """Each service, with the ids, casefolded, of what it may use and of what it holds roles on."""
        databases = {database.key: database.id for database in self.databases}
        for service in self.services:
            ids = (*service.reaches, *(databases[grant.database] for grant in service.databases))
            yield service, tuple(each.casefold() for each in ids)


@dataclass(frozen=True, slots=True)
class DesiredOverride:
    """What the policy makes of a rule: off (`severity` is None), or of another severity, and why.

    It is for the environments in `things`, each with the ids of the things that it is for, and the keys of the services
    among them; for everything there where that is None.
    """

    rule: str
    severity: Severity | None
    reason: str
    things: Mapping[str, tuple[str, ...] | None]
    services: frozenset[str]
    where: str


@dataclass(frozen=True, slots=True)
class Desired:
    """The policy bound: `environments` are all of the policy's, `asked` those that this run is about, `overrides` are
    by the code of their rule; `services`, `vaults` and `databases` are those of every environment, asked for or not."""

    policy: Policy
    environments: Mapping[str, DesiredEnvironment]
    asked: tuple[str, ...]
    overrides: Mapping[str, tuple[DesiredOverride, ...]]
    where: Where
    services: tuple[DesiredService, ...] = field(init=False, repr=False, compare=False)
    vaults: tuple[DesiredVault, ...] = field(init=False, repr=False, compare=False)
    databases: tuple[DesiredDatabase, ...] = field(init=False, repr=False, compare=False)
    _users: Mapping[str, tuple[DesiredService, ...]] = field(init=False, repr=False, compare=False)
    _sharing: Mapping[str, tuple[DesiredService, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        services: list[DesiredService] = []
        vaults: list[DesiredVault] = []
        databases: list[DesiredDatabase] = []
        users: dict[str, list[DesiredService]] = {}
        for env in self.environments.values():
            services += env.services
            vaults += env.vaults
            databases += env.databases
            for service, used in env.used():
                for resource_id in used:
                    users.setdefault(resource_id, []).append(service)
        sharing: dict[str, list[DesiredService]] = {}
        for service in services:
            if service.identity is not None:
                sharing.setdefault(service.identity.id.casefold(), []).append(service)
        for each in users.values():  # whoever shares an identity reaches what it reaches
            for user in tuple(each):
                beside = sharing.get(user.identity.id.casefold(), ()) if user.identity is not None else ()
                each += [one for one in beside if one not in each]
        object.__setattr__(self, "services", tuple(services))
        object.__setattr__(self, "vaults", tuple(vaults))
        object.__setattr__(self, "databases", tuple(databases))
        object.__setattr__(self, "_sharing", {who: tuple(each) for who, each in sharing.items()})
        object.__setattr__(self, "_users", {used: tuple(each) for used, each in users.items()})

    def sharing(self, service: DesiredService) -> tuple[DesiredService, ...]:
        """The services of any environment that act as the same identity, itself among them."""
        if service.identity is None:
            return (service,)
        return self._sharing[service.identity.id.casefold()]

    def users(self, resource_id: str) -> tuple[DesiredService, ...]:
        """The services of any environment that may use a vault, a container or a database, and whoever shares an
        identity with one."""
        return self._users.get(resource_id.casefold(), ())
