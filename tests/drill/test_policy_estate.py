"""What the product builds of a policy, beside the same estate written by hand."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from mzaudit.cli.commands.drill import audit
from mzaudit.drill import ESTATES
from mzaudit.drill.drifted_estate import SPREAD, chosen, drift
from mzaudit.drill.drill_case import DrillContext
from mzaudit.drill.drill_run import cases_of
from mzaudit.drill.policy_estate import estate_of, plan_of
from mzaudit.drill.simulated_estates import bound, build
from mzaudit.engine.results import Status
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from mzaudit.simulator import serve
from tests.documented_estate import DOCUMENTED

LOADED = load(shipped(), vocabulary())


def test_the_shipped_policys_estate_is_planned_as_by_hand() -> None:
    assert plan_of(bound(LOADED, "prd")) == DOCUMENTED


def test_a_name_that_no_estate_has_is_refused() -> None:
    with pytest.raises(ValueError, match="compliant, drifted, blind, empty"):
        build("other", LOADED)
    assert all(build(name, LOADED).auditor for name in ESTATES)


def test_every_kind_of_the_spread_is_a_deviation() -> None:
    """Of the shipped policy, or of the small one, which documents other resources as well."""
    small = load(Path(__file__).parent / "small.yaml", vocabulary())
    grounds = [DrillContext.of(bound(LOADED, "prd")), DrillContext.of(bound(small, "live"))]
    names = [case.name for ground in grounds for case in cases_of(ground) if case.demands]
    assert [pattern for pattern, _ in SPREAD if not any(pattern.search(name) for name in names)] == []


def test_the_drifted_estate_is_one_violation_a_deviation_or_little_more() -> None:
    """At its cause, in every area of rules, of every severity."""
    wanted = bound(LOADED, "prd")
    estate = estate_of(wanted)
    cases = drift(estate, DrillContext.of(wanted))
    assert cases == tuple(chosen(cases))
    assert len(cases) == len([pattern for pattern, _ in SPREAD if "resources" not in pattern.pattern])
    with serve(estate) as simulator:
        found = audit(wanted, simulator)
    failed = [one for one in found if one.status is Status.FAIL]
    assert [(one.rule, one.gaps) for one in found if one.status is Status.INCONCLUSIVE] == []
    assert len(cases) <= len(failed) <= len(cases) + 3, [(one.rule, one.subject.name) for one in failed]
    assert {one.rule.partition("-")[0] for one in failed} == {
        one.rule.partition("-")[0] for one in found if one.status is not Status.NOT_APPLICABLE
    } - {"ENV"}
    assert [one for one in found if one.status is Status.NOT_APPLICABLE and one.note]


STRANGE = load(Path(__file__).parent / "strange.yaml", vocabulary())


def test_strange_estates_conform() -> None:
    """Roles of the tenant's own count, on containers and on resources; a subscription of resources alone is seen."""
    wanted = bound(STRANGE, "live")
    with serve(estate_of(wanted, slots=True)) as simulator:
        found = audit(wanted, simulator)
        simulator.estate.remove(next(one.id for one in wanted.environments["live"].expected if one.key == "wall"))
        gone = audit(wanted, simulator)
    wrong = [one for one in found if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    assert [(one.rule, one.subject.name, one.note, one.gaps) for one in wrong] == []
    assert [one.status for one in gone if one.rule == "RES-001" and one.subject.name == "wall"] == [Status.FAIL]
    assert [one.status for one in found if one.rule == "KV-006"] == [Status.PASS]
    assert {one.subject.name for one in found if one.rule == "RBAC-008" and one.status is Status.PASS} == {
        "api/cache/Strange Cache Operator",
        "api/files/Storage Queue Data Reader",
        "api/relay/Azure Relay Sender",
    }


def test_an_estate_behind_private_endpoints_conforms() -> None:
    """Who audits it is inside its network; a slot that the policy documents is an app of the estate."""
    wanted = bound(load(Path(__file__).parent / "private.yaml", vocabulary()), "live")
    with serve(estate_of(wanted)) as simulator:
        found = audit(wanted, simulator)
        simulator.estate.private_links.clear()
        outside = audit(wanted, simulator)
    wrong = [one for one in found if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    assert [(one.rule, one.subject.name, one.note, one.gaps) for one in wrong] == []
    assert {gap.reason.value for one in outside for gap in one.gaps} == {"private-only", "firewall"}


def test_what_environments_share_is_held_by_slots_of_each() -> None:
    """A slot of the production app holds what the app holds, on what both environments have; so does a pipeline."""
    wanted = bound(STRANGE, "test")
    with serve(estate_of(wanted, slots=True)) as simulator:
        found = audit(wanted, simulator)
    wrong = [one for one in found if one.status in (Status.FAIL, Status.INCONCLUSIVE)]
    assert [(one.rule, one.subject.name, one.note) for one in wrong] == []


@pytest.mark.parametrize("env", STRANGE.policy.environments)
def test_every_case_of_a_strange_estate_can_be_made(env: str) -> None:
    """An environment without services and an app without an identity have fewer cases, not broken ones."""
    wanted = bound(STRANGE, env)
    ground = DrillContext.of(wanted)
    estate = pickle.dumps(estate_of(wanted, slots=True))
    cases = cases_of(ground)
    assert cases
    for case in cases:
        case.mutate(pickle.loads(estate))
