"""The plan that an app runs on, and how to resize it."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.audit.az import az
from mzaudit.audit.present import present, told
from mzaudit.audit.verdict import Fix
from mzaudit.policy.wanted import WantedService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.ids import name, segment
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved


@dataclass(frozen=True, slots=True)
class RunningPlan:
    """A plan and its SKU's name as Azure spells it."""

    id: str
    name: str
    sku: str


def plan_of(want: WantedService, seen: Snapshot) -> RunningPlan:
    """The plan that the app names, wherever it lies; inconclusive where it or its SKU was not seen."""
    site = present(seen.site(want.id).properties, f"GET {want.id}")
    plan_id = told(site.plan_id, f"GET {want.id}", "properties.serverFarmId")
    plan = present(seen.plan(plan_id), f"GET {plan_id}")
    return RunningPlan(plan.id, plan.name, told(plan.sku, f"GET {plan_id}", "sku.name"))


def unknown_sku(plan_id: str, sku: str, why: str = "no table lists this SKU") -> Unobserved:
    """The doubt about a SKU whose size nothing here knows."""
    return Unobserved(Gap(GapReason.MALFORMED, f"GET {plan_id}", detail=f"SKU {sku}: {why}"))


def resize(plan_id: str, sku: str) -> Fix:
    """How to give a plan another SKU."""
    group = segment(plan_id, "resourceGroups") or "RESOURCE_GROUP"
    return Fix(
        "Web Plan Contributor",
        (az("appservice plan update", name=name(plan_id), resource_group=group, sku=sku),),
        f"Microsoft.Web/serverfarms: sku.name = {sku} (azurerm_service_plan: sku_name)",
    )
