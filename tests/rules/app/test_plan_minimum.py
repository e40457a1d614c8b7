"""APP-003, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.audit import Fail, Inconclusive, Pass
from mzaudit.rules.app.plan_minimum import plan_minimum
from mzaudit.snapshot.observed import Gap, Observed
from mzaudit.snapshot.web import Plan
from tests.estate import Bend, ask, gap, plan, said, service, site, site_properties

CLOUD = service("cloud")


def plans(facet: Observed[Plan | None] | Gap) -> Bend:
    return lambda seen: replace(seen, plans=dict.fromkeys(seen.plans, facet))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "Basic, the minimum": ((plan(CLOUD, "B2"),), Pass, ""),
    "Basic, larger": ((plan(CLOUD, "B3"),), Pass, ""),
    "Basic, too small": ((plan(CLOUD, "B1"),), Fail, "SKU B1 is below the minimum B2"),
    "Standard, the minimum": ((plan(CLOUD, "S2"),), Pass, ""),
    "Standard, too small": ((plan(CLOUD, "S1"),), Fail, "below the minimum S2"),
    "PremiumV2, too small": ((plan(CLOUD, "P1v2"),), Fail, "below the minimum P2v2"),
    "PremiumV3, the minimum": ((plan(CLOUD, "P1v3"),), Pass, ""),
    "in capitals": ((plan(CLOUD, "P1V3"),), Pass, ""),
    "memory-optimised": ((plan(CLOUD, "P1mv3"),), Pass, ""),
    "PremiumV4": ((plan(CLOUD, "P1v4"),), Pass, ""),
    "Isolated": ((plan(CLOUD, "I1v2"),), Pass, ""),
    "more memory than B2 and refused": ((plan(CLOUD, "P0v3"),), Fail, "P0v3 the documentation does not allow"),
    "free": ((plan(CLOUD, "f1"),), Fail, "does not allow"),
    "consumption": ((plan(CLOUD, "Y1"),), Fail, "does not allow"),
    "a SKU of tomorrow": ((plan(CLOUD, "P1v9"),), Inconclusive, "SKU P1v9"),
    "a tier is no SKU": ((plan(CLOUD, "PremiumV3"),), Inconclusive, "SKU PremiumV3"),
    "Azure silent on the SKU": ((plan(CLOUD, None),), Inconclusive, "sku.name"),
    "Azure silent on the plan": ((site_properties(CLOUD, plan_id=None),), Inconclusive, "serverFarmId"),
    "the plan refused": ((plans(gap()),), Inconclusive, "forbidden"),
    "the plan answered 404": ((plans(Observed(None)),), Inconclusive, "404"),
    "the app refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_plan_minimum(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(plan_minimum, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
