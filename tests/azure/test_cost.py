"""What one estate costs: calls, tokens, connections and the longest chain, as the services count them; exact, because
nothing here depends on how fast the machine is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.azure import Scope
from mzaudit.simulator import Counts, Waves, build, serve
from mzaudit.simulator.estate import Estate
from tests.azure import estates
from tests.azure.estates import Names, connection_to, take

# far longer than the client ever takes between two requests that do not wait for each other
QUIET = 1.5


@pytest.fixture
def estate() -> Estate:
    """The documented estate in pages as large as Azure's, so that no chain is as long as a list."""
    estate = build("compliant")
    estate.page_size = 100
    return estate


def counted(estate: Estate, scope: Scope | None, monkeypatch: pytest.MonkeyPatch, at_once: int) -> Counts:
    """One run in which at most so many calls are under way to one host."""
    monkeypatch.setattr(estates, "connection_to", lambda *args: replace(connection_to(*args), at_once=at_once))
    with serve(estate, waves=Waves(QUIET)) as sim:
        take(sim, scope=scope)
        return sim.counts


def test_one_estate(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Login, reads that depend on nothing, and what they lead to: an app's slot, that slot, its identity. Only a
    registry needs one step more: its host, its token, a token for the repository, the tags."""
    counts = counted(estate, None, monkeypatch, at_once=1000)
    assert (counts.calls, counts.tokens, counts.depth, counts.throttled) == (99, 4, 5, 0)


def test_one_estate_without_the_registry(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    scope = replace(Names(estate.subscriptions[0]).scope(), registries=())
    counts = counted(estate, scope, monkeypatch, at_once=1000)
    assert (counts.calls, counts.tokens, counts.depth, counts.throttled) == (89, 3, 4, 0)


def test_connections_are_kept_and_used_again(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in, Resource Manager, two vaults, the registry, two databases."""
    counts = counted(estate, None, monkeypatch, at_once=8)
    assert counts.connections == 3 + 8 + 2 * 4 + 3 + 2
