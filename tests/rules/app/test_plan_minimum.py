"""APP-003, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.engine.az_cli import placeholders
from mzaudit.engine.evaluate import verdict_of
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.models import PlanSize
from mzaudit.rules.app.plan_minimum import plan_minimum
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.web import Plan
from tests.built_estate import SUBSCRIPTION, Bend, ask, bent, gap, plan, said, service, site, site_properties, wanted

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
    "old Premium, whose size is not known": ((plan(CLOUD, "P2"),), Inconclusive, "the size of P2 is not known"),
    "old Isolated": ((plan(CLOUD, "I2"),), Inconclusive, "has no minimum for the family I"),
    "a family without a minimum": (
        (plan(CLOUD, "I1mv2"),),
        Inconclusive,
        "has no minimum for the family Imv2: add `Imv2: SKU` to plans.minimum",
    ),
    "a SKU of tomorrow": (
        (plan(CLOUD, "P1v9"),),
        Inconclusive,
        "the size of P1v9 is not known: add `P1v9: {cores: …, memory_gib: …}` to plans.sizes",
    ),
    "a tier is no SKU": ((plan(CLOUD, "PremiumV3"),), Inconclusive, "the family of PremiumV3 is not known"),
    "Azure silent on the SKU": ((plan(CLOUD, None),), Inconclusive, "sku.name"),
    "Azure silent on the plan": ((site_properties(CLOUD, plan_id=None),), Inconclusive, "serverFarmId"),
    "in Container Apps, on no plan": (
        (site_properties(CLOUD, plan_id=None, managed_environment=f"{SUBSCRIPTION}/managedEnvironments/cae-monozu"),),
        NotApplicable,
        "runs on no plan, but in the Container Apps environment cae-monozu",
    ),
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


def test_a_refused_plan_without_a_minimum_asks_for_the_sku() -> None:
    want = replace(CLOUD, plans=replace(CLOUD.plans, minimum={}, recommended=None, refused=("F1",)))
    verdict = plan_minimum.check(want, bent(plan(CLOUD, "F1")))
    assert isinstance(verdict, Fail)
    assert verdict.remediation == "Scale the plan to an allowed SKU."
    assert verdict.fix is not None
    assert [placeholders(command) for command in verdict.fix.commands] == [("PLAN_SKU",)]


def given(size: str | None, **minimum: str) -> Desired:
    """The shipped policy with a size for FC1, and with further minimums."""
    bound = wanted()
    sizes = {} if size is None else {"FC1": PlanSize.model_validate_json(size)}
    plans = bound.policy.plans.model_copy(update={"refused": (), "sizes": sizes})
    plans = plans.model_copy(update={"minimum": plans.minimum | minimum})
    return bind(
        bound.policy.model_copy(update={"plans": plans}),
        bound.where,
        bound.asked,
        dict.fromkeys(bound.environments, SUBSCRIPTION),
    )


POLICIES: dict[str, tuple[Desired, str, type, str]] = {
    "a minimum for the family": (given(None, Imv2="I1mv2"), "I1mv2", Pass, ""),
    "below it": (given(None, Imv2="I2mv2"), "I1mv2", Fail, "below the minimum I2mv2"),
    "functions": (given(None, EP="EP2"), "EP1", Fail, "below the minimum EP2"),
    "the only one of its family": (given(None, FC="FC1"), "FC1", Pass, ""),
    "no size": (given(None, FC="FC1"), "FC2", Inconclusive, "the size of FC2 is not known"),
    "a size and no minimum": (
        given('{"cores": 1, "memory_gib": 2}'),
        "FC1",
        Inconclusive,
        "no minimum for the family FC",
    ),
    "a size and a minimum": (given('{"cores": 1, "memory_gib": 2}', FC="FC1"), "fc1", Pass, ""),
}


@pytest.mark.parametrize("case", POLICIES)
def test_what_the_policy_gives_counts(case: str) -> None:
    bound, size, kind, words = POLICIES[case]
    subject = next(s for s in plan_minimum.over(bound, bound.environments["prd"]) if s.name == "cloud")
    verdict = verdict_of(plan_minimum, subject, bent(plan(CLOUD, size)))
    assert type(verdict) is kind
    assert words in said(verdict)


def test_the_remark_names_the_policys_line() -> None:
    verdict = ask(plan_minimum, "cloud", plan(CLOUD, "I1mv2"))
    assert isinstance(verdict, Inconclusive)
    (doubt,) = verdict.gaps
    assert doubt.reason is GapReason.UNDECIDED
    assert doubt.detail.endswith(f"({wanted().where('plans')})")


# The family's minimum; the plan's SKU.
FUNCTIONS: dict[str, tuple[str, str, type]] = {
    "Functions Premium": ("EP1", "EP1", Pass),
    "a larger Functions Premium": ("EP1", "EP2", Pass),
    "a smaller Functions Premium": ("EP2", "EP1", Fail),
    "Flex Consumption": ("FC1", "FC1", Pass),
    "Consumption": ("Y1", "y1", Pass),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_plans_for_function_apps_have_a_minimum(case: str) -> None:
    least, running, kind = FUNCTIONS[case]
    family = least.rstrip("0123456789")
    want = replace(CLOUD, function=True, plans=replace(CLOUD.plans, minimum={family: least}, refused=()))
    assert type(plan_minimum.check(want, bent(plan(CLOUD, running)))) is kind
