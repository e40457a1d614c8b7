"""What rules are asked about: subjects are enumerated from the policy, so that silence is impossible.

A selector turns one wanted environment into subjects. `parts` name the things that a subject is made of; a rule
that depends on another finds the other's findings by the parts that both share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Generic, TypeVar

from mzaudit.policy.desired import (
    Desired,
    DesiredAccess,
    DesiredComponent,
    DesiredEnvironment,
    DesiredRegistry,
    DesiredSecret,
    DesiredService,
    DesiredStorage,
    DesiredVault,
)
from mzaudit.policy.enums import SecretKind
from mzaudit.policy.resources.expected_body import ExpectedBody, ExpectedFact

if TYPE_CHECKING:
    from mzaudit.policy.models import AllowedDifference, AllowedResource

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Subject(Generic[W]):
    """One thing of one environment that a rule is asked about; `where` is the policy's line."""

    env: str
    kind: str
    name: str
    id: str
    want: W
    where: str
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
class SharedSecret:
    """A secret that is documented to have one value in several vaults."""

    name: str
    members: tuple[DesiredSecret, ...]


def each_shared_secret(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[SharedSecret]]:
    """Every secret name that is marked as shared, with all vaults of the environment that hold it."""
    members: dict[str, list[DesiredSecret]] = {}
    for vault in env.vaults:
        for secret in vault.secrets:
            if secret.spec.shared:
                members.setdefault(secret.name, []).append(secret)
    for name, secrets in members.items():
        parts = {"vault": tuple(secret.vault for secret in secrets), "secret": (name,)}
        want = SharedSecret(name, tuple(secrets))
        yield Subject(env.env, "secret", name, f"{env.resource_group_id}/secrets/{name}", want, secrets[0].where, parts)


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
    vaults = tuple(vault for other in wanted.environments.values() for vault in other.vaults)
    for service in env.services:
        want = BoundedService(service, vaults)
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
    """A service whose former identity may have left assignments behind, and every documented service: none of their
    identities is a former one."""

    service: DesiredService
    everyone: tuple[DesiredService, ...]


def each_succeeded_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[SucceededService]]:
    """Every documented backend, with all those of any environment."""
    for service in env.services:
        want = SucceededService(service, wanted.services)
        parts = service_parts(service) | {"vault": tuple(vault.name for vault in service.vaults)}
        yield Subject(env.env, "service", service.key, service.id, want, service.where, parts)


@dataclass(frozen=True, slots=True)
class WantedConnectionString:
    """The secret of a vault that holds the component's connection string."""

    secret: DesiredSecret
    component: DesiredComponent


def each_connection_string(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[WantedConnectionString]]:
    """Every documented secret that holds a component's connection string: as a setting of a service that exports there,
    or, where no service refers to it, by its own name."""
    readers: dict[tuple[str, str], DesiredComponent] = {}
    for service in env.services:
        for one in service.settings:
            if service.exports_to is not None and one.name == service.exports_to.setting:
                readers.setdefault((one.secret.vault, one.secret.name), service.exports_to)
    alone = env.components[0] if len(env.components) == 1 else None
    for vault in env.vaults:
        for secret in vault.secrets:
            component = readers.get((vault.name, secret.name))
            if component is None and alone is not None and secret.name == alone.setting:
                component = alone
            if component is not None and secret.spec.kind is SecretKind.APPLICATION_INSIGHTS:
                parts = {"vault": (vault.name,), "secret": (secret.name,), "component": (component.name,)}
                secret_id = f"{vault.id}/secrets/{secret.stored}"
                name = f"{vault.name}/{secret.name}"
                want = WantedConnectionString(secret, component)
                yield Subject(env.env, "secret", name, secret_id, want, secret.where, parts)


@dataclass(frozen=True, slots=True)
class DistinctSecret:
    """A secret and those that it must differ from: `beside` in other vaults of its environment, `elsewhere` in the
    same vault of other environments that were asked for."""

    secret: DesiredSecret
    beside: tuple[DesiredSecret, ...]
    elsewhere: tuple[DesiredSecret, ...]


def each_distinct_secret(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DistinctSecret]]:
    """Every secret that must differ from others: those declared distinct, and every sensitive one that opens something.

    A pair is asked about once, under the later of the two in the policy's order, so that one reuse is one finding.
    """
    before = takewhile(lambda other: other.env != env.env, wanted.environments.values())
    asked = set(wanted.asked)
    vaults = [
        {vault.key: vault for vault in other.vaults}
        for other in before
        if env.distinct_between_environments and other.env in asked
    ]
    for position, vault in enumerate(env.vaults):
        # what environments share is one vault, whose secrets are the same
        alike = [other[vault.key] for other in vaults if vault.key in other and other[vault.key].id != vault.id]
        for number, secret in enumerate(vault.secrets):
            if not (secret.guarded or secret.spec.distinct):
                continue
            beside = tuple(
                other
                for others in env.vaults[:position]
                for other in others.secrets
                if other.name == secret.name and secret.spec.distinct and other.spec.distinct
            )
            # One policy is bound to each environment: what stands at the same place of a vault is of the same name.
            elsewhere = tuple(other.secrets[number] for other in alike) if secret.guarded else ()
            parts = {"vault": (vault.name, *(other.vault for other in beside)), "secret": (secret.name,)}
            want = DistinctSecret(secret, beside, elsewhere)
            secret_id = f"{vault.id}/secrets/{secret.stored}"
            name = f"{vault.name}/{secret.name}"
            yield Subject(env.env, "secret", name, secret_id, want, secret.where, parts)


Comparable = DesiredService | DesiredVault | DesiredEnvironment


@dataclass(frozen=True, slots=True)
class Parity:
    """What of two environments is compared: the same things there and here, in that order.

    `pairs` is empty for the environment that the others are compared with. `allowed` are differences that the policy
    permits between the two; `claimed` is one that this subject asks about: whether it occurs at all.
    """

    pairs: tuple[tuple[Comparable, Comparable], ...]
    allowed: tuple[AllowedDifference, ...] = ()
    claimed: AllowedDifference | None = None


def _in_both(there: DesiredEnvironment, here: DesiredEnvironment) -> tuple[DesiredEnvironment, DesiredEnvironment]:
    """The two environments with the containers and components that both have."""
    storage = {one.key for one in there.storage} & {one.key for one in here.storage}
    components = {one.key for one in there.components} & {one.key for one in here.components}

    def kept(env: DesiredEnvironment) -> DesiredEnvironment:
        return replace(
            env,
            storage=tuple(one for one in env.storage if one.key in storage),
            components=tuple(one for one in env.components if one.key in components),
        )

    return kept(there), kept(here)


def _pairs(there: DesiredEnvironment, here: DesiredEnvironment) -> tuple[tuple[Comparable, Comparable], ...]:
    vaults = {vault.key: vault for vault in there.vaults}
    services = {service.key: service for service in there.services}
    return (
        _in_both(there, here),
        *((services[service.key], service) for service in here.services if service.key in services),
        *((vaults[vault.key], vault) for vault in here.vaults if vault.key in vaults),
    )


def each_parity(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[Parity]]:
    """The environment itself, its services and its vaults against those of the first environment that was asked for,
    in the policy's order; and every allowed difference whose environments were all asked for, at the last of them."""
    asked = set(wanted.asked)
    first = next(other for name, other in wanted.environments.items() if name in asked)
    if env.env == first.env:
        yield Subject(env.env, "environment", env.env, env.resource_group_id, Parity(()), env.where)
        return
    allowed = tuple(a for a in wanted.policy.parity if {env.env, first.env} <= set(a.between))
    for pair in _pairs(first, env):
        want = Parity((pair,), allowed)
        match pair[1]:
            case DesiredService() as service:
                yield Subject(env.env, "service", service.key, service.id, want, service.where, service_parts(service))
            case DesiredVault() as vault:
                yield Subject(env.env, "vault", vault.name, vault.id, want, vault.where, {"vault": (vault.name,)})
            case DesiredEnvironment():
                yield Subject(env.env, "environment", env.env, env.resource_group_id, want, env.where)
    for position, difference in enumerate(wanted.policy.parity):
        between = [name for name in wanted.environments if name in asked & set(difference.between)]
        if set(between) == set(difference.between) and between[-1] == env.env:
            start = wanted.environments[between[0]]
            pairs = tuple(pair for name in between[1:] for pair in _pairs(start, wanted.environments[name]))
            name = f"{difference.what} between {', '.join(between)}"
            where = wanted.where("parity", position)
            want = Parity(pairs, claimed=difference)
            yield Subject(env.env, "allowed-difference", name, env.resource_group_id, want, where)


def _parts_of(env: DesiredEnvironment, thing_id: str) -> dict[str, tuple[str, ...]]:
    """The parts of which the subject is made whose rule says whether a documented thing is there."""
    for service in env.services:
        if service.id == thing_id:
            return service_parts(service)
    for vault in env.vaults:
        if vault.id == thing_id:
            return {"vault": (vault.name,)}
    stored = tuple(storage.key for storage in env.storage if storage.account_id == thing_id)
    return {"storage": stored} if stored else {}


@dataclass(frozen=True, slots=True)
class DocumentedGroup:
    """A resource group that holds something documented. `environments` are all of the policy's: a group may hold things
    of several."""

    id: str
    environments: tuple[DesiredEnvironment, ...]
    allowed: tuple[AllowedResource, ...]


def each_documented_group(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DocumentedGroup]]:
    """Every resource group of the environment's things, where the policy asks for what is not documented."""
    asked = wanted.policy.undocumented
    if asked is None:
        return
    where = wanted.where("undocumented")
    for group in env.resource_groups:
        want = DocumentedGroup(group, tuple(wanted.environments.values()), asked.allow)
        yield Subject(env.env, "resource-group", group.rsplit("/", 1)[-1], group, want, where)


def each_resource(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[ExpectedBody]]:
    """Every documented resource of any type."""
    for one in env.expected:
        if one.stands_alone:
            parts = {"resource": (one.key,)} | _parts_of(env, one.of)
            yield Subject(env.env, "resource", one.key, one.id, one, one.where, parts)


@dataclass(frozen=True, slots=True)
class FactOfBody:
    """An expectation of a resource's body."""

    resource: ExpectedBody
    fact: ExpectedFact


def each_expected_fact(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[FactOfBody]]:
    """Every expectation of every documented resource, thing, and part of one."""
    for one in env.expected:
        parts = ({"resource": (one.key,)} if one.stands_alone else {}) | _parts_of(env, one.of)
        for fact in one.facts:
            name = f"{one.key}/{''.join(fact.expression.split())}"
            yield Subject(env.env, "expectation", name, one.id, FactOfBody(one, fact), fact.where, parts)
