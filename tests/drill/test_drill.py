"""The drill: the shipped policy and a small one of another kind, and what a missing rule does to them."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from mzaudit import exit_codes, rules
from mzaudit.cli import run as mzaudit
from mzaudit.cli.commands.drill import audit
from mzaudit.drill import drill_text
from mzaudit.drill.drill_run import Audit, Drill, DrillOutcome, DrillPlan, drill, run
from mzaudit.engine.results import Status
from mzaudit.engine.rule import guarding
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary

GUARDS = guarding(rules.load())
SMALL = Path(__file__).parent / "small.yaml"
PARTS, SMALL_PARTS = 32, 4  # tests, for as many workers as there are
ON_THE_WIRE = frozenset(random.Random(10).sample(range(900), 90))  # of the cases by number


def small(judged: Audit) -> DrillPlan:
    """The small policy's only environment."""
    return DrillPlan(load(SMALL, vocabulary()), "live", judged, GUARDS)


@pytest.fixture(scope="module")
def proven() -> Iterator[Drill]:
    """The shipped policy's production under every rule."""
    with drill(DrillPlan(load(shipped(), vocabulary()), "prd", audit, GUARDS)) as running:
        yield running


@pytest.fixture(scope="module")
def proven_on_the_wire() -> Iterator[Drill]:
    """The same over sockets, TLS and a proxy."""
    plan = DrillPlan(load(shipped(), vocabulary()), "prd", functools.partial(audit, wire=True), GUARDS)
    with drill(plan) as running:
        yield running


@pytest.fixture(scope="module")
def whole() -> Iterator[Drill]:
    """The small policy under every rule."""
    with drill(small(audit)) as running:
        yield running


def test_there_is_enough_to_prove(proven: Drill, whole: Drill) -> None:
    assert sum(bool(case.demands) for case in proven.cases) >= 300
    assert sum(not case.demands for case in proven.cases) >= 100
    assert len(whole.cases) > 280


@pytest.mark.parametrize("part", range(PARTS))
def test_the_shipped_policy_is_proven(part: int, proven: Drill, proven_on_the_wire: Drill) -> None:
    """One of the parts that are drilled side by side; one case in ten is looked at on the wire too."""
    numbers = range(part, len(proven.cases), PARTS)
    outcomes = [proven.outcome(number) for number in numbers]
    assert drill_text.slipped(outcomes) + drill_text.false_alarms(outcomes) == ()
    for number, found in zip(numbers, outcomes, strict=True):
        if number in ON_THE_WIRE:
            assert proven_on_the_wire.outcome(number) == found


@pytest.mark.parametrize("part", range(SMALL_PARTS))
def test_a_small_policy_of_another_kind_is_proven(part: int, whole: Drill) -> None:
    """Every fourth case, to keep the suite short; the command drills them all."""
    outcomes = [whole.outcome(number) for number in range(4 * part, len(whole.cases), 4 * SMALL_PARTS)]
    assert drill_text.slipped(outcomes) + drill_text.false_alarms(outcomes) == ()


ODD = {
    "facets": (SMALL.with_name("facets.yaml"), "live"),
    "several": (SMALL.parents[1] / "policy" / "several.yaml", "eu-1"),
    "strange": (SMALL.with_name("strange.yaml"), "live"),
    "private": (SMALL.with_name("private.yaml"), "live"),
    "twins": (SMALL.with_name("twins.yaml"), "live"),
}
DRAWN = 12  # cases of each, by seeded dice


@pytest.mark.parametrize("name", ODD)
def test_a_policy_of_odd_facets_is_valid_and_proven(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Its own estate passes under every rule, also those that it switches off, and so do some cases of its drill."""
    policy, env = ODD[name]
    assert mzaudit(["policy", "validate", str(policy)]) == exit_codes.PASSED, capfd.readouterr().err
    with drill(DrillPlan(load(policy, vocabulary()), env, audit, GUARDS)) as running:
        found = running.conforming(everywhere=True)
        wrong = [one for one in found if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
        assert [(one.rule, one.subject.name, one.note, one.gaps) for one in wrong] == []
        outcomes = [running.outcome(n) for n in random.Random(name).sample(range(len(running.cases)), DRAWN)]
    assert drill_text.slipped(outcomes) + drill_text.false_alarms(outcomes) == ()


def test_workers_say_what_one_process_says(whole: Drill) -> None:
    numbers = range(1, 4 * 32, 4)
    outcomes = list(run(small(audit), numbers, jobs=2))
    by_name = {(found.place, found.what): found for found in outcomes}
    expected = [whole.conforms(everywhere=False), *map(whole.outcome, numbers)]
    assert len(by_name) == len(outcomes) == len(expected)
    assert drill_text.slipped(outcomes) + drill_text.false_alarms(outcomes) == ()
    assert by_name == {(found.place, found.what): found for found in expected}


def test_the_command_drills_what_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    assert mzaudit(["drill", "--policy", str(SMALL), "--only", "SESSION_KEY: missing"]) == exit_codes.PASSED
    said = capfd.readouterr().out
    assert "live: 1 deviation, 1 caught (100 %), 0 slipped" in said


REMOVED = {
    "KV-003": "vaults.main.secrets.SESSION_KEY: missing",
    "APP-006": "services.web.app: app stopped",
    "SQL-001": "servers.main.databases.orders: database deleted",
}


def outcome(running: Drill, name: str) -> DrillOutcome:
    """What becomes of one case."""
    return running.outcome(next(n for n, case in enumerate(running.cases) if case.name == name))


@pytest.mark.parametrize("code", REMOVED)
def test_without_a_rule_its_deviation_slips(code: str, whole: Drill) -> None:
    assert drill_text.slipped([outcome(whole, REMOVED[code])]) == ()
    with drill(small(functools.partial(audit, without=(code,)))) as lamed:
        missed = outcome(lamed, REMOVED[code])
        assert drill_text.slipped([missed]) == (missed,)
        assert "SLIPPED" in drill_text.render([missed], "live")


def test_what_is_switched_off_is_tried_and_said(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(SMALL.read_text() + "rules: {KV-003: {off: filled by hand}}\n")
    with drill(DrillPlan(load(policy, vocabulary()), "live", audit, GUARDS)) as running:
        unguarded = outcome(running, REMOVED["KV-003"])
    assert (drill_text.slipped([unguarded]), unguarded.answering, unguarded.quiet) == ((), (), True)
    said = drill_text.render([unguarded], "live")
    assert "SWITCHED OFF vaults.main.secrets.SESSION_KEY: missing (KV-003)" in said
    assert "0 caught (0 %), 0 slipped\n1 deviation would be caught by rules that the policy switches off" in said


def test_a_deviation_says_who_caught_it(whole: Drill) -> None:
    caught = outcome(whole, "vaults.main.secrets.SESSION_KEY: missing")
    assert {one.rule for one in caught.answering} == {"KV-003"}
    assert drill_text.render([caught], "live").splitlines()[1].split()[-4:] == ["1", "1", "0", "KV-003"]


def test_the_conforming_estate_is_silent(whole: Drill) -> None:
    assert whole.conforming(everywhere=False)
    assert whole.conforms(everywhere=False).quiet


def test_a_name_that_nothing_has_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert mzaudit(["drill", "--policy", str(SMALL), "--only", "no such thing"]) == exit_codes.USAGE
    assert "none of" in capfd.readouterr().err


HARMLESS = {
    "a reader whose role is documented too": ("facets", "vaults.main.readers.0", 0),
    "apps of another environment that read what both have": ("several", "environments.pre-prod", 2),
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_not_harmless_is_no_variation(case: str) -> None:
    """A role that the policy asks for is held; who reads what environments share is an app that is there."""
    name, place, count = HARMLESS[case]
    policy, env = ODD[name]
    with drill(DrillPlan(load(policy, vocabulary()), env, audit, GUARDS)) as running:
        numbers = [n for n, one in enumerate(running.cases) if one.place == place and not one.demands]
        assert len(numbers) >= count
        assert drill_text.false_alarms([running.outcome(number) for number in numbers]) == ()


def test_a_role_that_owns_blobs_and_an_account_of_its_own_are_proven() -> None:
    """An account is a container's, and may be a resource too; either rule tells that it is gone."""
    policy, env = ODD["private"]
    with drill(DrillPlan(load(policy, vocabulary()), env, audit, GUARDS)) as running:
        numbers = [n for n, one in enumerate(running.cases) if one.name.endswith((": gone", " instead"))]
        numbers = [
            n for n in numbers if running.cases[n].place.startswith(("resources.account", "services.web.storage"))
        ]
        assert len(numbers) > 3
        assert drill_text.slipped([running.outcome(number) for number in numbers]) == ()


def test_repositories_of_one_name_and_plans_of_each_environment_are_proven() -> None:
    policy, env = ODD["twins"]
    told = ("image of ", "plans made alike")
    with drill(DrillPlan(load(policy, vocabulary()), env, audit, GUARDS)) as running:
        numbers = [n for n, one in enumerate(running.cases) if one.demands and any(each in one.name for each in told)]
        assert len(numbers) >= len(told)
        assert drill_text.slipped([running.outcome(number) for number in numbers]) == ()
