"""Reading the live state: into a snapshot, or as a list of what is there."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Set
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from mzaudit import __version__
from mzaudit.cli.progress import progress_line
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.sign_in import credentials_and_connection

if TYPE_CHECKING:
    from mzaudit.azure.scope import Scope
    from mzaudit.policy.desired import Desired
    from mzaudit.simulator import Simulator
    from mzaudit.snapshot.estate import Snapshot
    from mzaudit.snapshot.observed import Listing

T = TypeVar("T")


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
    with progress_line() as progress:
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
