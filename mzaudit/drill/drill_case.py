"""What the drill is made of: the ground it stands on, and cases that bend a conforming estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mzaudit.policy.desired import Wanted, WantedDatabase, WantedEnvironment, WantedService, WantedStorage, WantedVault
from mzaudit.simulator import Estate

Bend = Callable[[Estate], object]
"""Changes an estate in place; what it returns is ignored."""

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One bend of the conforming estate.

    A deviation names the `requirements` it violates, a harmless variation none. `place` is the policy's path that
    the bent fact comes from. What can only be seen by comparing is
    judged for `all_environments` of the policy together.
    """

    place: str
    what: str
    bend: Bend
    requirements: tuple[str, ...] = ()
    all_environments: bool = False

    @property
    def name(self) -> str:
        """What `--only` is matched against."""
        return f"{self.place}: {self.what}"


@dataclass(frozen=True, slots=True)
class Ground:
    """The bound policy, the drilled environment, and the one it is compared with, if the policy has another."""

    wanted: Wanted
    env: WantedEnvironment
    other: WantedEnvironment | None

    def service(self, key: object) -> WantedService:
        """A service of the drilled environment by its key in the policy; raises KeyError."""
        return {service.key: service for service in self.env.services}[str(key)]

    def vault(self, key: object) -> WantedVault:
        """A vault of the drilled environment by its key in the policy; raises KeyError."""
        return {vault.key: vault for vault in self.env.vaults}[str(key)]

    def storage(self, key: object) -> WantedStorage:
        """A storage account of the drilled environment by its key in the policy; raises KeyError."""
        return {storage.key: storage for storage in self.env.storage}[str(key)]

    def database(self, key: object) -> WantedDatabase:
        """A database of the drilled environment by its key in the policy; raises KeyError."""
        return {database.key: database for database in self.env.server.databases}[str(key)]

    def owners(self, vault: WantedVault) -> tuple[WantedService, ...]:
        """The services that may read the vault."""
        return tuple(service for service in self.env.services if service.key in vault.owners)

    def strangers_to(self, vault: WantedVault) -> tuple[WantedService, ...]:
        """The services of every environment that may not read the vault."""
        return tuple(
            service
            for service in self.wanted.services
            if not (service.env == vault.env and service.key in vault.owners)
        )


def dotted(steps: Steps) -> str:
    """A path of the policy as text: `vaults.cloud.secrets.SECRET_KEY`."""
    return ".".join(str(step) for step in steps)


def each(
    steps: Steps, requirements: tuple[str, ...], bends: Mapping[str, Bend], *, all_environments: bool = False
) -> Iterator[Case]:
    """One case for each named bend of a fact."""
    for what, bend in bends.items():
        yield Case(dotted(steps), what, bend, requirements, all_environments)


def spread(ground: Ground, service: WantedService, bends: Mapping[str, Bend]) -> dict[str, Bend]:
    """Forms of one mistake, shared out over the services."""
    position = [one.key for one in ground.env.services].index(service.key)
    return portion(position, len(ground.env.services), bends)


def portion(position: int, parts: int, bends: Mapping[str, Bend]) -> dict[str, Bend]:
    """All forms of one mistake at the first of several like things, and a part of them at each other, to keep a drill
    short."""
    chosen = {number for number in range(len(bends)) if position == 0 or number % parts == position % parts}
    return {what: bend for number, (what, bend) in enumerate(bends.items()) if number in chosen}
