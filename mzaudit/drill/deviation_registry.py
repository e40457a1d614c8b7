"""The register of generators: what can be wrong with each field of the policy's models, and which fields are exempt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import get_args

from mzaudit.drill.drill_case import DrillCase, DrillContext, Steps
from mzaudit.policy.desired import Desired
from mzaudit.policy.models import (
    AccessSpec,
    AllowedDifference,
    AllowedResource,
    AssignedPrincipal,
    DatabaseAdministrator,
    DatabaseSpec,
    EnvironmentSpec,
    ExcusedTable,
    IdentitySpec,
    ImageSpec,
    MigrationsSpec,
    PlaceSpec,
    PlanSize,
    Policy,
    PrincipalSpec,
    RegistrySpec,
    ResourceSpec,
    RuleOverride,
    SecretSpec,
    ServiceSpec,
    StorageSpec,
    Strict,
    Thing,
    VaultSpec,
    Waiving,
)
from mzaudit.policy.resources.resource_models import Condition
from mzaudit.simulator import Estate

Generator = Callable[[DrillContext, Steps], Iterator[DrillCase]]
Field = tuple[type[Strict], str]

_BREAKS: dict[Field, list[Generator]] = {}
BREAKS: Mapping[Field, list[Generator]] = MappingProxyType(_BREAKS)

_ELSEWHERE = "where to look; a thing elsewhere is a missing thing, which is drilled by name"
NOTHING_TO_BREAK: Mapping[Field, str] = MappingProxyType(
    {
        (Policy, "version"): "the format of the file, not of the estate",
        (Policy, "plugins"): "rules of one's own, which no demand of the policy knows",
        (Policy, "estate"): "a title; nothing in Azure carries it",
        (Policy, "document"): "a title; nothing in Azure carries it",
        (Policy, "pipelines"): "who may change the estate; a change is not a state, and roles are drilled one by one",
        (Policy, "rules"): "how findings are weighed, not what is found",
        (Policy, "expect"): "broken with the things that it is about",
        (Policy, "baseline"): "broken with the things that it is about",
        (ResourceSpec, "type"): _ELSEWHERE,
        (ResourceSpec, "name"): _ELSEWHERE,
        (ResourceSpec, "parent"): _ELSEWHERE,
        (ResourceSpec, "api_version"): "how to look, not what is there",
        (DatabaseSpec, "expect"): "broken with the resources",
        **{(Condition, name): "broken with the expectation that it is of" for name in Condition.model_fields},
        **{
            (AllowedResource, name): "permits, demands nothing; what is not allowed is drilled with the section"
            for name in AllowedResource.model_fields
        },
        (Policy, "waivers"): "how findings are excused, not what is found",
        (RuleOverride, "off"): "what is not judged: drilled all the same, and said to be switched off",
        (RuleOverride, "severity"): "how findings are weighed, not what is found",
        (RuleOverride, "reason"): "words for people",
        (RuleOverride, "environments"): "where the policy speaks of a rule, not what is found",
        (RuleOverride, "things"): "where the policy speaks of a rule, not what is found",
        (Waiving, "max_days"): "how findings are excused, not what is found",
        (EnvironmentSpec, "subscription"): _ELSEWHERE,
        (EnvironmentSpec, "tenant"): "where to log in",
        (PlaceSpec, "group"): _ELSEWHERE,
        (PlaceSpec, "subscription"): _ELSEWHERE,
        **{
            (thing, field): _ELSEWHERE
            for thing in Thing.__subclasses__()
            for field in ("place", "environments", "expect")
        },
        (DatabaseSpec, "environments"): _ELSEWHERE,
        (DatabaseSpec, "name"): "drilled with the databases of its server",
        (MigrationsSpec, "tool"): "drilled with the history",
        (MigrationsSpec, "table"): "drilled with the history",
        (ServiceSpec, "vaults"): "drilled with the vault",
        (VaultSpec, "authorization"): "drilled with the vault's name",
        (StorageSpec, "without_roles"): "what the policy answers for; roles are drilled with the services",
        (StorageSpec, "role"): "drilled with the services that name the container",
        (ImageSpec, "tags"): "drilled with the repository",
        (IdentitySpec, "name"): "drilled with the services that act as it",
        (AccessSpec, "role"): "drilled with the access of whoever holds it",
        (AccessSpec, "on"): "drilled with the access of whoever holds it",
        (AssignedPrincipal, "object_id"): "drilled with the access",
        (AssignedPrincipal, "name"): "words for people",
        (Policy, "people"): "who may do what besides the services; roles are drilled one by one",
        (ImageSpec, "registry"): "drilled with the repository",
        (RegistrySpec, "documented_name"): "what the document calls the registry; Azure cannot hold that name",
        (SecretSpec, "setting"): "permits, demands nothing; settings are drilled with the vault",
        (
            VaultSpec,
            "readers",
        ): "who may read besides the services; that nobody else may is drilled with the vault's name",
        (PrincipalSpec, "object_id"): "permits, demands nothing; strangers are drilled with the vault's name",
        (PrincipalSpec, "name"): "words for people",
        (ServiceSpec, "title"): "words for people",
        (ServiceSpec, "plaintext"): "permits, demands nothing; credentials in clear are drilled with the app",
        (PlanSize, "cores"): "what Azure calls a SKU; plans are drilled with the minimum",
        (PlanSize, "memory_gib"): "what Azure calls a SKU; plans are drilled with the minimum",
        (AllowedDifference, "reason"): "words for people",
        (ExcusedTable, "table"): "permits, demands nothing; tables are drilled with the tenant column",
        (ExcusedTable, "reason"): "words for people",
        (DatabaseAdministrator, "name"): "permits, demands nothing; others are drilled with the tenant column",
        (DatabaseAdministrator, "reason"): "words for people",
    }
)


Conforming = Callable[[Estate, Desired], object]
_CONFORMING: list[Conforming] = []


def conforming(build: Conforming) -> Conforming:
    """Register what adds further things of a policy to its conforming estate, as the policy wants them."""
    _CONFORMING.append(build)
    return build


def conform(estate: Estate, wanted: Desired) -> None:
    """Add all of those."""
    for build in _CONFORMING:
        build(estate, wanted)


def holds_models(field: Field) -> bool:
    """Whether the field holds further models, whose fields are broken one by one."""
    model, name = field
    return any(issubclass(each, Strict) for each in _classes(model.model_fields[name].annotation))


def _classes(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for each in get_args(annotation):
        yield from _classes(each)


def breaks(model: type[Strict], field: str) -> Callable[[Generator], Generator]:
    """Register a generator of deviations for a field; raises ValueError for a field that the model does not have."""
    if field not in model.model_fields:
        raise ValueError(f"{model.__name__} has no field {field}")

    def register(generator: Generator) -> Generator:
        _BREAKS.setdefault((model, field), []).append(generator)
        return generator

    return register


def walk(model: Strict, steps: Steps = ()) -> Iterator[tuple[Steps, Field]]:
    """Every field of a policy and of everything in it: the path of what holds it, and the field."""
    for field in type(model).model_fields:
        yield steps, (type(model), field)
        value = getattr(model, field)
        if isinstance(value, Strict):
            yield from walk(value, (*steps, field))
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple) else ()
        for key, entry in entries:
            if isinstance(entry, Strict):
                yield from walk(entry, (*steps, field, key))


def deviations(ground: DrillContext) -> tuple[DrillCase, ...]:
    """Every single deviation from the drilled environment that the policy's fields give rise to."""
    return tuple(
        case
        for steps, field in walk(ground.wanted.policy)
        if ground.holds((*steps, field[1]))
        for generator in _BREAKS.get(field, ())
        for case in generator(ground, (*steps, field[1]))
    )
