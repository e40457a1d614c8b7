"""What one estate costs: calls, tokens, connections and the longest chain, as the services count them; exact, because
nothing here depends on how fast the machine is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.watched import watched
from mzaudit.azure import Scope
from mzaudit.simulator import Counts, Waves, serve
from mzaudit.simulator.estates.simulated_estate import Estate
from tests.azure import estates
from tests.azure.estates import Names, connection_to, pinned, take
from tests.documented_estate import build


@pytest.fixture
def estate() -> Estate:
    """The documented estate in pages as large as Azure's, so that no chain is as long as a list."""
    estate = build("compliant")
    estate.page_size = 100
    return estate


def counted(estate: Estate, scope: Scope | None, monkeypatch: pytest.MonkeyPatch, at_once: int) -> Counts:
    """One run in which at most so many calls are under way to one host."""
    monkeypatch.setattr(estates, "connection_to", lambda *args: replace(connection_to(*args), at_once=at_once))
    waves = Waves()
    with serve(estate, waves=waves) as sim, watched(waves) as loop:
        take(sim, scope=scope, loop=loop, wire=True)
        return sim.counts


def less(estate: Estate, *left_out: str) -> Scope:
    """Production without some of its things."""
    scope = Names(estate.subscriptions[0]).scope()
    if "registries" in left_out:
        scope = replace(scope, registries=())
    if "databases" in left_out:
        scope = replace(scope, servers=tuple(replace(each, databases=()) for each in scope.servers))
    return scope


# what is left out: calls, tokens, the longest chain, logins and statements
COSTS: dict[tuple[str, ...], tuple[int, int, int, int, int]] = {
    ("registries", "databases"): (93, 2, 4, 0, 0),
    ("databases",): (103, 3, 5, 0, 0),
    (): (104, 4, 10, 2, 14),
}


@pytest.mark.parametrize("left_out", COSTS, ids=lambda each: " and ".join(each) or "nothing")
def test_one_estate(estate: Estate, left_out: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Login, reads that depend on nothing, and what they lead to: an app's slot, that slot, its identity. A registry
    needs one step more: its host, its token, a token for the repository, the tags. Inside a database one statement
    follows the other: its server, the login, what may be seen, six queries."""
    counts = counted(estate, less(estate, *left_out), monkeypatch, at_once=1000)
    found = (counts.calls, counts.tokens, counts.depth, counts.logins, counts.statements)
    assert (found, counts.throttled) == (COSTS[left_out], 0)


def test_one_platforms_image_of_an_index_costs_one_call(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest behind the tag, after the tags."""
    pinned(estate)
    counts = counted(estate, less(estate, "databases"), monkeypatch, at_once=1000)
    calls, tokens, depth, *_ = COSTS["databases",]
    assert (counts.calls, counts.tokens, counts.depth) == (calls + 1, tokens, depth + 1)


def test_connections_are_kept_and_used_again(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in, Resource Manager, two vaults, the registry, two databases."""
    counts = counted(estate, None, monkeypatch, at_once=8)
    assert counts.connections == 3 + 8 + 2 * 4 + 3 + 2
