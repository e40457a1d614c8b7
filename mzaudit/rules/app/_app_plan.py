"""The plan that an app runs on, and how to resize it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit.engine.az_cli import az
from mzaudit.engine.subjects import Subject, each_service
from mzaudit.engine.verdict import Fix, NotApplicable
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import Desired, DesiredEnvironment, DesiredService
from mzaudit.policy.skus import Sku, family_of, sku
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.text.ids import name, segment


def each_sized_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredService]]:
    """Every backend, where the policy says which plans are enough or refused."""
    if wanted.policy.plans.minimum or wanted.policy.plans.refused:
        yield from each_service(wanted, env)


def each_recommended_service(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DesiredService]]:
    """Every backend, where the policy recommends a plan."""
    if wanted.policy.plans.recommended is not None:
        yield from each_service(wanted, env)


@dataclass(frozen=True, slots=True)
class RunningPlan:
    """A plan and its SKU's name as Azure spells it."""

    id: str
    name: str
    sku: str


def without_plan(want: DesiredService, seen: Snapshot) -> NotApplicable | None:
    """Why there is no plan to size: a function app in Azure Container Apps has none."""
    environment = present(seen.site(want.id).properties, f"GET {want.id}").managed_environment
    if environment is None:
        return None
    return NotApplicable(f"{want.app} runs on no plan, but in the Container Apps environment {name(environment)}.")


def plan_of(want: DesiredService, seen: Snapshot) -> RunningPlan:
    """The plan that the app names, wherever it lies; inconclusive where it or its SKU was not seen."""
    site = present(seen.site(want.id).properties, f"GET {want.id}")
    plan_id = require_field(site.plan_id, f"GET {want.id}", "properties.serverFarmId")
    plan = present(seen.plan(plan_id), f"GET {plan_id}")
    return RunningPlan(plan.id, plan.name, require_field(plan.sku, f"GET {plan_id}", "sku.name"))


def size_of(want: DesiredService, plan: RunningPlan) -> Sku:
    """The size of the plan's SKU; inconclusive where neither the policy nor the table has one."""
    found = sku(plan.sku, want.plans.sizes)
    if found is None and family_of(plan.sku) is None:
        raise not_documented(
            want, plan, f"the family of {plan.sku} is not known: if it is not enough, add it to plans.refused"
        )
    if found is None:
        wanted = f"the size of {plan.sku} is not known: add `{plan.sku}: {{cores: …, memory_gib: …}}` to plans.sizes"
        raise not_documented(want, plan, wanted)
    return found


def not_documented(want: DesiredService, plan: RunningPlan, wanted: str) -> Unobserved:
    """The doubt about a plan of which the policy does not say enough; `wanted` says what it has to say."""
    detail = f"{wanted} ({want.plans.where})"
    return Unobserved(Gap(GapReason.UNDECIDED, f"GET {plan.id}", plan.id, detail=detail))


def resize(plan_id: str, sku: str) -> Fix:
    """How to give a plan another SKU."""
    group = segment(plan_id, "resourceGroups") or "RESOURCE_GROUP"
    return Fix(
        "Web Plan Contributor",
        (az("appservice plan update", name=name(plan_id), resource_group=group, sku=sku),),
        f"Microsoft.Web/serverfarms: sku.name = {sku} (azurerm_service_plan: sku_name)",
    )
