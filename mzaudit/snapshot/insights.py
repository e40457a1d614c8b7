"""Application Insights as seen: the component, what alerts on it, what draws it."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.values import ValueClass


@dataclass(frozen=True, slots=True)
class ComponentProperties:
    """GET component; of its connection string only the class and equality labels are kept."""

    id: str
    name: str
    connection_string: ValueClass | None
    local_auth_disabled: bool | None


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule of any kind: what it watches and how many action groups it calls."""

    id: str
    name: str
    enabled: bool | None
    scopes: tuple[str, ...]
    action_groups: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A workbook or portal dashboard, and the resource ids that it shows."""

    id: str
    name: str
    shows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """A component; alerts and dashboards are those of its resource group."""

    id: str
    properties: Observed[ComponentProperties | None] | Gap
    alerts: Listing[Alert]
    dashboards: Listing[Dashboard]
