"""What is asked of secrets beside others: those that must be equal, and those that must differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from mzaudit.engine.subjects import Subject
from mzaudit.policy.desired import (
    Desired,
    DesiredEnvironment,
    DesiredSecret,
)


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
    common = {  # names of which one vault holds the value for several environments
        secret.name
        for vault in env.vaults
        if any(vault.key in other and other[vault.key].id == vault.id for other in vaults)
        for secret in vault.secrets
        if secret.spec.shared
    }
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
            apart = secret.guarded and secret.name not in common
            elsewhere = tuple(other.secrets[number] for other in alike) if apart else ()
            parts = {"vault": (vault.name, *(other.vault for other in beside)), "secret": (secret.name,)}
            want = DistinctSecret(secret, beside, elsewhere)
            secret_id = f"{vault.id}/secrets/{secret.stored}"
            name = f"{vault.name}/{secret.name}"
            yield Subject(env.env, "secret", name, secret_id, want, secret.where, parts)
