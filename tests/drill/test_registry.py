"""Every field of the policy is drilled, or says why not; cases are alike in every process, and each bends something."""

from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import pytest
from pydantic import BaseModel

from mzaudit.drill.deviation_registry import BREAKS, NOTHING_TO_BREAK, Field, breaks, holds_models
from mzaudit.drill.deviations import deviations
from mzaudit.drill.drill_case import DrillContext
from mzaudit.drill.drill_run import DrillPlan, cases_of, ground_of
from mzaudit.drill.policy_estate import estate_of
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.policy.models import Policy, VaultSpec
from mzaudit.policy.shipped_policy import shipped
from mzaudit.policy.strict import Strict
from mzaudit.rules import vocabulary
from mzaudit.simulator import Simulator

HERE = Path(__file__).parent
POLICIES = {
    "shipped": shipped(),
    "small": HERE / "small.yaml",
    "facets": HERE / "facets.yaml",
    "strange": HERE / "strange.yaml",
    "several": HERE.parent / "policy" / "several.yaml",
    "smallest": HERE.parent / "estates" / "smallest",
    "four subscriptions": HERE.parent / "estates" / "four_subscriptions",
    "northwind": HERE.parent / "estates" / "northwind",
}
ENVIRONMENTS = {"shipped": ("dev", "stg", "prd"), "several": ("pre-prod", "eu-1"), "northwind": ("test", "live")}
ENVIRONMENTS |= {
    "strange": ("test", "live", "keys"),
    "small": ("live",),
    "facets": ("live",),
    "smallest": ("live",),
    "four subscriptions": ("prd",),
}
GROUNDS = [(name, env) for name in POLICIES for env in ENVIRONMENTS[name]]


def never(wanted: Desired, simulator: Simulator) -> tuple[()]:
    """No audit: these tests look at cases only."""
    raise AssertionError((wanted, simulator))


def ground(name: str, env: str) -> DrillContext:
    """A policy, bound anew for one of its environments."""
    return ground_of(DrillPlan(load(POLICIES[name], vocabulary()), env, never, {}))


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and everything that its schema refers to."""
    names = {model.__name__, *model.model_json_schema().get("$defs", {})}
    known: dict[str, type[BaseModel]] = {}
    left = list(Strict.__subclasses__())
    while left:
        one = left.pop()
        known[one.__name__] = one
        left += one.__subclasses__()
    return {known[name] for name in names if name in known}


FIELDS = sorted(
    ((model, field) for model in models(Policy) for field in model.model_fields),
    key=lambda field: (field[0].__name__, field[1]),
)


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field[0].__name__}.{field[1]}")
def test_a_field_is_drilled_or_says_why_not(field: Field) -> None:
    claims = [field in BREAKS, field in NOTHING_TO_BREAK]
    parts = holds_models(field) and not any(claims)
    assert parts or sum(claims) == 1, f"{field[0].__name__}.{field[1]}: a generator or a reason is missing"


def test_no_reason_is_left_to_a_field_that_is_gone() -> None:
    assert {*BREAKS, *NOTHING_TO_BREAK} <= set(FIELDS)


def test_a_generator_for_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="VaultSpec has no field colour"):
        breaks(VaultSpec, "colour")


@pytest.mark.parametrize(("name", "env"), GROUNDS)
def test_cases_are_the_same_in_every_process(name: str, env: str) -> None:
    cases = cases_of(ground(name, env))
    assert [case.name for case in cases] == [case.name for case in cases_of(ground(name, env))]
    assert [name for name, count in Counter(case.name for case in cases).items() if count > 1] == []


@pytest.mark.parametrize(("name", "env"), GROUNDS)
def test_every_case_bends_the_estate(name: str, env: str) -> None:
    """Order alone is no difference between two mappings; every other case changes the estate, and not by a role that is
    held already, which Azure refuses to give."""
    drilled = ground(name, env)
    straight = pickle.dumps(estate_of(drilled.wanted))
    before = vars(pickle.loads(straight))
    silent = []
    for case in cases_of(drilled):
        estate = pickle.loads(straight)
        case.mutate(estate)
        assigned = [str(one["id"]) for one in estate.role_assignments]
        given_again = len(assigned) > len(set(assigned))
        if given_again or (vars(estate) == before and "order" not in case.place):
            silent.append(case.name)
    assert silent == []


def test_the_shipped_policy_gives_enough_to_drill() -> None:
    drilled = ground("shipped", "prd")
    found = deviations(drilled)
    assert len(found) >= 300
    assert len(cases_of(drilled)) - len(found) >= 100
