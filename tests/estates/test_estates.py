"""Three estates that share no habit: the smallest, another company's, and the shipped one with a subscription for each
environment. Every command and every format on each; the simulated services are joined in memory."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mzaudit import __version__, exit_codes, rules
from mzaudit.azure import Connection, Scope, choose, collect
from mzaudit.cli import collection, run
from mzaudit.cli.commands.drill import audit
from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.drill import ESTATES, drill_text
from mzaudit.drill.drill_run import DrillPlan, drill
from mzaudit.drill.simulated_estates import build, subscriptions_of
from mzaudit.engine.results import Report, Status
from mzaudit.engine.rule import guarding
from mzaudit.policy.bind import bind
from mzaudit.policy.loader.load import Loaded, load
from mzaudit.policy.models import Severity
from mzaudit.report import FORMATS, render
from mzaudit.rules import vocabulary
from mzaudit.simulator import Simulator, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.saved import store

HERE = Path(__file__).parent
NAMES = ("smallest", "four_subscriptions", "northwind")
GUARDS = guarding(rules.load())
DRILLED = 10  # cases of an estate, drawn by seeded dice; `mzaudit drill --policy` takes them all


@pytest.fixture(scope="session")
def policy() -> Callable[[str], Loaded]:
    """A policy, read once."""
    return functools.cache(lambda name: load(HERE / name, vocabulary()))


@pytest.fixture(scope="session")
def looked(policy: Callable[[str], Loaded]) -> Callable[[str, str], tuple[Snapshot, Report]]:
    """What a look at all environments of a simulated estate showed, and its report."""

    @functools.cache
    def look(name: str, estate: str) -> tuple[Snapshot, Report]:
        loaded = policy(name)
        wanted = bind(loaded.policy, loaded.where, tuple(loaded.policy.environments), subscriptions_of(loaded.policy))
        with serve(build(estate, loaded)) as simulator:
            seen = read(simulator, scope_of(wanted))
        return seen, judge(loaded, wanted, seen, fail_on=Severity.LOW)

    return look


def read(simulator: Simulator, scope: Scope) -> Snapshot:
    """One look, in memory."""
    environment = simulator.environ()
    connection = replace(Connection.from_environment(environment), session=simulator.session)
    return collection.run_async(
        collect(
            scope,
            choose(environment, connection),
            connection,
            taken=datetime.now(UTC).replace(microsecond=0),
            tool_version=__version__,
            source="simulated",
            timeout=60,
            values=True,
        )
    )


def areas(report: Report, *statuses: Status) -> set[str]:
    """The areas of rules with such a finding about a subject."""
    return {one.rule.partition("-")[0] for one in report.findings if one.status in statuses}


@pytest.mark.parametrize("name", NAMES)
def test_the_policy_is_valid(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "validate", str(HERE / name)]) == exit_codes.PASSED, capfd.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_its_own_estate_passes(name: str, looked: Callable[[str, str], tuple[Snapshot, Report]]) -> None:
    _, report = looked(name, "compliant")
    wrong = [one for one in report.findings if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    assert [(one.rule, one.env, one.subject.name, one.note, one.gaps) for one in wrong] == []


@pytest.mark.parametrize("name", NAMES)
def test_what_has_drifted_is_seen_in_every_area(
    name: str, looked: Callable[[str, str], tuple[Snapshot, Report]]
) -> None:
    _, report = looked(name, "drifted")
    assert [one for one in report.findings if one.status is Status.INCONCLUSIVE] == []
    asked = areas(looked(name, "compliant")[1], Status.PASS) - {"ENV"}
    assert areas(report, Status.FAIL) >= asked


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_concluded_from_what_may_not_be_read(
    name: str, looked: Callable[[str, str], tuple[Snapshot, Report]]
) -> None:
    _, report = looked(name, "blind")
    assert areas(report, Status.FAIL) == set()
    assert {one.rule for one in report.findings if one.status is Status.PASS} <= {
        "APP-001",
        "APP-006",
        "RES-002",
    }  # of apps


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_missed(name: str, looked: Callable[[str, str], tuple[Snapshot, Report]]) -> None:
    _, report = looked(name, "empty")
    assert [one for one in report.findings if one.status is Status.INCONCLUSIVE] == []
    assert {"APP-001", "KV-001"} <= {one.rule for one in report.findings if one.status is Status.FAIL}


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_written(name: str, looked: Callable[[str, str], tuple[Snapshot, Report]]) -> None:
    for estate in ESTATES:
        _, report = looked(name, estate)
        assert [each for each in FORMATS if not render(each, report)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_deviation_slips_and_no_variation_alarms(name: str, policy: Callable[[str], Loaded]) -> None:
    loaded = policy(name)
    for env in list(loaded.policy.environments)[-2:]:
        plan = DrillPlan(loaded, env, audit, GUARDS)
        with drill(plan) as running:
            count = len(running.cases)
            numbers = random.Random(f"{name} {env}").sample(range(count), min(DRILLED, count))
            outcomes = [running.outcome(number) for number in numbers]
        assert drill_text.slipped(outcomes) + drill_text.false_alarms(outcomes) == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_doctor_finds_nothing_missing(
    name: str, policy: Callable[[str], Loaded], capfd: pytest.CaptureFixture[str]
) -> None:
    env = list(policy(name).policy.environments)[-1]
    code = run(["doctor", "--env", env, "--policy", str(HERE / name), "--simulate", "compliant"])
    assert code == exit_codes.PASSED, capfd.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_a_draft_of_its_estate_is_valid_and_passes(
    name: str,
    policy: Callable[[str], Loaded],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    env = list(policy(name).policy.environments)[-1]
    code = run(["adopt", "--env", env, "--policy", str(HERE / name), "--simulate", "compliant"])
    said = capfd.readouterr()
    assert code == exit_codes.PASSED, said.err
    (tmp_path / "draft.yaml").write_text(said.out, "utf-8")
    draft = load(tmp_path / "draft.yaml", vocabulary())
    assert len(draft.policy.services) == len([s for s in policy(name).policy.services.values() if is_there(s, env)])
    wanted = bind(draft.policy, draft.where, (env,), subscriptions_of(draft.policy))
    with serve(build("compliant", policy(name))) as simulator:
        found = audit(wanted, simulator)
    wrong = [one for one in found if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    assert [(one.rule, one.subject.name, one.note) for one in wrong] == [], said.out


def is_there(service: object, env: str) -> bool:
    """Whether a service is in an environment."""
    environments = getattr(service, "environments", None)
    return environments is None or env in environments


@pytest.mark.parametrize("name", NAMES)
def test_saved_snapshots_are_compared_and_judged_by_two_policies(
    name: str,
    looked: Callable[[str, str], tuple[Snapshot, Report]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for estate in ("compliant", "drifted"):
        (tmp_path / f"{estate}.json").write_text(store.dump(looked(name, estate)[0]), "utf-8")
    assert run(["diff", "compliant.json", "drifted.json"]) in (exit_codes.PASSED, exit_codes.VIOLATION)
    assert "drifted" in capfd.readouterr().out
    same = ["--base", str(HERE / name), "--head", str(HERE / name)]
    assert run(["preview", "--snapshot", "drifted.json", *same]) == exit_codes.PASSED
