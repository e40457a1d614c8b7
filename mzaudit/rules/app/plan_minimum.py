"""APP-003: the plan is at least the documented minimum of its family."""

from mzaudit.engine import Aspect, Evidence, Fail, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService
from mzaudit.policy.skus import family_of, sku
from mzaudit.rules.app._app_plan import each_sized_service, not_documented, plan_of, resize, size_of, without_plan
from mzaudit.snapshot.estate import Snapshot


@rule(
    "APP-003",
    title="The plan meets the minimum",
    severity=Severity.HIGH,
    over=each_sized_service,
    bears_on=Aspect.PLAN,
    guards=(Demand.PLAN_MINIMUM,),
    requires=("APP-001",),
)
def plan_minimum(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The SKU of the app's plan has at least the cores and the memory of the policy's minimum for its family (Basic B2,
    PremiumV3 P1v3, Functions Premium EP1, Flex Consumption FC1, …). SKUs that the policy refuses (F1, D1, Y1, P0v3, …)
    fail. Families are not compared with each other: a P0v3 has fewer cores and more memory than a B2. Inconclusive
    where the policy has no minimum for the family, or where neither the policy (`plans.sizes`) nor mzaudit knows the
    size of the SKU; the finding names the line to add. Not applicable to a function app in Azure Container Apps, which
    runs on no plan.

    ## Why it matters
    Below the minimum an app runs out of memory or CPU, is unloaded when idle, or shares its cores with other tenants.

    ## Remediation
    Scale the plan up to at least the minimum of its family.

    ## References
    - https://learn.microsoft.com/azure/app-service/overview-hosting-plans
    - https://learn.microsoft.com/azure/app-service/manage-scale-up
    """
    elsewhere = without_plan(want, seen)
    if elsewhere is not None:
        return elsewhere
    plan = plan_of(want, seen)
    at = f"{plan.id}/sku/name"
    if plan.sku.casefold() in {name.casefold() for name in want.plans.refused}:
        enough = want.plans.recommended or next(iter(want.plans.minimum.values()), None)
        return Fail(
            (Evidence(at, f"not one of {', '.join(want.plans.refused)}", plan.sku),),
            f"{want.app} runs on {plan.name}, whose SKU {plan.sku} the documentation does not allow.",
            f"Scale the plan to {enough or 'an allowed SKU'}.",
            resize(plan.id, enough or "PLAN_SKU"),
        )
    if not want.plans.minimum:
        return Pass((Evidence(at, f"not one of {', '.join(want.plans.refused)}", plan.sku),))
    minimums = {family.casefold(): name for family, name in want.plans.minimum.items()}
    minimum = minimums.get((family_of(plan.sku) or "").casefold())
    if minimum is not None and minimum.casefold() == plan.sku.casefold():
        return Pass((Evidence(at, f"at least {minimum}", plan.sku),))
    size = size_of(want, plan)
    least = None if minimum is None else sku(minimum, want.plans.sizes)
    if least is None:
        wanted = f"the policy has no minimum for the family {size.family}: add `{size.family}: SKU` to plans.minimum"
        raise not_documented(want, plan, wanted)
    if size.at_least(least):
        return Pass((Evidence(at, f"at least {least.name}", plan.sku),))
    return Fail(
        (Evidence(at, f"at least {least.name}", plan.sku),),
        f"{want.app} runs on {plan.name}, whose SKU {plan.sku} is below the minimum {least.name}.",
        f"Scale the plan to {least.name}.",
        resize(plan.id, least.name),
    )
