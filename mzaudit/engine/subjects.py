"""What rules are asked about: subjects are enumerated from the policy, so that silence is impossible.

A selector turns one wanted environment into subjects. `parts` name the things that a subject is made of; a rule
that depends on another finds the other's findings by the parts that both share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Generic, TypeVar

from mzaudit.policy.desired import (
    Desired,
    DesiredAccess,
    DesiredComponent,
    DesiredEnvironment,
    DesiredPrincipal,
    DesiredRegistry,
    DesiredSecret,
    DesiredService,
    DesiredStorage,
    DesiredVault,
)
from mzaudit.policy.resources.expected_body import ExpectedBody, ExpectedFact

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Subject(Generic[W]):
    """One thing of one environment that a rule is asked about; `where` is the policy's line.

    `within` names the things that it is a part of: what was found of them may explain what is found of it, and never
    the other way round.
    """

    env: str
    kind: str
    name: str
    id: str
    want: W
    where: str
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Selector = Callable[[Desired, DesiredEnvironment], Iterator[Subject[W]]]


def service_parts(service: DesiredService) -> dict[str, tuple[str, ...]]:
    """What everything that is asked about a service is made of."""
    return {"service": (service.key,)}


def _service(env: DesiredEnvironment, service: DesiredService, **parts: tuple[str, ...]) -> Subject[DesiredService]:
    made_of = service_parts(service) | parts
    return Subject(env.env, "service", service.key, service.id, service, service.where, made_of)


def each_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredService]]:
    """Every documented backend."""
    for service in env.services:
        yield _service(env, service)


def each_service_with_image(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredService]]:
    """Every backend that runs a container from a documented registry."""
    for service in env.services:
        if service.image is not None:
            yield _service(env, service, registry=(service.image.registry.name,))


def each_exporting_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredService]]:
    """Every backend that exports telemetry to a documented component."""
    for service in env.services:
        if service.exports_to is not None:
            yield _service(env, service, component=(service.exports_to.name,))


@dataclass(frozen=True, slots=True)
class SecretsReader:
    """A service, and a vault whose secrets it reads."""

    service: DesiredService
    vault: DesiredVault


def each_secrets_reader(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[SecretsReader]]:
    """Every backend with every vault whose secrets it reads."""
    for service in env.services:
        for vault in service.vaults:
            name = f"{service.key}/{vault.name}"
            parts = service_parts(service) | {"vault": (vault.name,)}
            want = SecretsReader(service, vault)
            yield Subject(env.env, "service", name, service.id, want, service.where, parts)


def each_vault(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredVault]]:
    """Every documented vault."""
    for vault in env.vaults:
        parts = {"vault": (vault.name,)}
        yield Subject(env.env, "vault", vault.name, vault.id, vault, vault.where, parts)


def each_secret(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredSecret]]:
    """Every documented secret of every vault."""
    for vault in env.vaults:
        for secret in vault.secrets:
            parts = {"vault": (vault.name,), "secret": (secret.name,)}
            secret_id = f"{vault.id}/secrets/{secret.stored}"
            name = f"{vault.name}/{secret.name}"
            yield Subject(env.env, "secret", name, secret_id, secret, secret.where, parts)


@dataclass(frozen=True, slots=True)
class SecretSetting:
    """An app setting of a service, by name, that must refer to a documented secret."""

    service: DesiredService
    name: str
    secret: DesiredSecret


def each_secret_setting(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[SecretSetting]]:
    """Every app setting that must refer to a documented secret."""
    for service in env.services:
        for one in service.settings:
            parts = service_parts(service) | {"vault": (one.secret.vault,), "secret": (one.secret.name,)}
            name = f"{service.key}/{one.name}"
            setting_id = f"{service.id}/config/appsettings/{one.name}"
            want = SecretSetting(service, one.name, one.secret)
            yield Subject(env.env, "setting", name, setting_id, want, one.where, parts)


def each_registry(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredRegistry]]:
    """Every documented registry."""
    for registry in env.registries:
        parts = {"registry": (registry.name,)}
        yield Subject(env.env, "registry", registry.name, registry.id, registry, registry.where, parts)


def each_storage(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredStorage]]:
    """Every documented blob container."""
    for storage in env.storage:
        name = f"{storage.account}/{storage.container}"
        parts = {"storage": (storage.key,)}
        yield Subject(env.env, "container", name, storage.container_id, storage, storage.where, parts)


def each_component(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredComponent]]:
    """Every documented Application Insights component."""
    for component in env.components:
        parts = {"component": (component.name,)}
        yield Subject(env.env, "component", component.name, component.id, component, component.where, parts)


@dataclass(frozen=True, slots=True)
class OtherServices:
    """All documented services of any environment, but for some."""

    everyone: tuple[DesiredService, ...]
    but: tuple[DesiredService, ...] = ()


def whose(wanted: Desired, resource_id: str) -> tuple[tuple[DesiredService, ...], OtherServices]:
    """The services of any environment that may use a vault, container or database, and all others."""
    own = wanted.users(resource_id)
    return own, OtherServices(wanted.services, own)


@dataclass(frozen=True, slots=True)
class GuardedVault:
    """A vault, and every documented service of any environment: its owners and all the others."""

    vault: DesiredVault
    owners: tuple[DesiredService, ...]
    others: OtherServices


def each_guarded_vault(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[GuardedVault]]:
    """Every vault, with the services that may read it and those that may not."""
    for vault in env.vaults:
        owners, others = whose(wanted, vault.id)
        want = GuardedVault(vault, owners, others)
        yield Subject(env.env, "vault", vault.name, vault.id, want, vault.where, {"vault": (vault.name,)})


@dataclass(frozen=True, slots=True)
class BoundedService:
    """A service, and every documented vault of any environment that it may not read."""

    service: DesiredService
    documented: tuple[DesiredVault, ...]

    @property
    def foreign(self) -> tuple[DesiredVault, ...]:
        """Those of the documented vaults that are not its own."""
        own = {vault.id for vault in self.service.vaults}
        return tuple(vault for vault in self.documented if vault.id not in own)


def each_bounded_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[BoundedService]]:
    """Every documented backend, with the vaults that it must not refer to."""
    for service in env.services:
        want = BoundedService(service, wanted.vaults)
        yield Subject(env.env, "service", service.key, service.id, want, service.where, service_parts(service))


@dataclass(frozen=True, slots=True)
class ContainerReader:
    """A service, and a blob container that it reads."""

    service: DesiredService
    storage: DesiredStorage


def each_container_reader(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[ContainerReader]]:
    """Every backend with every blob container that it reads."""
    for service in env.services:
        for storage in service.storage:
            parts = service_parts(service) | {"storage": (storage.key,)}
            name = f"{service.key}/{storage.key}"
            want = ContainerReader(service, storage)
            yield Subject(env.env, "service", name, service.id, want, service.where, parts)


@dataclass(frozen=True, slots=True)
class ServiceAccess:
    """A service, and a role on a documented thing that its identity holds besides the usual ones."""

    service: DesiredService
    access: DesiredAccess


def each_service_access(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[ServiceAccess]]:
    """Every backend with every role of its `access`."""
    for service in env.services:
        for one in service.access:
            want = ServiceAccess(service, one)
            name = f"{service.key}/{one.on}/{one.role}"
            yield Subject(env.env, "service", name, service.id, want, one.where, service_parts(service))


@dataclass(frozen=True, slots=True)
class PrincipalAccess:
    """A person, group or pipeline, and a role on a documented thing that is theirs."""

    principal: DesiredPrincipal
    access: DesiredAccess


def each_principal_access(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[PrincipalAccess]]:
    """Every person, group and pipeline of the policy with every role of its `access`."""
    for principal in env.principals:
        for one in principal.access:
            name = f"{principal.name}/{one.on}/{one.role}"
            parts = _parts_at(env, one.scope)
            yield Subject(env.env, "principal", name, one.scope, PrincipalAccess(principal, one), one.where, parts)


@dataclass(frozen=True, slots=True)
class GuardedStorage:
    """A blob container, and every documented service of any environment: its users and all the others."""

    storage: DesiredStorage
    users: tuple[DesiredService, ...]
    others: OtherServices


def each_guarded_storage(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[GuardedStorage]]:
    """Every blob container, with the services that may reach its blobs and those that may not."""
    for storage in env.storage:
        users, others = whose(wanted, storage.container_id)
        name = f"{storage.account}/{storage.container}"
        want = GuardedStorage(storage, users, others)
        parts = {"storage": (storage.key,)}
        yield Subject(env.env, "container", name, storage.container_id, want, storage.where, parts)


@dataclass(frozen=True, slots=True)
class HeldRoles:
    """A service whose roles are judged, those that act as the same identity (itself among them), and the environments
    asked for: other rules guard their vaults and containers against it."""

    service: DesiredService
    sharing: tuple[DesiredService, ...]
    asked: tuple[DesiredEnvironment, ...]

    @property
    def vaults(self) -> Iterator[DesiredVault]:
        """The vaults that are none of theirs."""
        own = {vault.id for one in self.sharing for vault in one.vaults} | self._reached
        return (vault for env in self.asked for vault in env.vaults if vault.id not in own)

    @property
    def storage(self) -> Iterator[DesiredStorage]:
        """The containers that are none of theirs."""
        own = {storage.container_id for one in self.sharing for storage in one.storage} | self._reached
        return (one for env in self.asked for one in env.storage if one.container_id not in own)

    @property
    def _reached(self) -> set[str]:
        return {access.scope for one in self.sharing for access in one.access}


def each_role_holder(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[HeldRoles]]:
    """Every documented backend, as a holder of roles."""
    asked = tuple(wanted.environments[name] for name in wanted.asked)
    for service in env.services:
        want = HeldRoles(service, wanted.sharing(service), asked)
        yield Subject(env.env, "service", service.key, service.id, want, service.where, service_parts(service))


@dataclass(frozen=True, slots=True)
class SucceededService:
    """A service whose former identity may have left assignments behind, every documented service, and the casefolded
    object ids that the policy names: none of these is a former identity. `shared` are the casefolded ids of what
    services of other environments may use too, whose former identities may have left them as well."""

    service: DesiredService
    everyone: tuple[DesiredService, ...]
    named: frozenset[str]
    shared: frozenset[str] = frozenset()


def each_succeeded_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[SucceededService]]:
    """Every documented backend, with all those of any environment."""
    named = frozenset(principal.object_id.casefold() for principal in env.principals)
    for service in env.services:
        used = {each.casefold() for each in service.reaches} if service.shares else set()
        shared = frozenset(each for each in used if any(one.env != env.env for one in wanted.users(each)))
        want = SucceededService(service, wanted.services, named, shared)
        parts = service_parts(service) | {"vault": tuple(vault.name for vault in service.vaults)}
        yield Subject(env.env, "service", service.key, service.id, want, service.where, parts)


class _Owners:
    """What the documented resources of an environment are parts of, by id."""

    def __init__(self, env: DesiredEnvironment) -> None:
        self._resources = {one.id.casefold(): one.key for one in env.expected if one.stands_alone}
        self._things: dict[str, dict[str, tuple[str, ...]]] = {}
        for service in env.services:
            self._things[service.id.casefold()] = service_parts(service)
        for vault in env.vaults:
            self._things[vault.id.casefold()] = {"vault": (vault.name,)}
        for registry in env.registries:
            self._things[registry.id.casefold()] = {"registry": (registry.name,)}
        for component in env.components:
            self._things[component.id.casefold()] = {"component": (component.name,)}
        for storage in env.storage:
            held = self._things.setdefault(storage.account_id.casefold(), {})
            held["storage"] = (*held.get("storage", ()), storage.key)

    def of(self, resource_id: str) -> dict[str, tuple[str, ...]]:
        """The parts that findings about the resource's owners have, and about the thing that it is itself."""
        found: dict[str, tuple[str, ...]] = {}
        place = resource_id.casefold()
        for above in accumulate(place.split("/"), "{}/{}".format):
            for part, names in self._things.get(above, {}).items():
                found[part] = (*found.get(part, ()), *names)
            if above in self._resources and above != place:
                found["resource"] = (*found.get("resource", ()), self._resources[above])
        return found


def _parts_at(env: DesiredEnvironment, scope: str) -> dict[str, tuple[str, ...]]:
    """The parts that findings about what a role is held on have: a thing, a container, a resource of any type."""
    contained = tuple(one.key for one in env.storage if one.container_id == scope)
    alone = next((one for one in env.expected if one.stands_alone and one.id == scope), None)
    if contained:
        return {"storage": contained}
    return {"resource": (alone.key,)} if alone is not None else _Owners(env).of(scope)


def each_resource(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[ExpectedBody]]:
    """Every documented resource of any type, each after what it is a part of."""
    owners = _Owners(env)
    for one in sorted(env.expected, key=lambda body: body.id.count("/")):
        if one.stands_alone:
            parts = {"resource": (one.key,)}
            yield Subject(env.env, "resource", one.key, one.id, one, one.where, parts, owners.of(one.id))


@dataclass(frozen=True, slots=True)
class FactOfBody:
    """An expectation of a resource's body."""

    resource: ExpectedBody
    fact: ExpectedFact


def each_expected_fact(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[FactOfBody]]:
    """Every expectation of every documented resource, thing, and part of one."""
    owners = _Owners(env)
    for one in env.expected:
        parts = {"resource": (one.key,)} if one.stands_alone else {}
        within = owners.of(one.id)
        for fact in one.facts:
            name = f"{one.key}/{''.join(fact.expression.split())}"
            want = FactOfBody(one, fact)
            yield Subject(env.env, "expectation", name, one.id, want, fact.where, parts, within)
