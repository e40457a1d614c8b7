"""APP-004, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules import load
from mzaudit.rules.app.plan_recommended import plan_recommended
from tests.built_estate import Bend, ask, findings, gap, plan, said, service, site, site_properties

CLOUD = service("cloud")

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "in capitals": ((plan(CLOUD, "P2V3"),), Pass, ""),
    "more memory": ((plan(CLOUD, "P2mv3"),), Pass, ""),
    "the next version": ((plan(CLOUD, "P2v4"),), Pass, ""),
    "Isolated": ((plan(CLOUD, "I2v2"),), Pass, ""),
    "the memory and not the cores": ((plan(CLOUD, "P1mv3"),), Fail, "P1mv3 is below the recommended P2v3"),
    "the minimum": ((plan(CLOUD, "P1v3"),), Fail, "below the recommended"),
    "the cores and not the memory": ((plan(CLOUD, "P3v2"),), Fail, "below the recommended"),
    "Isolated, memory-optimised": ((plan(CLOUD, "I2mv2"),), Pass, ""),
    "Isolated, version 4": ((plan(CLOUD, "I2v4"),), Pass, ""),
    "old Isolated": ((plan(CLOUD, "I3"),), Fail, "I3 is below the recommended"),
    "Basic": ((plan(CLOUD, "B3"),), Fail, "below the recommended"),
    "refused": ((plan(CLOUD, "EP3"),), Fail, "below the recommended"),
    "old Premium, whose size is not known": ((plan(CLOUD, "P3"),), Inconclusive, "the size of P3 is not known"),
    "a SKU of tomorrow": ((plan(CLOUD, "P9v9"),), Inconclusive, "the size of P9v9 is not known"),
    "in Container Apps, on no plan": (
        (site_properties(CLOUD, plan_id=None, managed_environment="cae-monozu"),),
        NotApplicable,
        "runs on no plan",
    ),
    "the app refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_plan_recommended(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(plan_recommended, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_other_environments_are_not_asked() -> None:
    verdict = ask(plan_recommended, "cloud", plan(service("cloud", "stg"), "B2"), env="stg")
    assert isinstance(verdict, NotApplicable)
    assert said(verdict) == "stg is not production."


def test_a_plan_below_the_minimum_is_one_finding() -> None:
    mine = [f for f in findings(load(), plan(CLOUD, "B1")) if f.rule == "APP-004"]
    assert {f.status.value for f in mine} == {"not-applicable"}
    assert "APP-003 cloud" in {str(f.cause) for f in mine}
