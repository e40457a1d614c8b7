"""Which bodies the drill can make: one with which each expectation holds, and one with which it does not."""

from __future__ import annotations

from typing import Any

import pytest

from mzaudit.drill.expected_bodies import broken, holds, satisfy, unmade
from mzaudit.policy.resources.expected_body import ExpectedBody, ExpectedFact
from mzaudit.policy.resources.resource_models import Condition
from mzaudit.simulator import Estate
from mzaudit.simulator.estates.simulated_estate import SimulatedPrincipal

ID = "/subscriptions/11111111-0000-4000-8000-000000000000/resourceGroups/rg/providers/Microsoft.Odd/things/one"
Expected = list[tuple[str, dict[str, Any]]]  # Any: the values of operators

MADE: dict[str, Expected] = {
    "what is enabled": [("properties.logs[?enabled].category", {"contains": "Http"})],
    "two of a list": [
        ("properties.logs[?enabled].category", {"contains": "Http"}),
        ("properties.logs[?enabled].category", {"contains": "Audit"}),
        ("zones", {"contains": "1"}),
        ("zones", {"contains": "2"}),
    ],
    "how many are let through": [("length(properties.ends[?properties.status=='Up'])", {"at_least": 3})],
    "the first of a name": [
        ("properties.rules[?name=='a'].level | [0]", {"equal": "high"}),
        ("properties.rules[?name=='b'] | [0].level", {"equal": "low"}),
        ("properties.rules[?name=='b' && on].days | [0]", {"at_least": 90}),
    ],
    "each of a list": [("properties.parts[*].tier", {"equal": ("Hot", "Cool")})],
    "none is let through": [("properties.rules[?access=='Allow']", {"absent": True})],
    "one within a list": [("properties.template.containers[0].env[?name=='A'].value | [0]", {"matches": "x-*"})],
}


def body_of(expected: Expected) -> ExpectedBody:
    facts = tuple(ExpectedFact(expression, Condition.model_validate(told), "p:1") for expression, told in expected)
    return ExpectedBody("live", "one", ID, ID, "", facts, True, {}, "p:1")


@pytest.mark.parametrize("case", MADE)
def test_each_is_made_and_broken(case: str) -> None:
    wanted = body_of(MADE[case])
    estate = Estate("t", ("11111111-0000-4000-8000-000000000000",), SimulatedPrincipal("a", "b", "c", "d"))
    satisfy(estate, wanted)
    made = estate.resource(ID)
    assert [fact.expression for fact in wanted.facts if not holds(wanted, fact, made)] == []
    assert unmade(wanted) == ()
    for fact in wanted.facts:
        assert [value for value, change in broken(wanted, fact) if holds(wanted, fact, change(made))] == []


def test_what_cannot_be_made_is_named() -> None:
    wanted = body_of([("properties.a[?n>`1`].b", {"contains": "x"}), ("[?on].b", {"contains": "x"})])
    assert unmade(wanted) == wanted.facts
