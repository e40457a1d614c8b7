"""What the drill is made of: its context, and cases that change a conforming estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from mzaudit.drill.expected_bodies import makeable, unmade
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import (
    Desired,
    DesiredComponent,
    DesiredDatabase,
    DesiredEnvironment,
    DesiredServer,
    DesiredService,
    DesiredStorage,
    DesiredVault,
)
from mzaudit.simulator import Estate

Bend = Callable[[Estate], object]
"""Changes an estate in place; what it returns is ignored."""

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class DrillCase:
    """One change of the conforming estate.

    A deviation names the `demands` that it violates, a harmless variation none. `place` is the path in the policy of
    the fact that is changed. What can only be seen by comparing is judged for `all_environments` of the policy
    together.
    """

    place: str
    what: str
    mutate: Bend
    demands: tuple[Demand, ...] = ()
    all_environments: bool = False

    @property
    def name(self) -> str:
        """What `--only` is matched against."""
        return f"{self.place}: {self.what}"


_SECTIONS = ("services", "vaults", "storage", "servers", "registries", "components")


@dataclass(frozen=True, slots=True)
class DrillContext:
    """The bound policy, the drilled environment, and the one it is compared with, if the policy has another; `left_out`
    names the expectations of the environment for which no estate can be made."""

    wanted: Desired
    env: DesiredEnvironment
    other: DesiredEnvironment | None
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, wanted: Desired) -> DrillContext:
        """The policy's context for the first environment that it is bound to be asked about."""
        others = [env for name, env in wanted.environments.items() if name != wanted.asked[0]]
        env = wanted.environments[wanted.asked[0]]
        left_out = tuple(f"{one.key}: {fact.expression}" for one in env.expected for fact in unmade(one))
        wanted = makeable(wanted)
        return cls(wanted, wanted.environments[env.env], others[-1] if others else None, left_out)

    def service(self, key: object) -> DesiredService:
        """A service of the drilled environment by its key in the policy; raises KeyError."""
        return {service.key: service for service in self.env.services}[str(key)]

    def vault(self, key: object) -> DesiredVault:
        """A vault of the drilled environment by its key in the policy; raises KeyError."""
        return {vault.key: vault for vault in self.env.vaults}[str(key)]

    def storage(self, key: object) -> DesiredStorage:
        """A storage account of the drilled environment by its key in the policy; raises KeyError."""
        return {storage.key: storage for storage in self.env.storage}[str(key)]

    def database(self, key: object) -> DesiredDatabase:
        """A database of the drilled environment by its key in the policy; raises KeyError."""
        return {database.key: database for database in self.env.databases}[str(key)]

    def server(self, key: object) -> DesiredServer:
        """A server of the drilled environment by its key in the policy; raises KeyError."""
        return {server.key: server for server in self.env.servers}[str(key)]

    def holds(self, steps: Steps) -> bool:
        """Whether what a path of the policy speaks of is in the drilled environment: a thing, a database of a server,
        or a database that a service uses."""
        if len(steps) < 2 or steps[0] not in _SECTIONS:
            return True
        things = {thing.key: thing for thing in getattr(self.env, str(steps[0]))}
        if steps[1] not in things:
            return False
        databases = {database.key for database in self.env.databases}
        if steps[0] == "servers" and steps[2:3] == ("databases",) and len(steps) > 3:
            return steps[3] in databases
        if steps[0] == "services" and steps[2:3] == ("databases",) and len(steps) > 3:
            return self.wanted.policy.services[str(steps[1])].databases[int(steps[3])].database in databases
        return True

    def with_component(self, component: DesiredComponent) -> DrillContext:
        """The same, with no component but that; the environment that it is compared with has its like, if any."""
        other = self.other
        if other is not None:
            other = replace(other, components=tuple(one for one in other.components if one.key == component.key))
        return replace(self, env=replace(self.env, components=(component,)), other=other)

    def owners(self, vault: DesiredVault) -> tuple[DesiredService, ...]:
        """The services that may read the vault."""
        return tuple(service for service in self.env.services if service.key in vault.owners)

    def strangers_to(self, vault: DesiredVault) -> tuple[DesiredService, ...]:
        """The services of every environment that act as somebody who may not read the vault, by whatever identity they
        share."""
        users = self.wanted.users(vault.id)
        return tuple(one for one in self.wanted.services if one not in users and one.acts_as != "none")


def dotted(steps: Steps) -> str:
    """A path of the policy as text: `vaults.cloud.secrets.SECRET_KEY`."""
    return ".".join(str(step) for step in steps)


def each(
    steps: Steps, demands: tuple[Demand, ...], bends: Mapping[str, Bend], *, all_environments: bool = False
) -> Iterator[DrillCase]:
    """One case for each named change of a fact."""
    for what, mutate in bends.items():
        yield DrillCase(dotted(steps), what, mutate, demands, all_environments)


def spread(ground: DrillContext, service: DesiredService, bends: Mapping[str, Bend]) -> dict[str, Bend]:
    """Forms of one mistake, shared out over the services."""
    position = [one.key for one in ground.env.services].index(service.key)
    return portion(position, len(ground.env.services), bends)


def portion(position: int, parts: int, bends: Mapping[str, Bend]) -> dict[str, Bend]:
    """All forms of one mistake at the first of several like things, and a part of them at each other, to keep a drill
    short."""
    chosen = {number for number in range(len(bends)) if position == 0 or number % parts == position % parts}
    return {what: mutate for number, (what, mutate) in enumerate(bends.items()) if number in chosen}
