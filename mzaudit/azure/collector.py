"""Collects one snapshot: what depends on nothing leaves together, then what those answers lead to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from mzaudit.azure.bulk_lists import plan_lists
from mzaudit.azure.client.connection import Connection
from mzaudit.azure.client.credential_selection import Login
from mzaudit.azure.client.lifecycle import opened
from mzaudit.azure.readers import (
    authorization_reader,
    insights_reader,
    inventory_reader,
    keyvault_reader,
    registry_reader,
    resource_reader,
    sql_reader,
    web_reader,
)
from mzaudit.azure.readers.by_kind import by_kind
from mzaudit.azure.readers.read import ReadContext, started
from mzaudit.azure.scope import Scope
from mzaudit.azure.sql.databases_reader import Databases
from mzaudit.kinds import VERSIONS, ids_by_kind
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.text.ids import group_of, key, segment, subscription_of
from mzaudit.snapshot.web import Plan, SiteProperties

T = TypeVar("T")
Progress = Callable[[str], None]

# Of a subscription: enough to keep all reads that Azure lets through under way, and few enough to be held in memory.
_APPS_AT_ONCE = 60
_EVERY = 0.5  # seconds between two words of progress


async def collect(
    scope: Scope,
    login: Login,
    connection: Connection,
    *,
    taken: datetime,
    tool_version: str,
    source: str,
    timeout: float,  # noqa: ASYNC109  # the whole run's deadline; what is late becomes a gap, nothing is cancelled
    values: bool,
    progress: Progress | None = None,
) -> Snapshot:
    """Read everything in scope within `timeout` seconds.

    Raises CredentialError if no token for Resource Manager can be had; whatever else goes wrong is a gap of the
    snapshot. `values` says whether secret values may be requested; `progress` is told how far it has come, in words.
    """
    first, lists = next(iter(scope.environments.values()), ""), plan_lists(scope)
    if progress is not None:
        progress(f"signing in: {login.name}")
    async with (
        opened(
            login,
            connection,
            first,
            tool_version=tool_version,
            timeout=timeout,
            vaults=len(scope.vaults),
            lists=lists,
        ) as (run, caller),
        _told(run, progress),
    ):
        return await _read(
            run,
            scope,
            values,
            Snapshot(
                taken=taken,
                source=source,
                tool_version=tool_version,
                cloud=connection.cloud,
                environments=dict(scope.environments),
                caller=caller,
                api_versions=dict(VERSIONS),
                reads=(),
            ),
        )


@asynccontextmanager
async def _told(run: ReadContext, progress: Progress | None) -> AsyncIterator[None]:
    """Count the calls meanwhile, if anybody listens."""
    if progress is None:
        yield
        return

    async def count(tell: Progress) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            tell(f"reading: {run.session.answered} calls")

    telling = asyncio.create_task(count(progress))
    try:
        yield
    finally:
        telling.cancel()


async def _read(run: ReadContext, scope: Scope, values: bool, blank: Snapshot) -> Snapshot:
    subscriptions = _subscriptions(scope)
    run.rights.start({*(f"/subscriptions/{each}" for each in subscriptions), *_groups(scope)})
    databases, wanted = Databases(run), {each.id: each for each in scope.resources}
    deleted = {each.casefold(): _Once(partial(keyvault_reader.deleted_vaults, run, each)) for each in subscriptions}
    async with asyncio.TaskGroup() as group:
        if values and any(each.secrets for each in scope.vaults):
            group.create_task(run.clients.sign_in_to_vaults())
        if any(each.names for each in scope.registries):
            group.create_task(run.clients.sign_in_to_registries())
        if any(each.databases for each in scope.servers):
            group.create_task(run.clients.sign_in_to_databases())
        role_ids: authorization_reader.RoleIds = {}
        access = {each: group.create_task(authorization_reader.first(run, each, role_ids)) for each in subscriptions}
        reach = authorization_reader.Reach(run, group, access, role_ids)
        plans: dict[str, asyncio.Task[Observed[Plan | None] | Gap]] = {}

        def known(site: SiteProperties) -> None:
            for principal in _principals(site):
                reach.add(principal, _subscription(site.id))

        def known_whole(site: SiteProperties) -> None:
            known(site)
            if site.plan_id and segment(site.id, "slots") is None and key(site.plan_id) not in plans:
                plans[key(site.plan_id)] = started(group, web_reader.plan(run, site.plan_id))

        # Calls of a bucket leave in the order in which they are asked for: first those that lead to more elsewhere.
        reached = {key(each.id): group.create_task(sql_reader.reached(run, each)) for each in scope.servers}
        inside = [group.create_task(databases.of(each, reached[key(each.id)])) for each in scope.servers]
        vaults = {
            key(each.id): group.create_task(keyvault_reader.vault(run, each, deleted[_subscription(each.id)], values))
            for each in scope.vaults
        }
        registries = {key(each.id): group.create_task(registry_reader.registry(run, each)) for each in scope.registries}
        turns = {each.casefold(): asyncio.Semaphore(_APPS_AT_ONCE) for each in subscriptions}
        sites = {
            key(each): group.create_task(web_reader.site(run, each, known_whole, turns[_subscription(each)]))
            for each in scope.sites
        }
        others = {key(each): group.create_task(web_reader.identity_of(run, each, known)) for each in _beyond(scope)}
        around = {
            each: group.create_task(sql_reader.neighbours(run, each, reached))
            for each in {group_of(server.id): None for server in scope.servers}
        }
        servers = {
            key(each.id): group.create_task(
                sql_reader.server(run, each, reached[key(each.id)], around[group_of(each.id)])
            )
            for each in scope.servers
        }
        alike = {
            kind: {key(each): group.create_task(by_kind()[kind](run, wanted[each])) for each in ids}
            for kind, ids in ids_by_kind(wanted).items()
        }
        versions = resource_reader.ApiVersions(run)
        bodies = {
            key(each.id): group.create_task(resource_reader.resource(run, each, versions)) for each in scope.bodies
        }
        inventories = {
            key(each): group.create_task(inventory_reader.inventory(run, each)) for each in scope.inventories
        }
        watching = {
            each: group.create_task(insights_reader.watchers(run, each))
            for each in {_subscription(component): None for component in scope.components}
        }
        components = {
            key(each): group.create_task(insights_reader.component(run, each, watching[_subscription(each)]))
            for each in scope.components
        }
        seen = {each: await task for each, task in (*sites.items(), *others.items())}
        access_to = {each: group.create_task(reach.whole(each)) for each in access}
        images = [image for each in seen.values() for image in web_reader.images(each)]
        behind = {
            each: group.create_task(registry_reader.with_manifests(run, task, images))
            for each, task in registries.items()
        }
    permissions = await run.rights.all()
    # Any: each reader makes what its kind's field of a snapshot holds
    held: dict[str, Any] = {kind.held_in: _done(tasks) for kind, tasks in alike.items()}
    return replace(
        replace(blank, **held),
        reads=run.ledger.reads(),
        skew=run.session.skew.minutes(),
        label_key=run.classifier.key_id,
        sites=seen,
        plans=_done(plans),
        vaults=_done(vaults),
        registries=_done(behind),
        servers=_done(servers),
        databases={name: contents for task in inside for name, contents in task.result().items()},
        components=_done(components),
        bodies=_done(bodies),
        inventories=_done(inventories),
        authorization={each.casefold(): task.result() for each, task in access_to.items()},
        permissions=permissions,
    )


class _Once:
    """Starts its work at the first call, and gives every caller that one result."""

    def __init__(self, work: Callable[[], Coroutine[object, object, Listing[str]]]) -> None:
        self._work = work
        self._task: asyncio.Task[Listing[str]] | None = None

    async def __call__(self) -> Listing[str]:
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await self._task


def _done(tasks: Mapping[str, asyncio.Task[T]]) -> dict[str, T]:
    return {each: task.result() for each, task in tasks.items()}


def _subscription(resource_id: str) -> str:
    return subscription_of(resource_id).casefold()


def _subscriptions(scope: Scope) -> list[str]:
    """Every subscription in scope, once, in the spelling that was given first."""
    found: dict[str, str] = {}
    named = (subscription_of(each) for each in (*scope.ids(), *scope.resource_groups))
    for each in (*scope.environments.values(), *named):
        if each:
            found.setdefault(each.casefold(), each)
    return list(found.values())


def _groups(scope: Scope) -> set[str]:
    return {*scope.resource_groups, *map(group_of, scope.ids())}


def _beyond(scope: Scope) -> list[str]:
    """The sites of which only the identity is wanted, less those that are read whole."""
    whole = {key(each) for each in scope.sites}
    return [each for each in scope.identities_of if key(each) not in whole]


def _principals(site: SiteProperties) -> set[str]:
    """Object ids of a site's managed identities, the attached ones too."""
    ids = (site.identity.principal_id, *(each.principal_id for each in site.identity.user_assigned))
    return {each.casefold() for each in ids if each}
