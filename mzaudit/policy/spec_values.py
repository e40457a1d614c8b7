"""What a specification of the policy says, in whichever form it is written, for one environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from mzaudit.policy.desired import (
    ActsAs,
)
from mzaudit.policy.enums import SecretStyle

if TYPE_CHECKING:
    from mzaudit.policy.models import (
        DatabaseSpec,
        PlaceSpec,
        Policy,
        ServiceSpec,
    )

T = TypeVar("T")


HISTORIES = {
    "flyway": "dbo.flyway_schema_history",
    "ef-core": "dbo.__EFMigrationsHistory",
    "alembic": "dbo.alembic_version",
    "liquibase": "dbo.DATABASECHANGELOG",
}
"""Where each tool writes its history, by default, in the order in which `adopt` looks for them."""
CONTAINER = "container"
"""What a service says that runs no runtime stack."""
RUNS = r"^(container|[A-Za-z][A-Za-z-]*\|[\w.-]+)$"
"""What a service may say that it runs: a container, or a stack and its version."""


NO_COMPONENT = "none"
"""What a service says instead of a component, if it exports no telemetry."""


def stored_name(style: SecretStyle, documented: str) -> str:
    """The name under which a documented secret is stored."""
    match style:
        case SecretStyle.UNDERSCORE_TO_DASH:
            return documented.replace("_", "-")
        case SecretStyle.LOWER_DASH:
            return documented.replace("_", "-").lower()
        case SecretStyle.AS_IS:
            return documented


def in_environment(value: T | Mapping[str, T], env: str) -> T:
    """The value that a fact has in an environment."""
    return value[env] if isinstance(value, Mapping) else value


def filled(name: str | Mapping[str, str], env: str, service: str = "") -> str:
    """A name as it is in an environment."""
    return in_environment(name, env).replace("{env}", env).replace("{service}", service)


def is_in(environments: tuple[str, ...] | None, env: str) -> bool:
    """Whether a thing with these `environments` is in that one."""
    return environments is None or env in environments


def group_of(place: str | PlaceSpec) -> str | dict[str, str]:
    """The resource group of a place, as the policy writes it."""
    return place if isinstance(place, str) else place.group


def subscription_of(place: str | PlaceSpec, env: str) -> str | None:
    """The subscription of a place in an environment; None where it is the environment's own."""
    given = None if isinstance(place, str) else place.subscription
    return given.get(env) if isinstance(given, dict) else given


def component_of(policy: Policy, service: ServiceSpec) -> str | None:
    """The key of the component that a service exports to: the one that it names, or the only one."""
    if service.component is not None:
        return None if service.component == NO_COMPONENT else service.component
    return next(iter(policy.components)) if len(policy.components) == 1 else None


def registry_of(policy: Policy, service: ServiceSpec) -> str | None:
    """The key of the registry that a service's image comes from: the one that it names, or the only one."""
    if service.image is None:
        return None
    if service.image.registry is not None:
        return service.image.registry
    return next(iter(policy.registries)) if len(policy.registries) == 1 else None


def acts_as(service: ServiceSpec) -> ActsAs:
    """Whom a service acts as."""
    match service.identity:
        case "system":
            return "system"
        case "none":
            return "none"
        case _:
            return "user"


def own_vaults(service: ServiceSpec) -> tuple[str, ...]:
    """The keys of a service's own vaults, whose secrets are its settings, each once."""
    return tuple(dict.fromkeys((*((service.vault,) if service.vault is not None else ()), *service.vaults)))


def readable_vaults(service: ServiceSpec) -> tuple[str, ...]:
    """The keys of the vaults that a service may read, each once, its own first."""
    return tuple(dict.fromkeys((*own_vaults(service), *(path.partition("/")[0] for path in service.settings.values()))))


def database_spec(spec: str | DatabaseSpec) -> DatabaseSpec:
    """A database as a mapping, whichever way it is written."""
    from mzaudit.policy.models import DatabaseSpec

    return DatabaseSpec(name=spec) if isinstance(spec, str) else spec
