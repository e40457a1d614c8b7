"""Application Insights as seen: the component, what alerts on it, what draws it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mzaudit.snapshot.alerts import ActionGroup, Alert, ProcessingRule
from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.values import ValueClass


@dataclass(frozen=True, slots=True)
class ComponentProperties:
    """GET component; of its connection string only the class and equality labels are kept. `workspace` is the id of the
    Log Analytics workspace that it writes to."""

    id: str
    name: str
    connection_string: ValueClass | None
    local_auth_disabled: bool | None
    workspace: str | None = None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A workbook, portal dashboard or dashboard with Grafana, and what it shows: resource ids, or types of resources,
    all of which it shows; `whole` unless Azure kept its content back, or does not tell it."""

    id: str
    name: str
    shows: tuple[str, ...]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Component:
    """A component, with what its subscription holds about it.

    `alerts` are the rules that watch it, its workspace, its resource group or its subscription; `processing` the
    processing rules that lie over it; `action_groups` those that either names, by `ids.key`. `dashboards` are those
    that show it, and those that are not whole.
    """

    id: str
    properties: Observed[ComponentProperties | None] | Gap
    alerts: Listing[Alert]
    dashboards: Listing[Dashboard]
    processing: Listing[ProcessingRule]
    action_groups: Mapping[str, Observed[ActionGroup | None] | Gap]

    def action_group(self, group_id: str) -> Observed[ActionGroup | None] | Gap:
        """The action group of that id."""
        return self.action_groups.get(key(group_id)) or not_asked(f"GET {group_id}")
