"""Parts of one estate, collected apart: judged as one, refused where they overlap or contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.engine.results import Finding, Status
from mzaudit.errors import SnapshotError
from mzaudit.policy.models import Severity
from mzaudit.simulator import Simulator, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed, need
from mzaudit.snapshot.saved.merge import merge
from tests.azure.estates import pinned, take
from tests.documented_estate import build

ENVS = ("stg", "prd")


def look(sim: Simulator, *asked: str) -> Snapshot:
    loaded = load_policy(None, shipped=True)
    everywhere = dict.fromkeys(loaded.policy.environments, sim.subscription_id)
    return take(sim, scope=scope_of(bind_policy(loaded, asked, everywhere)))


def findings(seen: Snapshot) -> Mapping[tuple[str, str, str], Finding]:
    loaded = load_policy(None, shipped=True)
    everywhere = dict.fromkeys(loaded.policy.environments, next(iter(seen.environments.values())))
    report = judge(loaded, bind_policy(loaded, ENVS, everywhere), seen, fail_on=Severity.LOW)
    return {(one.rule, one.env, one.subject.name): one for one in report.findings}


pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def taken() -> tuple[Snapshot, Snapshot, Snapshot]:
    estate = build("drifted")
    pinned(estate)
    with serve(estate) as sim:
        return look(sim, *ENVS), look(sim, "stg"), look(sim, "prd")


def test_parts_are_judged_as_the_whole(taken: tuple[Snapshot, Snapshot, Snapshot]) -> None:
    """But for what compares values of one run with another's: nobody saw whether those differ."""
    whole, stg, prd = taken
    at_once, apart = findings(whole), findings(merge([("stg.json", stg), ("prd.json", prd)]))
    assert at_once.keys() == apart.keys()
    other = {
        key: one for key, one in apart.items() if (one.status, one.note) != (at_once[key].status, at_once[key].note)
    }
    assert {key[0] for key in other} == {"KV-008"}
    assert {one.status for one in other.values()} == {Status.INCONCLUSIVE}


def test_their_order_does_not_matter(taken: tuple[Snapshot, Snapshot, Snapshot]) -> None:
    _, stg, prd = taken
    assert findings(merge([("a", prd), ("b", stg)])) == findings(merge([("a", stg), ("b", prd)]))


def test_one_is_itself(taken: tuple[Snapshot, Snapshot, Snapshot]) -> None:
    assert merge([("a", taken[1])]) is taken[1]


def moved(snapshot: Snapshot) -> Snapshot:
    """Every app of the part with another identity than the other part saw."""
    sites = {}
    for key, site in snapshot.sites.items():
        seen = need(site.properties)
        assert seen is not None
        other = replace(seen, identity=replace(seen.identity, principal_id="0" * 36))
        sites[key] = replace(site, properties=Observed(other))
    return replace(snapshot, sites=sites)


def test_parts_are_set_in_order_by_azures_clock(taken: tuple[Snapshot, Snapshot, Snapshot]) -> None:
    """One machine's clock was three days slow."""
    _, stg, prd = taken
    slow = replace(prd, taken=prd.taken - timedelta(days=3), skew=3 * 24 * 60)
    made = merge([("a", stg), ("b", slow)])
    assert (made.skew, made.today) == (slow.skew, prd.today)


REFUSED: dict[str, tuple[Callable[[Snapshot, Snapshot], tuple[Snapshot, Snapshot]], str]] = {
    "the same twice": (lambda stg, prd: (prd, prd), "b: the environment prd is in a too"),
    "another cloud": (lambda stg, prd: (stg, replace(prd, cloud="china")), "b: cloud differs from a"),
    "a simulated one": (lambda stg, prd: (stg, replace(prd, source="azure")), "b: source differs from a"),
    "another night": (
        lambda stg, prd: (stg, replace(prd, taken=prd.taken + timedelta(days=2))),
        "b: taken more than a day apart from a",
    ),
    "another api-version": (
        lambda stg, prd: (stg, replace(prd, api_versions=dict.fromkeys(prd.api_versions, "1"))),
        "the api-version of",
    ),
    "another identity": (lambda stg, prd: (stg, moved(prd)), "b: the app "),
    "a vault of another part": (lambda stg, prd: (stg, replace(prd, vaults=stg.vaults)), "b: the vault "),
    "other assignments": (
        lambda stg, prd: (
            stg,
            replace(
                prd,
                authorization={
                    each: replace(one, assignments=replace(one.assignments, items=one.assignments.items[1:]))
                    for each, one in prd.authorization.items()
                },
            ),
        ),
        "b: role assignments of ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_parts_that_overlap_or_contradict_are_refused(case: str, taken: tuple[Snapshot, Snapshot, Snapshot]) -> None:
    change, said = REFUSED[case]
    one, other = change(*taken[1:])
    with pytest.raises(SnapshotError, match=said):
        merge([("a", one), ("b", other)])
