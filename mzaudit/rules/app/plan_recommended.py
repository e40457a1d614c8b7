"""APP-004: production runs on the recommended plan."""

from mzaudit.audit import Evidence, Fail, NotApplicable, Pass, Severity, Verdict, rule
from mzaudit.audit.plans import plan_of, resize, unknown_sku
from mzaudit.audit.subjects import each_service
from mzaudit.policy.skus import BASIC, sku
from mzaudit.policy.wanted import WantedService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "APP-004",
    title="Production runs on the recommended plan",
    severity=Severity.LOW,
    over=each_service,
    requires=("APP-001",),
    explained_by=("APP-003",),
)
def plan_recommended(want: WantedService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    In production, the plan's SKU has at least the cores and at least the memory of the recommended one (P2v3: 4 cores,
    16 GiB) and is not Basic. P2mv3, P3v3, P2v4 and I2v2 are enough; P1mv3 has the memory and not the cores. A refused
    SKU fails; one that no table lists is inconclusive. Other environments are not asked.

    ## Why it matters
    Basic plans have no deployment slots and no autoscale, and smaller ones leave production no head-room.

    ## Remediation
    Scale production's plan up to the recommended SKU.

    ## References
    - https://learn.microsoft.com/azure/app-service/overview-hosting-plans
    """
    if not want.production:
        return NotApplicable(f"{want.env} is not production.")
    plan = plan_of(want, seen)
    recommended = sku(want.plans.recommended)
    if recommended is None:
        raise unknown_sku(plan.id, want.plans.recommended, "the policy recommends a SKU that no table lists")
    size = sku(plan.sku)
    refused = plan.sku.casefold() in {name.casefold() for name in want.plans.refused}
    if size is None and not refused:
        raise unknown_sku(plan.id, plan.sku)
    evidence = Evidence(f"{plan.id}/sku/name", f"at least {recommended.name}, not Basic", plan.sku)
    if size is not None and not refused and size.family != BASIC and size.at_least(recommended):
        return Pass((evidence,))
    return Fail(
        (evidence,),
        f"{want.app} runs in production on {plan.name}, whose SKU {plan.sku} is below the recommended "
        f"{recommended.name}.",
        f"Scale the plan to {recommended.name}.",
        resize(plan.id, recommended.name),
    )
