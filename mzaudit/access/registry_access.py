"""Who can pull an image: a registry honours roles on itself, or on its repositories, by its role assignment mode."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.access.permission_matching import ActionTarget
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.registry import RegistryProperties

_REGISTRIES = "Microsoft.ContainerRegistry/registries"
_REPOSITORIES = f"{_REGISTRIES}/repositories"


@dataclass(frozen=True, slots=True)
class PullRole:
    """The built-in role that pulls and does nothing else."""

    guid: str
    name: str


_BY_REGISTRY = PullRole("7f951dda-4ed3-4680-a7ca-43fe172d538d", "AcrPull")
_BY_REPOSITORY = PullRole("b93aa761-3e63-49ed-ac28-beffa264f7ac", "Container Registry Repository Reader")
PULL_ROLES = (_BY_REGISTRY, _BY_REPOSITORY)


def pull_role(registry: RegistryProperties) -> PullRole:
    """The role that pulls in the registry's mode; raises `Unobserved` for a mode that is not known here."""
    mode = (registry.role_mode or "LegacyRegistryPermissions").casefold()
    if mode == "legacyregistrypermissions":
        return _BY_REGISTRY
    if mode == "abacrepositorypermissions":
        return _BY_REPOSITORY
    detail = f"the role assignment mode {registry.role_mode} is not known"
    raise Unobserved(Gap(GapReason.MALFORMED, f"GET {registry.id}", registry.id, detail=detail))


def pull_targets(service: DesiredService, registry: RegistryProperties) -> tuple[ActionTarget, ...]:
    """Everything that a pull of the service's repository needs, in the registry's mode."""
    scope = service.registry.id
    if pull_role(registry) is _BY_REGISTRY:
        return (ActionTarget(scope, f"{_REGISTRIES}/pull/read", False),)
    names = {f"{_REPOSITORIES.casefold()}:name": service.repository}
    return tuple(ActionTarget(scope, f"{_REPOSITORIES}/{part}/read", True, names) for part in ("content", "metadata"))
