"""Collects one snapshot: what depends on nothing leaves together, then what those answers lead to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
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
from mzaudit.snapshot.insights import Component
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.sql import SqlServer
from mzaudit.snapshot.text.ids import group_of, key, segment, subscription_of
from mzaudit.snapshot.web import Plan, Site, SiteProperties

T = TypeVar("T")
Progress = Callable[[str], None]

# Of a subscription: enough to keep all reads that Azure lets through under way, and few enough to be held in memory.
_APPS_AT_ONCE = 60
_PROGRESS_INTERVAL = 0.5  # seconds


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
    """Report the number of calls meanwhile, where progress is asked for."""
    if progress is None:
        yield
        return

    async def count(tell: Progress) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_INTERVAL)
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
        _sign_in(run, group, scope, values)
        role_ids: authorization_reader.RoleIds = {}
        access = {each: group.create_task(authorization_reader.first(run, each, role_ids)) for each in subscriptions}
        reach = authorization_reader.Reach(run, group, access, role_ids)
        apps = _Apps(run, group, reach)

        # Calls of a bucket leave in the order in which they are asked for: first those that lead to more elsewhere.
        reached = {key(each.id): group.create_task(sql_reader.reached(run, each)) for each in scope.servers}
        inside = [group.create_task(databases.of(each, reached[key(each.id)])) for each in scope.servers]
        vaults = {
            key(each.id): group.create_task(keyvault_reader.vault(run, each, deleted[_subscription(each.id)], values))
            for each in scope.vaults
        }
        registries = {key(each.id): group.create_task(registry_reader.registry(run, each)) for each in scope.registries}
        sites = apps.start(scope, subscriptions)
        servers = _servers(run, group, scope, reached)
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
        components = _components(run, group, scope)
        seen = {each: await task for each, task in sites.items()}
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
        plans=_done(apps.plans),
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


def _sign_in(run: ReadContext, group: asyncio.TaskGroup, scope: Scope, values: bool) -> None:
    """Fetch the tokens of the services that are asked later, beside the first reads."""
    if values and any(each.secrets for each in scope.vaults):
        group.create_task(run.clients.sign_in_to_vaults())
    if any(each.names for each in scope.registries):
        group.create_task(run.clients.sign_in_to_registries())
    if any(each.databases for each in scope.servers):
        group.create_task(run.clients.sign_in_to_databases())


class _Apps:
    """Reads apps and, as soon as one is read, its plan and what its identities hold."""

    def __init__(self, run: ReadContext, group: asyncio.TaskGroup, reach: authorization_reader.Reach) -> None:
        self._run, self._group, self._reach = run, group, reach
        self.plans: dict[str, asyncio.Task[Observed[Plan | None] | Gap]] = {}

    def start(self, scope: Scope, subscriptions: Iterable[str]) -> dict[str, asyncio.Task[Site]]:
        """The apps in scope, with those of which only the identity is wanted."""
        run, start = self._run, self._group.create_task
        turns = {each.casefold(): asyncio.Semaphore(_APPS_AT_ONCE) for each in subscriptions}
        whole = {
            key(each): start(web_reader.site(run, each, self._known_whole, turns[_subscription(each)]))
            for each in scope.sites
        }
        return whole | {key(each): start(web_reader.identity_of(run, each, self._known)) for each in _beyond(scope)}

    def _known(self, site: SiteProperties) -> None:
        for principal in _principals(site):
            self._reach.add(principal, _subscription(site.id))

    def _known_whole(self, site: SiteProperties) -> None:
        self._known(site)
        if site.plan_id and segment(site.id, "slots") is None and key(site.plan_id) not in self.plans:
            self.plans[key(site.plan_id)] = started(self._group, web_reader.plan(self._run, site.plan_id))


def _servers(
    run: ReadContext, group: asyncio.TaskGroup, scope: Scope, reached: Mapping[str, asyncio.Task[sql_reader.Reached]]
) -> dict[str, asyncio.Task[SqlServer]]:
    around = {
        each: group.create_task(sql_reader.neighbours(run, each, reached))
        for each in {group_of(server.id): None for server in scope.servers}
    }
    return {
        key(each.id): group.create_task(sql_reader.server(run, each, reached[key(each.id)], around[group_of(each.id)]))
        for each in scope.servers
    }


def _components(run: ReadContext, group: asyncio.TaskGroup, scope: Scope) -> dict[str, asyncio.Task[Component]]:
    watching = {
        each: group.create_task(insights_reader.watchers(run, each))
        for each in {_subscription(component): None for component in scope.components}
    }
    return {
        key(each): group.create_task(insights_reader.component(run, each, watching[_subscription(each)]))
        for each in scope.components
    }


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
