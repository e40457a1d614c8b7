"""What parity is asked of: environments, services and vaults against those of another environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mzaudit.engine.subjects import Subject, service_parts
from mzaudit.policy.desired import (
    Desired,
    DesiredEnvironment,
    DesiredService,
    DesiredVault,
)

if TYPE_CHECKING:
    from mzaudit.policy.models import AllowedDifference

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
