"""The documented desired state, as models: one class for each kind of thing, names as templates in `{env}`.

Text enters here: frozen, strict, unknown keys refused. What each field answers to is in `policies/requirements.yaml`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from mzaudit import kinds
from mzaudit.policy.enums import SecretKind as SecretKind
from mzaudit.policy.enums import SecretStyle as SecretStyle
from mzaudit.policy.enums import Severity as Severity  # as are the others, for whoever reads a policy

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s/]+$")]
Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$", max_length=20)]
RuleCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]+-[0-9]{3}$")]
Text = Annotated[str, StringConstraints(pattern=r"\S")]
SettingName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.:-]*$", max_length=200)]
SecretPath = Annotated[str, StringConstraints(pattern=r"^[^\s/]+/[A-Za-z_][A-Za-z0-9_.:-]*$", max_length=401)]
TableName = Annotated[str, StringConstraints(pattern=r"^\w+\.\w+$", max_length=257)]
ImageReference = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9.-]+\.[a-z]+(:[0-9]+)?/[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$",
        max_length=400,
    ),
]
SkuName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,3}[0-9]+(m?v[0-9]+)?$", max_length=20)]
MigrationVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]+([._][0-9]+)*$", max_length=50)]


class Strict(BaseModel):
    """Frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Naming(Strict):
    """How documented names become names that Azure can hold."""

    secrets: SecretStyle = SecretStyle.UNDERSCORE_TO_DASH


class EnvironmentSpec(Strict):
    """One environment. Production forbids database passwords and is held to the recommended plan."""

    production: bool
    subscription: Guid | None = None
    tenant: Guid | None = None
    sql_auth: Literal["managed-identity", "password-allowed"] = "managed-identity"


TEXT, MAPPING = "(text)", "(mapping)"
"""How pydantic tells the two forms of a value apart in the place of an error; no key of a policy is spelled so."""


def _form(value: object) -> str:
    return TEXT if isinstance(value, str) or not isinstance(value, dict | BaseModel) else MAPPING


class SharedGroup(Strict):
    """A resource group in a subscription of its own, the same for every environment."""

    group: Name
    subscription: Guid


class ResourceGroups(Strict):
    """Where the estate's things are: those of an environment, and those that all environments share.

    `shared` is the name of a group in the environments' own subscription, or a group and its subscription.
    """

    environment: Name
    shared: Annotated[Annotated[Name, Tag(TEXT)] | Annotated[SharedGroup, Tag(MAPPING)], Discriminator(_form)]

    @property
    def shared_group(self) -> str:
        """The name of the shared group, a template in `{env}`."""
        return self.shared if isinstance(self.shared, str) else self.shared.group

    @property
    def shared_subscription(self) -> str | None:
        """The subscription of the shared group; None where it is the environment's own."""
        return None if isinstance(self.shared, str) else self.shared.subscription


class RegistrySpec(Strict):
    """The one registry that all environments share; `documented_name` is what the document calls it."""

    name: Annotated[Name, kinds.REGISTRY]
    documented_name: Name


class SecretSpec(Strict):
    """A documented secret of a vault.

    `shared`: the same value in every vault of the environment that holds a secret of this name.
    `distinct`: differs from every other vault's secret of this name that is distinct too.
    """

    kind: SecretKind = SecretKind.OPAQUE
    sensitive: bool = True
    shared: bool = False
    distinct: bool = False


class PrincipalSpec(Strict):
    """Somebody the policy names by object id, and why."""

    object_id: Guid
    name: Text


class VaultSpec(Strict):
    """A vault and its documented contents; `readers` may read its secrets besides its own services (RBAC-003)."""

    name: Annotated[Name, kinds.VAULT]
    secrets: Annotated[dict[SettingName, SecretSpec], Field(min_length=1)]
    readers: tuple[PrincipalSpec, ...] = ()


class ImageSpec(Strict):
    """The repository that a service's image comes from."""

    repository: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")]


class SidecarSpec(Strict):
    """A container beside a service's main one, and where its image comes from."""

    image: Annotated[
        ImageReference,
        Field(description="The image with its registry's host; a tag or digest counts only where it is given."),
    ]


class DatabaseGrantSpec(Strict):
    """A database that the service uses, and the roles that its identity holds there."""

    database: Name
    roles: Annotated[tuple[Name, ...], Field(min_length=1)]


class ServiceSpec(Strict):
    """A documented backend.

    `vault` and `storage` name entries of the policy, or are absent where the service has none. Each secret of its vault
    is an app setting of its own name, unless `settings` gives it another; a setting there may refer to another vault,
    which the service then may read. `plaintext` are settings that look like credentials by name and are allowed in
    clear (SET-004).
    """

    title: Text
    app: Annotated[Name, kinds.SITE]
    image: ImageSpec
    vault: Name | None = None
    storage: Name | None = None
    databases: tuple[DatabaseGrantSpec, ...] = ()
    sidecars: Annotated[
        dict[Name, SidecarSpec],
        Field(
            description="Side-cars that may come from elsewhere than the shared registry, by the container's name; one"
            " that the app does not run is no failure."
        ),
    ] = {}
    telemetry: bool = True
    settings: Annotated[
        dict[SettingName, SecretPath],
        Field(
            description="App settings whose name is not the secret's: the setting, and `vault/secret` by their keys in"
            " this policy. A secret of the service's own vault that none of them names is a setting by its own name."
        ),
    ] = {}
    plaintext: tuple[SettingName, ...] = ()


class PlanSize(Strict):
    """The size of one instance of a SKU, as Azure's price page says."""

    cores: Annotated[int, Field(ge=1, le=1000, description="Cores of one instance.")]
    memory_gib: Annotated[float, Field(ge=0, le=100000, description="Memory of one instance, in GiB.")]


class PlansSpec(Strict):
    """What plan is enough: the smallest SKU of each family, refused SKUs, and production's recommendation; `sizes` are
    those of SKUs that mzaudit does not know."""

    minimum: Annotated[dict[Name, Name], Field(min_length=1)]
    refused: tuple[Name, ...]
    recommended: Name
    sizes: Annotated[
        dict[SkuName, PlanSize],
        Field(description="Cores and memory of SKUs that mzaudit does not know, by name; they win over its own."),
    ] = {}


class Secrets(Strict):
    """Rules about all secrets: a secret that expires within `expiring_days` days is a finding."""

    expiring_days: Annotated[int, Field(ge=0, le=3650)] = 30
    distinct_between_environments: bool = True


class ExcusedTable(Strict):
    """A table that carries the tenant column and needs no security policy (SQL-007), and why."""

    table: TableName
    reason: Text


class DatabaseAdministrator(Strict):
    """A user or role, by its name in the databases, that may switch row-level security off (SQL-007), and why.

    An Entra group that is named holds no service's identity: its members cannot be seen (SQL-004, SQL-005).
    """

    name: Text
    reason: Text


class SqlSpec(Strict):
    """The SQL server and its databases; `scope` says whether a server serves one environment or all.

    Exceptions to SQL-007: the databases `without_tenants`, tables `excused`, `administrators`. `migrated_by` are the
    names under which Flyway records the pipeline (`installed_by`); without any, whoever is no service of the policy may
    migrate. `versions` are the newest migrations, by the key of a database; the command line can give others (SQL-008).
    """

    scope: Literal["per-environment", "shared"]
    server: Annotated[Name, kinds.SERVER]
    databases: Annotated[dict[Name, Name], Field(min_length=1)]
    tenant_column: SettingName = "tenant_id"
    without_tenants: tuple[Name, ...] = ()
    excused: tuple[ExcusedTable, ...] = ()
    administrators: tuple[DatabaseAdministrator, ...] = ()
    migrations: TableName = "dbo.flyway_schema_history"
    migrated_by: tuple[Text, ...] = ()
    versions: dict[Name, MigrationVersion] = {}


class StorageSpec(Strict):
    """A storage account and its container, and the role that a service with access holds on the container."""

    account: Annotated[Name, kinds.ACCOUNT]
    container: Name


class TelemetrySpec(Strict):
    """The Application Insights component; `connection_string` is the setting and secret that names it."""

    component: Annotated[Name, kinds.COMPONENT]
    connection_string: SettingName = "APPLICATIONINSIGHTS_CONNECTION_STRING"


class AllowedDifference(Strict):
    """A difference between environments that is meant (ENV-001), and why."""

    what: Name
    between: Annotated[tuple[EnvironmentName, ...], Field(min_length=2)]
    reason: Text


class RuleOverride(Strict):
    """What the policy makes of a rule: `off`, with the reason, or another `severity`, with a `reason`. Every report
    says so in its head, and counts what is not judged or weighed differently."""

    off: Annotated[
        Text | None,
        Field(description="The rule is not asked, and why. Every report says so and counts what it leaves out."),
    ] = None
    severity: Annotated[
        Severity | None, Field(description="What a violation counts as, in place of the rule's own severity.")
    ] = None
    reason: Annotated[Text | None, Field(description="Why the severity is another.")] = None
    environments: Annotated[
        tuple[EnvironmentName, ...],
        Field(min_length=1, description="The environments that this is for; all where it is left out."),
    ] = ()
    things: Annotated[
        tuple[Name, ...],
        Field(
            min_length=1,
            description="The documented things that this is for, by their keys in this policy (`web`; `vaults.web`"
            " where several sections have that key); all where it is left out.",
        ),
    ] = ()


class Waiving(Strict):
    """How long a waiver may last at most, in days from the day it was created."""

    max_days: Annotated[int, Field(ge=1, le=3650)] = 180


class Policy(Strict):
    """The whole documented estate. `pipelines` are the identities that may change it; they say of a change whether it
    came from outside (`check --attribute`)."""

    version: Literal[1]
    estate: Name
    document: Text
    naming: Naming = Naming()
    environments: Annotated[dict[EnvironmentName, EnvironmentSpec], Field(min_length=1)]
    resource_groups: ResourceGroups
    registry: RegistrySpec
    vaults: dict[Name, VaultSpec]
    services: Annotated[dict[Name, ServiceSpec], Field(min_length=1)]
    plans: PlansSpec
    secrets: Secrets = Secrets()
    sql: SqlSpec
    storage: dict[Name, StorageSpec]
    telemetry: TelemetrySpec
    parity: tuple[AllowedDifference, ...] = ()
    pipelines: tuple[PrincipalSpec, ...] = ()
    rules: Annotated[
        dict[RuleCode, RuleOverride],
        Field(description="Rules that are switched off, or weighed differently, by their codes, each with its reason."),
    ] = {}
    waivers: Waiving = Waiving()
