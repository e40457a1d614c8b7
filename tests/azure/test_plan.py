"""The plan of a run: how many calls it will take, and the line that tells how far it has come."""

from __future__ import annotations

import pytest

from mzaudit.azure import bulk_lists
from mzaudit.azure.call_estimate import planned, words
from mzaudit.azure.collector import _groups
from mzaudit.cli.collection import documented, scope_of, subscriptions
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.drill.simulated_estates import build
from mzaudit.simulator import serve
from tests.azure.estates import take


@pytest.mark.parametrize(("estate", "many"), [("compliant", 30), ("compliant", 1), ("large:6", 1), ("large:6", 30)])
def test_a_run_takes_about_as_many_calls_as_planned(estate: str, many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_lists, "MANY", many)
    loaded = documented(load_policy(None, shipped=True), estate)
    asked = tuple(loaded.policy.environments) if estate.startswith("large") else ("prd",)
    served = build(estate, loaded)
    served.page_size = 100
    with serve(served) as sim:
        scope = scope_of(bind_policy(loaded, asked, subscriptions(loaded, sim, None, asked)))
        expected = planned(scope, bulk_lists.plan_lists(scope), _groups(scope), values=True)
        take(sim, scope=scope)
        calls = sim.counts.calls - sim.counts.tokens
    slot = 8 if estate == "compliant" else 0  # found on the way
    assert expected * 0.9 <= calls - slot <= expected * 1.1


@pytest.mark.parametrize(
    ("done", "expected", "rate", "said"),
    [
        (0, 90, 0.0, "0 of about 90 calls, 0 a second"),
        (30, 90, 20.0, "30 of about 90 calls, 20 a second, about 3 s left"),
        (900, 9000, 100.0, "900 of about 9000 calls, 100 a second, about 1 min 21 s left"),
        (90, 90, 20.0, "90 of about 90 calls, 20 a second"),
    ],
)
def test_words(done: int, expected: int, rate: float, said: str) -> None:
    assert words(done, expected, rate) == said
