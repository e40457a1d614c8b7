"""Reading the live state: the scope that a policy needs, the login, the deadline; Azure or the simulated estate."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from mzaudit import __version__
from mzaudit.errors import MzauditError

if TYPE_CHECKING:
    from mzaudit.azure.client.connection import Connection
    from mzaudit.azure.client.credential_selection import Login
    from mzaudit.azure.scope import ResourceScope, Scope, ServerScope, VaultScope
    from mzaudit.engine.results import Report
    from mzaudit.policy.desired import Desired, DesiredEnvironment
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.simulator import Simulator
    from mzaudit.snapshot.estate import Snapshot
    from mzaudit.snapshot.observed import Listing

T = TypeVar("T")
ESTATES = ("compliant", "drifted", "blind", "empty")
LARGE = re.compile(r"large:[1-9][0-9]{0,4}")
METAVAR = f"[{'|'.join(ESTATES)}|large:N]"
_REQUESTS = "azure.core.pipeline.policies.http_logging_policy"


def estate(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a simulated estate, as click checks an option's value."""
    if value is None or value in ESTATES or LARGE.fullmatch(value):
        return value
    raise click.BadParameter(f"{value[:40]!r} is not one of {', '.join(ESTATES)}, large:N (N apps, such as large:300).")


def estates(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names that begin so, for a shell."""
    return [each for each in (*ESTATES, "large:300") if each.startswith(incomplete)]


def scope_of(wanted: Desired, *, wake: bool = False) -> Scope:
    """What has to be read so that every rule can be decided for the environments asked for."""
    from mzaudit.azure.scope import ResourceScope, Scope
    from mzaudit.snapshot.text.ids import key

    asked = [wanted.environments[env] for env in wanted.asked]
    others = [wanted.environments[env] for env in wanted.environments if env not in wanted.asked]
    alike = {key(one.id): one.id for env in asked for one in env.resources if one.kind.by_id}
    inside: dict[str, dict[str, str]] = {each: {} for each in alike}
    for storage in (storage for env in asked for storage in env.storage):
        inside[key(storage.account_id)].setdefault(storage.container.casefold(), storage.container)
    components = {key(one.id): one.id for env in asked for one in env.components}
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
        resource_groups=tuple(groups.values()),
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
                databases.setdefault(key(one.id), DatabaseScope(one.name, one.tenant_column, one.migrations))
    return tuple(ServerScope(id_, tuple(databases.values()), wake) for id_, databases in held.values())


def collect_state(
    wanted: Desired, simulator: Simulator | None, *, timeout: float, values: bool, debug: bool, wake: bool = False
) -> Snapshot:
    """Read everything that a policy wants, now; `wake` says whether paused databases may be woken for it. Raises
    `CredentialError` when no token for Azure Resource Manager can be had."""
    tenants = {wanted.policy.environments[env].tenant for env in wanted.asked}
    scope = scope_of(wanted, wake=wake)
    return collect_scope(scope, tenants, simulator, timeout=timeout, values=values, debug=debug)


def collect_scope(
    scope: Scope, tenants: Set[str | None], simulator: Simulator | None, *, timeout: float, values: bool, debug: bool
) -> Snapshot:
    """Read everything in a scope, now. Raises as `collect_state`."""
    from mzaudit.azure import collect
    from mzaudit.cli.streams import say
    from mzaudit.snapshot import clock

    login, connection = credentials_and_connection(tenants, simulator, debug=debug)
    with spinner() as progress:
        seen = run_async(
            collect(
                scope,
                login,
                connection,
                taken=datetime.now(UTC).replace(microsecond=0),
                tool_version=__version__,
                source=source_of(simulator),
                timeout=timeout,
                values=values,
                progress=progress,
            )
        )
    if seen.skew:
        say(f"{clock.words(seen.skew)} by Azure's: set it; what rests on the time is inconclusive")
    return seen


def empty_snapshot(simulator: Simulator | None) -> Snapshot:
    """The snapshot of a run that has read nothing."""
    from mzaudit.snapshot.estate import Snapshot

    taken = datetime.now(UTC).replace(microsecond=0)
    return Snapshot(taken, source_of(simulator), __version__, "", {}, None, {}, ())


def source_of(simulator: Simulator | None) -> str:
    """What reports call it."""
    return "azure" if simulator is None else "simulated"


def run_async(work: Coroutine[object, object, T]) -> T:
    """What comes of the work, run in a loop of its own."""
    import asyncio

    found: list[T] = []

    async def working() -> None:
        found.append(await work)

    # A task that returned a snapshot would be written out in full: `signal` takes the `repr` of what it restores.
    asyncio.run(working())
    return found[0]


def documented(loaded: Loaded, estate: str | None) -> Loaded:
    """The policy as it stands; of a large simulated estate, with that estate's environments in place of its own."""
    if estate is None or not LARGE.fullmatch(estate):
        return loaded
    from mzaudit.drill.large_policy import enlarged

    return enlarged(loaded, int(estate.partition(":")[2]))


def subscriptions(
    loaded: Loaded, simulator: Simulator | None, given: str | None, asked: Sequence[str]
) -> dict[str, str]:
    """A subscription for every environment: in a simulated estate its own, whatever else is set."""
    from mzaudit.cli import resolve

    if simulator is None:
        return resolve.subscriptions(loaded, given, asked)
    from mzaudit.drill.simulated_estates import subscriptions_of

    return subscriptions_of(loaded.policy)


def list_all(
    tenant: str | None, subscriptions: Set[str], simulator: Simulator | None, *, timeout: float, debug: bool
) -> Mapping[str, Listing[str]]:
    """The ids of what is in one or more subscriptions now, by kind."""

    from mzaudit.azure import take_inventory
    from mzaudit.snapshot.observed import Listing

    login, connection = credentials_and_connection({tenant}, simulator, debug=debug)
    found: dict[str, Listing[str]] = {}
    for subscription in sorted(subscriptions):
        there = run_async(take_inventory(subscription, login, connection, tool_version=__version__, timeout=timeout))
        for kind, ids in there.items():
            so_far = found.get(kind, Listing())
            found[kind] = Listing((*so_far.items, *ids.items), so_far.gap or ids.gap)
    return found


def with_attribution(
    report: Report, loaded: Loaded, simulator: Simulator | None, *, names: bool, timeout: float, debug: bool
) -> Report:
    """The report with who changed each failing resource last: a second, small read, and only if something fails.

    Whatever goes wrong with it, the report that was judged stays as it is."""
    from mzaudit.cli.streams import say

    try:
        return _attributed(report, loaded, simulator, names=names, timeout=timeout, debug=debug)
    except MzauditError as error:
        say(f"--attribute: who changed what was not read: {error}")
    except Exception as error:  # noqa: BLE001 - a defect in telling who is not to lose what was judged
        say(f"--attribute: who changed what was not read: a defect of mzaudit: {type(error).__name__}")
    return report


def _attributed(
    report: Report, loaded: Loaded, simulator: Simulator | None, *, names: bool, timeout: float, debug: bool
) -> Report:
    from mzaudit import rules
    from mzaudit.azure import changes_of
    from mzaudit.engine.change_attribution import MOST, asked, attribute
    from mzaudit.snapshot.changes import Records

    every_rule = rules.load()
    resources = asked(report.findings, every_rule)[:MOST]
    records, reads = Records({}, {}), report.reads
    if resources:
        tenants = {loaded.policy.environments[env].tenant for env in report.environments}
        login, connection = credentials_and_connection(tenants, simulator, debug=debug)
        asking = changes_of(
            resources, login, connection, taken=report.run.started, tool_version=__version__, timeout=timeout
        )
        records, more = run_async(asking)
        reads = (*reads, *more)
    found = attribute(report.findings, records, loaded.policy.pipelines, every_rule, names=names)
    return replace(report, findings=found, reads=reads)


def credentials_and_connection(
    tenants: Set[str | None], simulator: Simulator | None, *, debug: bool
) -> tuple[Login, Connection]:
    """Whose login is used, and how Azure is reached; a tenant that the policy names is asked for if it is the only
    one, and the environment names none."""
    from mzaudit.azure.client.connection import Connection
    from mzaudit.azure.client.credential_selection import choose
    from mzaudit.cli.streams import say

    configure_logging(debug)
    environment = dict(os.environ)
    if simulator is not None:
        environment = {"MZAUDIT_LABEL_KEY": environment.get("MZAUDIT_LABEL_KEY", ""), **simulator.environ()}
    named = tenants - {None}
    if simulator is None and len(named) == 1 and not environment.get("AZURE_TENANT_ID"):
        environment["AZURE_TENANT_ID"] = str(next(iter(named)))
    connection = Connection.from_environment(environment)
    login = choose(environment, connection)
    if simulator is None:
        say(f"signing in by {login.name}")
    return login, connection


@contextmanager
def simulated(estate: str | None, loaded: Loaded) -> Iterator[Simulator | None]:
    """The simulated estate of a policy, served on loopback for as long as it is needed; none if none is asked for."""
    if estate is None:
        yield None
        return
    from mzaudit.drill.simulated_estates import build
    from mzaudit.simulator import serve

    with serve(build(estate, loaded)) as simulator:
        yield simulator


def configure_logging(debug: bool) -> None:
    """The SDK's loggers say nothing. With --debug the one that logs requests speaks, which masks what it does not know
    to be harmless; no other, because they quote the words of exceptions and so of bodies."""
    import logging

    from mzaudit.cli.debug_log import DebugHandler

    for name in ("azure", "msal", "asyncio", "aiohttp", "pytds", "urllib3"):
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
        logger.setLevel(logging.CRITICAL)
    requests = logging.getLogger(_REQUESTS)
    requests.propagate = False
    requests.handlers = [DebugHandler()] if debug else []
    requests.setLevel(logging.INFO if debug else logging.CRITICAL)


@contextmanager
def spinner() -> Iterator[Callable[[str], None] | None]:
    """A line of progress on stderr, if a person is looking at it; yields the function to call with a text, or None."""
    shown = sys.stderr.isatty() and not os.environ.get("CI") and not os.environ.get("TF_BUILD")
    if not shown:
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("reading", spinner="dots") as status:
        yield status.update
