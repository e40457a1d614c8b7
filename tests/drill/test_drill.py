"""The drill over the wire: the shipped policy and a small one of another kind, and what a missing rule does to them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from mzaudit.cli import exits
from mzaudit.cli import run as mzaudit
from mzaudit.cli.drill import audit
from mzaudit.drill import page
from mzaudit.drill.run import Audit, Drill, Outcome, Plan, cases_of, conforms, drill, ground_of, run
from mzaudit.policy.load import load
from mzaudit.policy.packaged import shipped
from mzaudit.rules import vocabulary

SMALL = Path(__file__).parent / "small.yaml"


def small(judged: Audit) -> Plan:
    """The small policy's only environment."""
    return Plan(load(SMALL, vocabulary()), "live", judged)


def test_the_shipped_policy_is_proven() -> None:
    plan = Plan(load(shipped(), vocabulary()), "prd", audit)
    cases = cases_of(ground_of(plan))
    assert sum(bool(case.requirements) for case in cases) >= 300
    assert sum(not case.requirements for case in cases) >= 100
    outcomes = list(run(plan, range(len(cases)), jobs=2))
    assert len(outcomes) == len(cases)
    assert page.slipped(outcomes) + page.false_alarms(outcomes) == ()


def test_a_small_policy_of_another_kind_is_proven() -> None:
    """Every fourth case, to keep the suite short; the command drills them all."""
    plan = small(audit)
    outcomes = list(run(plan, range(0, len(cases_of(ground_of(plan))), 4), jobs=2))
    assert len(outcomes) > 70
    assert page.slipped(outcomes) + page.false_alarms(outcomes) == ()


def test_the_command_drills_what_is_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    assert mzaudit(["drill", "--policy", str(SMALL), "--only", "SESSION_KEY: missing"]) == exits.PASSED
    said = capfd.readouterr().out
    assert "live: 1 deviation, 1 caught (100 %), 0 slipped" in said


REMOVED = {
    "KV-003": "vaults.main.secrets.SESSION_KEY: missing",
    "APP-006": "services.web.app: app stopped",
    "SQL-001": "sql.databases.orders: database deleted",
}


@pytest.fixture(scope="module")
def whole() -> Iterator[Drill]:
    """The small policy under every rule."""
    with drill(small(audit)) as running:
        yield running


def outcome(running: Drill, name: str) -> Outcome:
    """What becomes of one case."""
    return running.outcome(next(n for n, case in enumerate(running.cases) if case.name == name))


@pytest.mark.parametrize("code", REMOVED)
def test_without_a_rule_its_deviation_slips(code: str, whole: Drill) -> None:
    assert page.slipped([outcome(whole, REMOVED[code])]) == ()
    with drill(small(functools.partial(audit, without=(code,)))) as lamed:
        missed = outcome(lamed, REMOVED[code])
        assert page.slipped([missed]) == (missed,)
        assert "SLIPPED" in page.render([missed], "live")


def test_a_deviation_says_who_caught_it(whole: Drill) -> None:
    caught = outcome(whole, "vaults.main.secrets.SESSION_KEY: missing")
    assert {one.rule for one in caught.answering} == {"KV-003"}
    assert page.render([caught], "live").splitlines()[1].split() == ["DOC-16", "1", "1", "0", "KV-003"]


def test_the_conforming_estate_is_silent(whole: Drill) -> None:
    assert whole.conforming(everywhere=False)
    assert conforms(small(audit), everywhere=False).quiet


def test_a_name_that_nothing_has_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    assert mzaudit(["drill", "--policy", str(SMALL), "--only", "no such thing"]) == exits.USAGE
    assert "none of" in capfd.readouterr().err
