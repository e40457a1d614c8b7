"""The policy bound to environments and subscriptions: every template filled in, every id whole.

Rules are asked about these. `where` is the `file:line` of the policy that states the expectation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mzaudit.policy.enums import Severity

if TYPE_CHECKING:
    from mzaudit.policy.models import DatabaseGrantSpec, PlansSpec, Policy, PrincipalSpec, SecretSpec

Where = Callable[..., str]


@dataclass(frozen=True, slots=True)
class DesiredRegistry:
    """The shared registry. `place` says in words where it is: its group, with its subscription if that is not the
    environment's."""

    name: str
    documented_name: str
    id: str
    place: str
    where: str


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
    or whose settings refer to it."""

    env: str
    key: str
    name: str
    id: str
    resource_group: str
    secrets: tuple[DesiredSecret, ...]
    owners: tuple[str, ...]
    readers: tuple[PrincipalSpec, ...]
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
    users: tuple[str, ...]
    where: str


@dataclass(frozen=True, slots=True)
class DesiredComponent:
    """The Application Insights component; `setting` is the documented name of its connection string."""

    env: str
    name: str
    id: str
    setting: str
    where: str


@dataclass(frozen=True, slots=True)
class DesiredDatabase:
    """A database, and what holds inside it.

    `grants` are the services that use it, with their roles. `tenants` says whether it holds rows of tenants. `excused`
    are tables, and `administrators` and `migrated_by` names of users, casefolded. `version` is the newest migration,
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
    tenant_column: str
    tenants: bool
    excused: tuple[str, ...]
    administrators: tuple[str, ...]
    migrations: str
    migrated_by: tuple[str, ...]
    version: str | None
    where: str


@dataclass(frozen=True, slots=True)
class DesiredServer:
    """The SQL server that holds the documented databases."""

    env: str
    name: str
    id: str
    databases: tuple[DesiredDatabase, ...]
    passwords_forbidden: bool
    where: str


@dataclass(frozen=True, slots=True)
class DesiredService:
    """A documented backend in one environment. `settings` are those that refer to a secret, `vaults` those that it may
    read: its own first, then others that its settings refer to. `sidecars` are images by the container's name."""

    env: str
    key: str
    title: str
    production: bool
    passwords_forbidden: bool
    app: str
    id: str
    resource_group: str
    repository: str
    registry: DesiredRegistry
    vault: DesiredVault | None
    vaults: tuple[DesiredVault, ...]
    settings: tuple[DesiredSetting, ...]
    storage: DesiredStorage | None
    databases: tuple[DatabaseGrantSpec, ...]
    sidecars: Mapping[str, str]
    component: DesiredComponent
    telemetry: bool
    plans: PlansSpec
    plaintext: tuple[str, ...]
    expected_commit: str | None
    where: str
    where_plans: str


@dataclass(frozen=True, slots=True)
class DesiredEnvironment:
    """One environment, bound."""

    env: str
    production: bool
    subscription: str
    resource_group_id: str
    shared_resource_group_id: str
    registry: DesiredRegistry
    vaults: tuple[DesiredVault, ...]
    services: tuple[DesiredService, ...]
    storage: tuple[DesiredStorage, ...]
    server: DesiredServer
    component: DesiredComponent
    distinct_between_environments: bool
    where: str

    def resources(self) -> Iterator[tuple[str, str]]:
        """The id of each resource that is read by its id alone, and the name of what is wanted in it, or nothing."""
        yield from ((storage.account_id, storage.container) for storage in self.storage)


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
    by the code of their rule, `services` those of every environment, asked for or not."""

    policy: Policy
    environments: Mapping[str, DesiredEnvironment]
    asked: tuple[str, ...]
    overrides: Mapping[str, DesiredOverride]
    where: Where
    services: tuple[DesiredService, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        services = tuple(service for env in self.environments.values() for service in env.services)
        object.__setattr__(self, "services", services)
