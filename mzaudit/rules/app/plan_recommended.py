"""APP-004: production runs on the recommended plan."""

from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService
from mzaudit.policy.skus import BASIC, FUNCTIONS, family_of, sku
from mzaudit.rules.app._app_plan import each_recommended_service, not_documented, plan_of, resize, size_of, without_plan
from mzaudit.snapshot.estate import Snapshot


@rule(
    "APP-004",
    title="Production runs on a recommended plan",
    severity=Severity.LOW,
    over=each_recommended_service,
    bears_on=Aspect.PLAN,
    guards=(Demand.PLAN_RECOMMENDED,),
    requires=("APP-001",),
    explained_by=("APP-003",),
)
def plan_recommended(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    In production, the plan's SKU has at least the cores and at least the memory of the recommended one (P2v3: 4 cores,
    16 GiB) and is not Basic. P2mv3, P3v3, P2v4 and I2v2 are enough; P1mv3 has enough memory and too few cores. A
    refused SKU fails; one whose size neither the policy (`plans.sizes`) nor mzaudit knows is inconclusive. Not
    applicable to other environments, and to function apps on a plan of their own (EP, FC, Y), for which there is a
    minimum (APP-003), or on none (Azure Container Apps).

    ## Why it matters
    Basic plans have no deployment slots and no autoscale, and smaller ones leave production no headroom.

    ## Remediation
    Scale production's plan up to the recommended SKU.

    ## References
    - https://learn.microsoft.com/azure/app-service/overview-hosting-plans
    """
    if not want.production:
        return NotApplicable(f"{want.env} is not production.")
    elsewhere = without_plan(want, seen)
    if elsewhere is not None:
        return elsewhere
    plan = plan_of(want, seen)
    if want.function and family_of(plan.sku) in FUNCTIONS:
        return NotApplicable(
            f"{want.app} is on {plan.sku}, a plan for function apps only; none of these is recommended."
        )
    recommended = sku(want.plans.recommended or "", want.plans.sizes)
    if recommended is None:
        wanted = f"the size of {want.plans.recommended} is not known: add it to plans.sizes"
        raise not_documented(want, plan, wanted)
    refused = plan.sku.casefold() in {name.casefold() for name in want.plans.refused}
    evidence = Evidence(f"{plan.id}/sku/name", f"at least {recommended.name}, not Basic", plan.sku)
    if not refused:
        size = size_of(want, plan)
        if size.family != BASIC and size.at_least(recommended):
            return Pass((evidence,))
    return Fail(
        (evidence,),
        f"{want.app} runs in production on {plan.name}, whose SKU {plan.sku} is below the recommended "
        f"{recommended.name}.",
        f"Scale the plan to {recommended.name}.",
        resize(plan.id, recommended.name),
    )
