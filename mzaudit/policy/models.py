"""The documented desired state, as models: one class for each kind of thing, names as templates in `{env}` or by
environment.

Text enters here: frozen, strict, unknown keys refused. What each field answers to is in `policies/requirements.yaml`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mzaudit import kinds
from mzaudit.policy.enums import SecretKind as SecretKind
from mzaudit.policy.enums import SecretStyle as SecretStyle
from mzaudit.policy.enums import Severity as Severity  # as are the others, for whoever reads a policy
from mzaudit.policy.resources.resource_models import ApiVersion, ByType, Expectations, ResourceType
from mzaudit.policy.spec_values import RUNS
from mzaudit.policy.strict import Either, T
from mzaudit.policy.strict import Strict as Strict

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s/]+$")]
Guid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20)]
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
ResourceName = Annotated[str, StringConstraints(pattern=r"^[^\s/]+(/[^\s/]+)*$", max_length=500)]
SkuName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{1,3}[0-9]+(m?v[0-9]+)?$", max_length=20)]
MigrationVersion = Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=150)]


ByEnvironment = Either[T, Annotated[dict[EnvironmentName, T], Field(min_length=1)]]
"""One value for all environments, or one for each."""

Named = ByEnvironment[Name]
"""A name as Azure holds it: a template in `{env}`, or one for each environment."""


class Naming(Strict):
    """How documented names become names that Azure can hold."""

    secrets: Annotated[
        SecretStyle,
        Field(description="How a documented secret is stored: a Key Vault name cannot hold an underscore."),
    ] = SecretStyle.UNDERSCORE_TO_DASH


class EnvironmentSpec(Strict):
    """One environment of the estate."""

    production: Annotated[
        bool, Field(description="Production forbids database passwords and is held to the recommended plan.")
    ]
    subscription: Annotated[
        Guid | None,
        Field(description="Its subscription; without one that of the run (--subscription, MZAUDIT_SUBSCRIPTION_ID)."),
    ] = None
    tenant: Annotated[Guid | None, Field(description="The Entra tenant to sign in to, where it is not the usual.")] = (
        None
    )
    sql_auth: Annotated[
        Literal["managed-identity", "password-allowed"],
        Field(description="Whether an app may sign in to a database with a password; never in production."),
    ] = "managed-identity"


class PlaceSpec(Strict):
    """A resource group, and the subscription that it is in."""

    group: Annotated[Named, Field(description="The resource group, a template in {env} and {service}.")]
    subscription: Annotated[
        ByEnvironment[Guid] | None,
        Field(description="Its subscription, where it is not the environment's own."),
    ] = None


class Thing(Strict):
    """What everything in Azure has: a place, and the environments that it is in."""

    place: Annotated[ByEnvironment[Name], Field(description="Where it is: an entry of places.")] = "default"
    environments: Annotated[
        Annotated[tuple[EnvironmentName, ...], Field(min_length=1)] | None,
        Field(description="The environments that it is in; all, where none is named."),
    ] = None
    expect: Annotated[
        Expectations,
        Field(
            description="What holds of it in Azure: by JMESPath expression over Resource Manager's answer a"
            " value, a mapping of operators, or one of these for each environment; `{env}` in a text is the"
            " environment's name."
        ),
    ] = {}


class RegistrySpec(Thing):
    """A container registry."""

    name: Annotated[Named, kinds.REGISTRY, Field(description="Its name in Azure.")]
    documented_name: Annotated[
        Name | None, Field(description="What the document calls it, where Azure cannot hold that name.")
    ] = None


class SecretSpec(Strict):
    """A documented secret of a vault."""

    kind: Annotated[SecretKind, Field(description="What its value must look like.")] = SecretKind.OPAQUE
    sensitive: Annotated[
        bool, Field(description="Whether environments must not share its value; an address or an id is not sensitive.")
    ] = True
    shared: Annotated[
        bool, Field(description="The same value in every vault of the environment that holds a secret of this name.")
    ] = False
    distinct: Annotated[
        bool, Field(description="Differs from every other vault's secret of this name that is distinct too.")
    ] = False
    setting: Annotated[
        bool,
        Field(
            description="Whether it is an app setting of the services whose vault it is in; an app may read it itself."
        ),
    ] = True


class PrincipalSpec(Strict):
    """Somebody the policy names by object id."""

    object_id: Annotated[
        ByEnvironment[Guid],
        Field(
            description="The object id in Entra, or one for each environment that this is in; where an environment has"
            " no entry, there is no such principal."
        ),
    ]
    name: Annotated[Text, Field(description="Who that is, for people.")]

    @property
    def object_ids(self) -> tuple[str, ...]:
        """The object ids of all environments."""
        return (self.object_id,) if isinstance(self.object_id, str) else tuple(self.object_id.values())


class AccessSpec(Strict):
    """A role on a documented thing."""

    role: Annotated[
        Text, Field(description="The role by its name in Azure, a built-in one or one of the tenant's own.")
    ]
    on: Annotated[
        Name,
        Field(
            description="The thing that it is held on, by its key in this policy (`orders`; `databases.orders` where"
            " several sections have that key)."
        ),
    ]


class AssignedPrincipal(PrincipalSpec):
    """Somebody the policy names by object id, and the roles that are theirs."""

    access: Annotated[
        tuple[AccessSpec, ...],
        Field(
            description="Roles that they hold on documented things, each assigned to this object id itself; one on a"
            " vault makes them its reader. Whom a group lets in is named by the group's object id."
        ),
    ] = ()


class IdentitySpec(Thing):
    """A user-assigned managed identity, which services may share."""

    name: Annotated[Named, kinds.USER_IDENTITY, Field(description="Its name in Azure.")]


class VaultSpec(Thing):
    """A key vault and its documented contents."""

    name: Annotated[Named, kinds.VAULT, Field(description="Its name in Azure.")]
    authorization: Annotated[
        Literal["rbac", "access-policies"],
        Field(description="What decides who reads its secrets: roles, or the vault's access policies."),
    ] = "rbac"
    secrets: Annotated[
        dict[SettingName, SecretSpec],
        Field(min_length=1, description="Its secrets, by their documented names."),
    ]
    readers: Annotated[
        tuple[PrincipalSpec, ...], Field(description="Who may read its secrets besides its services.")
    ] = ()


class ImageSpec(Strict):
    """The repository that a service's image comes from."""

    registry: Annotated[
        Name | None, Field(description="An entry of registries; needed only where there are several.")
    ] = None
    repository: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._/-][a-z0-9]+)*$")],
        Field(description="The repository in the registry."),
    ]
    tags: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[\w.*-]+$", max_length=128)],
        Field(
            description="What its tags are: commit (40 hexadecimal digits), semver, any, or a pattern such as"
            " `release-*`."
        ),
    ] = "commit"
    digest: Annotated[
        ByEnvironment[Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]] | None,
        Field(description="The one image that runs, where the document names it; tags are not asked then."),
    ] = None


class SidecarSpec(Strict):
    """A container beside a service's main one, and where its image comes from."""

    image: Annotated[
        ImageReference,
        Field(description="The image with its registry's host; a tag or digest counts only where it is given."),
    ]


class DatabaseGrantSpec(Strict):
    """A database that the service uses."""

    database: Annotated[Name, Field(description="The database, by its key under a server.")]
    roles: Annotated[
        tuple[Name, ...], Field(min_length=1, description="The roles that the service's identity holds there.")
    ]


class ServiceSpec(Thing):
    """A documented backend."""

    title: Annotated[Text | None, Field(description="What people call it; its key, where nothing is said.")] = None
    app: Annotated[Named, kinds.SITE, Field(description="The name of its App Service app.")]
    kind: Annotated[Literal["app", "function"], Field(description="A web app, or a function app.")] = "app"
    runs: Annotated[
        Annotated[str, StringConstraints(pattern=RUNS, max_length=60)],
        Field(
            description="A container, or a runtime stack and its version as linuxFxVersion has them, such as"
            " PYTHON|3.12."
        ),
    ] = "container"
    identity: Annotated[
        Annotated[str, StringConstraints(pattern=r"^(system|none|user:[^\s/:]+)$", max_length=205)],
        Field(
            description="Whom it acts as: its system-assigned identity, `user:` and an entry of identities, or none."
        ),
    ] = "system"
    access: Annotated[
        tuple[AccessSpec, ...],
        Field(
            description="Further roles of its identity on documented things. `vault`, `storage` and `image` are short"
            " for the usual ones."
        ),
    ] = ()
    image: Annotated[
        ImageSpec | None, Field(description="Where its container's image comes from; none of an app without one.")
    ] = None
    vault: Annotated[
        Name | None, Field(description="Its vault, an entry of vaults: each secret there is an app setting.")
    ] = None
    vaults: Annotated[
        tuple[Name, ...], Field(description="Its vaults, where it has several; the first is its own.")
    ] = ()
    storage: Annotated[tuple[Name, ...], Field(description="Blob containers that it reads, entries of storage.")] = ()
    databases: Annotated[tuple[DatabaseGrantSpec, ...], Field(description="The databases that it uses.")] = ()
    sidecars: Annotated[
        dict[Name, SidecarSpec],
        Field(
            description="Side-cars that may come from elsewhere than its registry, by the container's name; one that"
            " the app does not run is no failure."
        ),
    ] = {}
    component: Annotated[
        Name | None,
        Field(
            description="The Application Insights component that it exports to, an entry of components, or none;"
            " needed only where there are several."
        ),
    ] = None
    settings: Annotated[
        dict[SettingName, SecretPath],
        Field(
            description="App settings whose name is not the secret's: the setting, and `vault/secret` by their keys in"
            " this policy. A secret of the service's own vaults that none of them names is a setting by its own name."
        ),
    ] = {}
    plaintext: Annotated[
        tuple[SettingName, ...],
        Field(description="Settings that look like credentials by name and are allowed in plain text."),
    ] = ()


class PlanSize(Strict):
    """The size of one instance of a SKU, as Azure's price page says."""

    cores: Annotated[int, Field(ge=1, le=1000, description="Cores of one instance.")]
    memory_gib: Annotated[float, Field(ge=0, le=100000, description="Memory of one instance, in GiB.")]


class PlansSpec(Strict):
    """Which App Service plan is enough."""

    minimum: Annotated[
        dict[Name, ByEnvironment[Name]], Field(description="The smallest SKU that is enough, in each family.")
    ] = {}
    refused: Annotated[tuple[Name, ...], Field(description="SKUs that are never enough.")] = ()
    recommended: Annotated[
        ByEnvironment[Name] | None,
        Field(description="What production has: at least its cores and memory, and not Basic."),
    ] = None
    sizes: Annotated[
        dict[SkuName, PlanSize],
        Field(description="Cores and memory of SKUs that mzaudit does not know, by name; they win over its own."),
    ] = {}


class Secrets(Strict):
    """What holds for all secrets."""

    expiring_days: Annotated[
        ByEnvironment[Annotated[int, Field(ge=0, le=3650)]],
        Field(description="A secret that expires within so many days is a finding."),
    ] = 30
    distinct_between_environments: Annotated[
        bool, Field(description="Whether a sensitive secret has another value in each environment.")
    ] = True


class ExcusedTable(Strict):
    """A table that carries the tenant column and needs no security policy."""

    table: Annotated[TableName, Field(description="The table, as schema.table.")]
    reason: Annotated[Text, Field(description="Why it needs none.")]


class DatabaseAdministrator(Strict):
    """A user or role that may switch row-level security off."""

    name: Annotated[
        Text,
        Field(
            description="Its name in the database. An Entra group that is named holds no service's identity, since"
            " its members cannot be seen."
        ),
    ]
    reason: Annotated[Text, Field(description="Why it may.")]


class MigrationsSpec(Strict):
    """How a database gets its schema, and how far it is."""

    tool: Annotated[
        Literal["flyway", "ef-core", "alembic", "liquibase", "none"],
        Field(description="The tool that migrates it; none, where nothing is to be asked of its migrations."),
    ]
    table: Annotated[
        TableName | None,
        Field(
            description="Where the tool writes its history, as schema.table, if not in its own: flyway_schema_history,"
            " __EFMigrationsHistory, alembic_version or DATABASECHANGELOG of dbo."
        ),
    ] = None
    by: Annotated[
        tuple[Text, ...],
        Field(
            description="The names under which Flyway records the pipeline (installed_by); without any, every login"
            " that is not a service's may migrate. The other tools record no login."
        ),
    ] = ()
    version: Annotated[
        ByEnvironment[MigrationVersion] | None,
        Field(
            description="The newest migration: Flyway's version, EF Core's migration id, Alembic's revision, the id of"
            " Liquibase's change set; --expect-migration DB=VERSION can give another."
        ),
    ] = None


class DatabaseSpec(Strict):
    """A database, and what holds inside it."""

    name: Annotated[Named, Field(description="Its name in Azure.")]
    environments: Annotated[
        Annotated[tuple[EnvironmentName, ...], Field(min_length=1)] | None,
        Field(description="The environments that it is in; all of its server's, where none is named."),
    ] = None
    tenant_column: Annotated[
        SettingName | None,
        Field(description="The column that says whose a row is; where there is none, no rows are kept apart."),
    ] = None
    excused: Annotated[
        tuple[ExcusedTable, ...], Field(description="Tables with that column that need no security policy.")
    ] = ()
    administrators: Annotated[
        tuple[DatabaseAdministrator, ...], Field(description="Who may switch row-level security off.")
    ] = ()
    migrations: Annotated[
        MigrationsSpec | None, Field(description="How it gets its schema; nothing is asked where this is left out.")
    ] = None
    expect: Annotated[Expectations, Field(description="What holds of it in Azure, as of any thing.")] = {}


class ServerSpec(Thing):
    """A logical SQL server and its databases."""

    name: Annotated[Named, kinds.SERVER, Field(description="Its name in Azure.")]
    databases: Annotated[
        dict[Name, Either[Name, DatabaseSpec]],
        Field(
            min_length=1,
            description="Its databases, by a key that no other server has: the name alone, or a mapping.",
        ),
    ]


class StorageSpec(Thing):
    """A blob container; several may be in one account."""

    account: Annotated[Named, kinds.ACCOUNT, Field(description="The storage account.")]
    container: Annotated[Named, Field(description="The container in it.")]
    role: Annotated[Text, Field(description="The role that a service holds on it which names it under `storage`.")] = (
        "Storage Blob Data Reader"
    )
    without_roles: Annotated[
        Text | None,
        Field(
            description="What looks after who gets in without a role: by access control lists of a data lake, as a"
            " local user of SFTP, over NFS. mzaudit does not read these; where the account serves them and nothing is"
            " said here, whether the container is kept from other services is inconclusive."
        ),
    ] = None


class ComponentSpec(Thing):
    """An Application Insights component."""

    name: Annotated[Named, kinds.COMPONENT, Field(description="Its name in Azure.")]
    connection_string: Annotated[
        SettingName, Field(description="The setting, and secret, that holds its connection string.")
    ] = "APPLICATIONINSIGHTS_CONNECTION_STRING"


class ResourceSpec(Thing):
    """A resource of any type that Azure has."""

    type: Annotated[
        ResourceType,
        Field(description="Its type as Azure writes it: `Microsoft.Cache/redis`; of a part, the whole of it."),
    ]
    name: Annotated[
        ByEnvironment[ResourceName],
        Field(
            description="Its name in Azure; of a part its own alone where `parent` is given, else a path"
            " (`cache/rule`)."
        ),
    ]
    parent: Annotated[
        Name | None,
        Field(
            description="The documented thing that it is a part of, or that it is set on (a lock, a diagnostic"
            " setting), by its key. `place` is then the parent's."
        ),
    ] = None
    api_version: Annotated[
        ApiVersion | None,
        Field(description="The api-version to read it with; without it, the newest stable one of its provider."),
    ] = None


class AllowedResource(Strict):
    """Resources that may be there without being documented."""

    type: Annotated[ResourceType, Field(description="Their type, as Azure writes it.")]
    name: Annotated[
        Text,
        Field(
            max_length=300,
            description="Their name, of a part its own alone: `*` is any text, `{env}` the name of any environment; any"
            " name where it is left out.",
        ),
    ] = "*"
    reason: Annotated[Text, Field(description="Why they need not be documented.")]


class UndocumentedSpec(Strict):
    """That the documented resource groups hold nothing else."""

    allow: Annotated[
        tuple[AllowedResource, ...], Field(description="What may be there all the same, each with its reason.")
    ] = ()


class AllowedDifference(Strict):
    """A difference between environments that is meant."""

    what: Annotated[Name, Field(description="The fact that may differ, such as plan.")]
    between: Annotated[
        tuple[EnvironmentName, ...], Field(min_length=2, description="The environments that may differ.")
    ]
    reason: Annotated[Text, Field(description="Why they may.")]


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
    """What holds for all waivers."""

    max_days: Annotated[
        int, Field(ge=1, le=3650, description="How long one may last at most, in days from the day it was created.")
    ] = 180


class Policy(Strict):
    """The whole documented estate."""

    version: Annotated[Literal[1], Field(description="The version of this format.")]
    estate: Annotated[Name, Field(description="What the estate is called.")]
    document: Annotated[
        Text,
        Field(
            description="The document that this policy restates: its title, or the path of its page beside the policy"
            " (`../docs/azure.md`), whose changes are then reported (`mzaudit policy document`)."
        ),
    ]
    plugins: Annotated[
        tuple[Name, ...],
        Field(description="Installed packages with rules of one's own, by the names of their entry points."),
    ] = ()
    naming: Annotated[Naming, Field(description="How documented names are stored.")] = Naming()
    environments: Annotated[
        dict[EnvironmentName, EnvironmentSpec], Field(min_length=1, description="The environments, by name.")
    ]
    places: Annotated[
        dict[Name, Either[Name, PlaceSpec]],
        Field(
            min_length=1,
            description="Where things are, by a name that they give as `place`: a resource group of the environment's"
            " subscription, or a group and its subscription. `default` is where a thing is that names none. What has"
            " the same name and place in every environment is one thing that they share.",
        ),
    ]
    identities: Annotated[dict[Name, IdentitySpec], Field(description="User-assigned managed identities.")] = {}
    registries: Annotated[dict[Name, RegistrySpec], Field(description="Container registries.")] = {}
    vaults: Annotated[dict[Name, VaultSpec], Field(description="Key vaults.")] = {}
    services: Annotated[dict[Name, ServiceSpec], Field(description="The backends, by the key that findings name.")] = {}
    plans: Annotated[PlansSpec, Field(description="Which App Service plan is enough.")] = PlansSpec()
    secrets: Annotated[Secrets, Field(description="What holds for all secrets.")] = Secrets()
    servers: Annotated[dict[Name, ServerSpec], Field(description="SQL servers and their databases.")] = {}
    storage: Annotated[dict[Name, StorageSpec], Field(description="Blob containers.")] = {}
    components: Annotated[dict[Name, ComponentSpec], Field(description="Application Insights components.")] = {}
    resources: Annotated[dict[Name, ResourceSpec], Field(description="Resources of any other type.")] = {}
    expect: Annotated[
        ByType,
        Field(
            description="What holds for every documented thing of a type: the type, or the path of a part"
            " that each of them has (`Microsoft.Web/sites/config/web`; not of a type that is documented itself), and"
            " its expectations."
        ),
    ] = {}
    baseline: Annotated[
        bool,
        Field(description="Whether the expectations of `baseline.yaml`, beside the policy, are part of it."),
    ] = False
    undocumented: Annotated[
        UndocumentedSpec | None,
        Field(
            description="Where it is given (`undocumented: {}`), the resource groups of the policy's places may hold"
            " nothing else than it documents, and reports for people list who else holds a role on its things. To see"
            " all of a group takes `*/read` on it."
        ),
    ] = None
    parity: Annotated[
        tuple[AllowedDifference, ...], Field(description="Where environments may differ (check --env A --env B).")
    ] = ()
    people: Annotated[
        tuple[AssignedPrincipal, ...],
        Field(description="Groups, people and identities of what is no service, with roles on documented things."),
    ] = ()
    pipelines: Annotated[
        tuple[AssignedPrincipal, ...],
        Field(description="Who may change the estate; `check --attribute` marks changes by others."),
    ] = ()
    rules: Annotated[
        dict[RuleCode, Either[Annotated[tuple[RuleOverride, ...], Field(min_length=1)], RuleOverride]],
        Field(
            description="Rules that are switched off, or weighed differently, by their codes, each with its reason; of"
            " several in a list the first that is for a thing counts."
        ),
    ] = {}
    waivers: Annotated[Waiving, Field(description="What holds for all waivers.")] = Waiving()
