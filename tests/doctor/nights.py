"""Estates whose auditor holds the recommended roles and nothing else, and what a run then finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from mzaudit.azure.required_permissions import (
    ABAC_TAGS,
    ACTIVITY_ALERTS,
    DASHBOARDS,
    DATABASE_NEEDS,
    DELETED_VAULTS,
    GRAFANA_DASHBOARDS,
    NEEDS,
    QUERY_RULES,
    SECRET_METADATA,
    SMART_DETECTORS,
    DatabaseNeed,
    Need,
    Role,
)
from mzaudit.cli.collection import collect_state
from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy
from mzaudit.doctor.examination import Examination, examine
from mzaudit.doctor.role_grants import needed
from mzaudit.engine.results import Finding
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.policy.models import Severity
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from mzaudit.simulator import Estate, Simulator, grant_custom_role, serve
from mzaudit.snapshot.estate import Snapshot
from tests.azure.estates import take
from tests.documented_estate import build

Bend = Callable[[Estate], None]
Right = Need | DatabaseNeed
RIGHTS: tuple[Right, ...] = (*NEEDS, *DATABASE_NEEDS)
POLICY = load(shipped(), vocabulary(), "policies")


@dataclass(frozen=True, slots=True)
class Night:
    """One run over production."""

    seen: Snapshot
    findings: tuple[Finding, ...]
    examination: Examination


def _soft_deleted_vault(estate: Estate) -> None:
    vault = estate.vault("kv-mz-cloud-prd")
    estate.remove(str(vault["id"]))
    estate.deleted_vaults.append(
        {
            "id": f"/subscriptions/{estate.subscriptions[0]}/providers/Microsoft.KeyVault/locations/westeurope"
            "/deletedVaults/kv-mz-cloud-prd",
            "name": "kv-mz-cloud-prd",
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {"vaultId": vault["id"], "location": "westeurope"},
        }
    )


def _soft_deleted_secret(estate: Estate) -> None:
    estate.secrets["kv-mz-cloud-prd"]["SECRET-KEY"].deleted = estate.days(-1)


def _abac_registry(estate: Estate) -> None:
    properties = estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")["properties"]
    properties["roleAssignmentMode"] = "AbacRepositoryPermissions"


def _gone(estate: Estate, kind: str) -> None:
    for body in [body for body in estate.resources.values() if str(body["type"]).casefold() == kind]:
        estate.remove(str(body["id"]))


def _no_metric_alert(estate: Estate) -> None:
    _gone(estate, "microsoft.insights/metricalerts")


def _no_workbook(estate: Estate) -> None:
    _gone(estate, "microsoft.insights/workbooks")


BENDS: dict[Right, Bend] = {
    DELETED_VAULTS: _soft_deleted_vault,
    SECRET_METADATA: _soft_deleted_secret,
    ABAC_TAGS: _abac_registry,
    QUERY_RULES: _no_metric_alert,
    ACTIVITY_ALERTS: _no_metric_alert,
    SMART_DETECTORS: _no_metric_alert,
    DASHBOARDS: _no_workbook,
    GRAFANA_DASHBOARDS: _no_workbook,
}
"""How the documented estate is bent so that a permission matters that it gives no cause to use."""


def estate_for(need: Right) -> Estate:
    """The documented estate, bent so that a permission matters."""
    return bent(BENDS.get(need))


def bent(mutate: Bend | None) -> Estate:
    """The documented estate, bent."""
    estate = build("compliant")
    if mutate is not None:
        mutate(estate)
    return estate


def wanted_of(estate: Estate) -> Desired:
    """The shipped policy for production, in the estate's subscription."""
    return bind_policy(POLICY, ("prd",), dict.fromkeys(POLICY.policy.environments, estate.subscriptions[0]))


def restrict(estate: Estate, without: Right | None = None) -> None:
    """Take every role from the auditor, and give the recommended ones less one permission; or take away one that it has
    inside every database."""
    if isinstance(without, DatabaseNeed):
        for contents in estate.sql.values():
            lost = (estate.auditor.name, without.permission.partition(" on ")[0])
            contents.permissions[:] = [one for one in contents.permissions if (one.grantee, one.permission) != lost]
    auditor = estate.auditor.oid
    estate.role_assignments[:] = [a for a in estate.role_assignments if a["properties"]["principalId"] != auditor]
    guids = {
        role: grant_custom_role(
            estate,
            role,
            [each.permission for each in NEEDS if each.role is role and not each.data and each != without],
            [each.permission for each in NEEDS if each.role is role and each.data and each != without],
        )
        for role in Role
    }
    for grant in needed(scope_of(wanted_of(estate)), values=True):
        estate.assign(auditor, guids[grant.role], grant.scope)


def night(simulator: Simulator) -> Night:
    """One run over the wire."""
    wanted = wanted_of(simulator.estate)
    return _judged(wanted, collect_state(wanted, simulator, timeout=600, values=True, debug=False))


def _judged(wanted: Desired, seen: Snapshot) -> Night:
    findings = judge(POLICY, wanted, seen, fail_on=Severity.LOW).findings
    return Night(seen, findings, examine(seen, findings))


def night_of(estate: Estate) -> Night:
    """One run in memory over an estate that is served for it alone."""
    estate.page_size = 50
    wanted = wanted_of(estate)
    with serve(estate) as simulator:
        return _judged(wanted, take(simulator, scope=scope_of(wanted), taken=datetime.now(UTC).replace(microsecond=0)))
