"""What a run has to read, from a bound policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mzaudit.azure.scope import ResourceScope, Scope, ServerScope, VaultScope
    from mzaudit.policy.desired import Desired, DesiredEnvironment


def scope_of(wanted: Desired, *, wake: bool = False) -> Scope:
    """What has to be read so that every rule can be decided for the environments asked for."""
    from mzaudit.azure.scope import BodyScope, ResourceScope, Scope
    from mzaudit.snapshot.text.ids import group_of, key

    asked = [wanted.environments[env] for env in wanted.asked]
    others = [wanted.environments[env] for env in wanted.environments if env not in wanted.asked]
    alike = {key(one.id): one.id for env in asked for one in env.resources if one.kind.by_id}
    inside: dict[str, dict[str, str]] = {each: {} for each in alike}
    for storage in (storage for env in asked for storage in env.storage):
        inside[key(storage.account_id)].setdefault(storage.container.casefold(), storage.container)
    bodies: dict[str, BodyScope] = {}
    for one in (one for env in asked for one in env.expected):
        before = bodies.get(key(one.id), BodyScope(one.id, one.api_version))
        expressions = dict.fromkeys((*before.expressions, *(fact.expression for fact in one.facts)))
        bodies[key(one.id)] = replace(before, expressions=tuple(expressions))
    components = {key(one.id): one.id for env in asked for one in env.components}
    listed: dict[str, str] = {}
    if wanted.policy.undocumented is not None:
        listed = {key(group): group for env in asked for group in env.resource_groups}
        # what watches another environment's component in one of these groups is known by that component alone
        components |= {key(o.id): o.id for env in others for o in env.components if key(group_of(o.id)) in listed}
    groups = {key(one): one for env in asked for one in (env.resource_group_id, *env.resource_groups)}
    return Scope(
        environments={env.env: env.subscription for env in asked},
        sites=tuple(
            service.id for env in (*asked, *others) for service in env.services if env in asked or service.shares
        ),
        identities_of=tuple(service.id for env in others for service in env.services if not service.shares),
        vaults=_vaults(asked),
        registries=_registries(asked),
        servers=_servers(asked, wake=wake),
        components=tuple(components.values()),
        resources=tuple(ResourceScope(id_, tuple(inside[each].values())) for each, id_ in alike.items()),
        bodies=tuple(bodies.values()),
        resource_groups=tuple(groups.values()),
        inventories=tuple(listed.values()),
    )


def _vaults(asked: Sequence[DesiredEnvironment]) -> tuple[VaultScope, ...]:
    """The vaults, one that environments share once."""
    from mzaudit.azure.scope import VaultScope
    from mzaudit.snapshot.text.ids import key

    vaults = {key(vault.id): vault for env in asked for vault in env.vaults}
    return tuple(
        VaultScope(
            vault.id,
            tuple(secret.stored for secret in vault.secrets),
            tuple(secret.stored for secret in vault.secrets if secret.compared),
        )
        for vault in vaults.values()
    )


def _registries(asked: Sequence[DesiredEnvironment]) -> tuple[ResourceScope, ...]:
    """The registries, each with the repositories of all services whose images come from it."""
    from mzaudit.azure.scope import ResourceScope
    from mzaudit.snapshot.text.ids import key

    held: dict[str, tuple[str, dict[str, None]]] = {}
    for env in asked:
        for registry in env.registries:
            held.setdefault(key(registry.id), (registry.id, {}))
        for image in (service.image for service in env.services if service.image is not None):
            held[key(image.registry.id)][1][image.repository] = None
    return tuple(ResourceScope(id_, tuple(repositories)) for id_, repositories in held.values())


def _servers(asked: Sequence[DesiredEnvironment], *, wake: bool) -> tuple[ServerScope, ...]:
    """The SQL servers, each with the databases that any environment has there."""
    from mzaudit.azure.scope import DatabaseScope, ServerScope
    from mzaudit.snapshot.text.ids import key

    held: dict[str, tuple[str, dict[str, DatabaseScope]]] = {}
    for env in asked:
        for server in env.servers:
            _, databases = held.setdefault(key(server.id), (server.id, {}))
            for one in server.databases:
                databases.setdefault(
                    key(one.id), DatabaseScope(one.name, one.tenant_column, one.migrations, one.migration_tool)
                )
    return tuple(ServerScope(id_, tuple(databases.values()), wake) for id_, databases in held.values())
