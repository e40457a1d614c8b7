"""What belongs to documented resources without an entry of its own in the policy: the plans of documented apps, and
what watches, draws and stores the telemetry of documented components."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from mzaudit import kinds
from mzaudit.rules.resource._group_subjects import DocumentedGroup
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason
from mzaudit.snapshot.text import ids
from mzaudit.snapshot.web import Site

_WORKSPACE: Final = "Microsoft.OperationalInsights/workspaces"
_HOSTS: Final = (kinds.PLAN, "Microsoft.App/managedEnvironments")  # of apps
_DRAWINGS: Final = (kinds.WORKBOOK, kinds.DASHBOARD, kinds.GRAFANA_DASHBOARD)
_ALERTS: Final = (kinds.METRIC_ALERT, kinds.QUERY_RULE, kinds.ACTIVITY_ALERT, kinds.SMART_DETECTOR)


@dataclass(slots=True)
class Belonging:
    """The ids (`ids.key`) of what belongs to documented resources, and by type or id what was not seen: such a resource
    may belong to them."""

    ids: set[str] = field(default_factory=set)
    unseen: dict[str, list[Gap]] = field(default_factory=dict)

    def add(self, *resource_ids: str | None) -> None:
        """Something that belongs to them."""
        self.ids.update(ids.key(each) for each in resource_ids if each)

    def doubt(self, gap: Gap | None, *which: kinds.Kind | str) -> None:
        """Something was not seen that tells whether resources of these types, or ids, belong to them."""
        if gap is not None:
            for each in which:
                self.unseen.setdefault(ids.key(str(each)), []).append(gap)

    def gaps(self, resource_id: str) -> Iterable[Gap]:
        """What was not seen that could tell of a resource."""
        return [gap for each in (ids.type_of(resource_id), resource_id) for gap in self.unseen.get(ids.key(each), ())]


def belonging(want: DocumentedGroup, seen: Snapshot) -> Belonging:
    """What belongs to the documented resources of all environments."""
    found = Belonging()
    for site in {service.id: None for env in want.environments for service in env.services}:
        _plan(found, seen.site(site))
    for env in want.environments:
        for one in env.components:
            if ids.key(one.id) in seen.components or ids.same(ids.group_of(one.id), want.id):
                _around_component(found, seen, one.id)
    return found


def _plan(found: Belonging, site: Site) -> None:
    for one in (site, *site.slots.items):
        if isinstance(one.properties, Gap):
            found.doubt(one.properties, *_HOSTS)
        elif one.properties.value is not None:
            plan, environment = one.properties.value.plan_id, one.properties.value.managed_environment
            if plan is None and environment is None:
                call = f"GET {one.id}"
                found.doubt(Gap(GapReason.UNDECIDED, call, one.id, detail="Azure does not return its plan"), *_HOSTS)
            found.add(plan, environment)


def _around_component(found: Belonging, seen: Snapshot, component_id: str) -> None:
    component = seen.component(component_id)
    if isinstance(component.properties, Gap):
        found.doubt(component.properties, _WORKSPACE)
    elif component.properties.value is not None:
        found.add(component.properties.value.workspace)
    found.add(*(each.id for each in component.alerts.items), *(each.id for each in component.processing.items))
    found.add(*component.action_groups)
    found.doubt(component.alerts.gap, *_ALERTS, kinds.ACTION_GROUP)
    found.doubt(component.processing.gap, kinds.PROCESSING_RULE, kinds.ACTION_GROUP)
    found.add(*(each.id for each in component.dashboards.items if each.whole))
    found.doubt(component.dashboards.gap, *_DRAWINGS)
    for each in component.dashboards.items:
        if not each.whole:
            gap = Gap(GapReason.UNDECIDED, f"GET {each.id}", each.id, detail="Azure does not return its content")
            found.doubt(gap, each.id)
