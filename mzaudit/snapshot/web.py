"""App Service as seen: sites, slots, plans, settings, Key Vault reference status."""

from __future__ import annotations

from dataclasses import dataclass, field

from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.text.shown import NOTHING, Shown
from mzaudit.snapshot.values import SettingValue


@dataclass(frozen=True, slots=True)
class UserAssigned:
    """A user-assigned identity attached to a site."""

    id: str
    principal_id: str | None
    client_id: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """`identity` of a site; `types` are casefolded (`systemassigned`, `userassigned`), empty when Azure is silent."""

    types: tuple[str, ...]
    principal_id: str | None
    tenant_id: str | None
    user_assigned: tuple[UserAssigned, ...] = ()

    @property
    def system_assigned(self) -> bool:
        """Whether the site has an identity of its own, be its object id told or not."""
        return "systemassigned" in self.types


@dataclass(frozen=True, slots=True)
class SiteProperties:
    """GET site. `kind` is split and casefolded; `function_runtime` is the stack of a function app on the Flex
    Consumption plan, which has no other; `managed_environment` is the Container Apps environment of a function app that
    runs there, on no plan; `None` means Azure was silent."""

    id: str
    name: str
    location: str | None
    kind: tuple[str, ...]
    reserved: bool | None
    enabled: bool | None
    state: str | None
    plan_id: str | None
    identity: Identity
    key_vault_reference_identity: Shown | None
    function_runtime: Runtime | None = None
    managed_environment: str | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One container of an app: image reference as configured; `auth` is how a site container pulls, and `client` with
    which user-assigned identity, by its client id."""

    name: Shown
    image: Shown
    main: bool
    auth: Shown | None = None
    client: Shown | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """`linuxFxVersion`, parsed: `form` is docker, compose, kube, sitecontainers, stack or empty.

    `stack` is the runtime stack's name (`node`) where the form is `stack`, and `version` its version; `containers`
    those named by docker and compose; `problem` says why a compose file could not be read; `environment` is a compose
    file's own settings.
    """

    form: str
    stack: Shown = NOTHING
    containers: tuple[Container, ...] = ()
    environment: tuple[Setting, ...] = ()
    problem: str = ""
    version: Shown = NOTHING


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """GET config/web; `windows_fx_version` says only whether there is one, and its kind. Without a `runtime` Azure did
    not tell it, which is not the same as an empty one."""

    runtime: Runtime | None
    windows_fx_version: Shown | None
    acr_use_managed_identity: bool | None
    acr_user_managed_identity: Shown | None
    key_vault_reference_identity: Shown | None


@dataclass(frozen=True, slots=True)
class Setting:
    """An app setting, connection string, or container variable; `kind` is the connection string's type, else empty."""

    name: Shown
    value: SettingValue
    kind: Shown = NOTHING


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file share; `credential` is what its access key is, empty where it names an app setting instead, None
    where no key is told."""

    name: Shown
    account: Shown | None
    credential: SettingValue | None


@dataclass(frozen=True, slots=True)
class SiteContainer:
    """A `sitecontainers` child: its image and how it pulls. `secret` classifies a stored registry password."""

    container: Container
    user_name: bool
    secret: SettingValue | None
    environment: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferenceStatus:
    """What App Service reports of one Key Vault reference (`config/configreferences/appsettings`)."""

    setting: Shown
    status: Shown
    vault: Shown | None
    secret: Shown | None
    version: Shown | None
    active_version: Shown | None


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The system-assigned identity as Entra knows it: SQL wants the client id."""

    principal_id: str | None
    client_id: str | None
    tenant_id: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """An app or a slot: one facet a call. Of a site that is missing the other facets are `Observed(None)`."""

    id: str
    properties: Observed[SiteProperties | None] | Gap
    config: Observed[SiteConfig | None] | Gap
    settings: Observed[tuple[Setting, ...] | None] | Gap
    connection_strings: Observed[tuple[Setting, ...] | None] | Gap
    mounts: Observed[tuple[Mount, ...] | None] | Gap
    references: Listing[ReferenceStatus]
    containers: Listing[SiteContainer]
    identity: Observed[ManagedIdentity | None] | Gap
    slots: Listing[Site] = field(default_factory=Listing)


@dataclass(frozen=True, slots=True)
class Plan:
    """GET serverfarm: the SKU's own name, as Azure spells it."""

    id: str
    name: str
    sku: str | None
    capacity: int | None
