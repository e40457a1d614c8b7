"""Reads Application Insights: the component, and the alerts and dashboards of its resource group."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import TypeVar

from pydantic import Field, JsonValue

from mzaudit.azure import needs
from mzaudit.azure.call import Call
from mzaudit.azure.needs import Need
from mzaudit.azure.run import Run, side_by_side
from mzaudit.azure.values import SealedText
from mzaudit.azure.wire import Resource, Wire
from mzaudit.snapshot.ids import key
from mzaudit.snapshot.insights import Alert, Component, ComponentProperties, Dashboard
from mzaudit.snapshot.observed import Listing

Watcher = tuple[str, Need, tuple[tuple[str, str], ...]]
_ALERTS: tuple[Watcher, ...] = (
    ("Microsoft.Insights/metricAlerts", needs.METRIC_ALERTS, ()),
    ("Microsoft.Insights/scheduledQueryRules", needs.QUERY_RULES, ()),
    ("Microsoft.Insights/activityLogAlerts", needs.ACTIVITY_ALERTS, ()),
    ("Microsoft.AlertsManagement/smartDetectorAlertRules", needs.SMART_DETECTORS, ()),
)
_DASHBOARDS: tuple[Watcher, ...] = (
    ("Microsoft.Insights/workbooks", needs.WORKBOOKS, (("category", "workbook"), ("canFetchContent", "true"))),
    ("Microsoft.Portal/dashboards", needs.DASHBOARDS, ()),
)
WATCHERS = (*_ALERTS, *_DASHBOARDS)
"""Kind, permission and query of each list of what watches or draws a component."""
_RESOURCE_ID = re.compile(r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^\"'\\\s,;|]+", re.IGNORECASE)

Item = TypeVar("Item", Alert, Dashboard)


class _Members(Wire):
    connection_string: SealedText | None = Field(default=None, alias="ConnectionString")
    disable_local_auth: bool | None = Field(default=None, alias="DisableLocalAuth")


class _Component(Resource):
    properties: _Members


class _GroupReference(Wire):
    action_group_id: str


class _Groups(Wire):
    action_groups: list[str | _GroupReference] | None = None
    group_ids: list[str] | None = None


class _AlertMembers(Wire):
    """The four kinds of alert in one: a smart detector says `state`, `scope` and `actionGroups`."""

    enabled: bool | None = None
    state: str | None = None
    scopes: list[str] | None = None
    scope: list[str] | None = None
    actions: list[_GroupReference] | _Groups | None = None
    action_groups: _Groups | None = None


class _Alert(Resource):
    properties: _AlertMembers


class _Dashboard(Resource):
    properties: dict[str, JsonValue]


async def component(run: Run, component_id: str) -> Component:
    """A component; what watches and draws it is looked for in its resource group."""
    group = "/".join(component_id.split("/")[:5])
    kind = "Microsoft.Insights/components"
    call = Call(component_id, kind, needs.COMPONENT.permission, component_id)
    async with asyncio.TaskGroup() as tasks:
        properties = tasks.create_task(run.read(call, _Component, lambda body: _properties(run, body)))
        alerts = tasks.create_task(side_by_side(run.list(_in_group(group, each), _Alert, _alert) for each in _ALERTS))
        dashboards = tasks.create_task(
            side_by_side(run.list(_in_group(group, each), _Dashboard, _dashboard) for each in _DASHBOARDS)
        )
    return Component(component_id, properties.result(), _merged(alerts.result()), _merged(dashboards.result()))


def _in_group(group: str, watcher: Watcher) -> Call:
    kind, need, query = watcher
    return Call(f"{group}/providers/{kind}", kind, need.permission, group, query=query, within=(group,))


def _merged(listings: list[Listing[Item]]) -> Listing[Item]:
    items = tuple(item for listing in listings for item in listing.items)
    return Listing(items, next((listing.gap for listing in listings if listing.gap is not None), None))


def _properties(run: Run, body: _Component) -> ComponentProperties:
    members = body.properties
    text = members.connection_string
    return ComponentProperties(
        id=body.id,
        name=body.name,
        connection_string=None if text is None else run.classifier.value(text),
        local_auth_disabled=members.disable_local_auth,
    )


def _alert(body: _Alert) -> Alert:
    members = body.properties
    enabled = members.enabled
    if enabled is None and members.state is not None:
        enabled = members.state.casefold() == "enabled"
    scopes = sorted({*(members.scopes or []), *(members.scope or [])})
    return Alert(body.id, body.name, enabled, tuple(scopes), _groups(members))


def _groups(members: _AlertMembers) -> int:
    count = 0
    for groups in (members.actions, members.action_groups):
        if isinstance(groups, list):
            count += len(groups)
        elif groups is not None:
            count += len(groups.action_groups or []) + len(groups.group_ids or [])
    return count


def _dashboard(body: _Dashboard) -> Dashboard:
    found = {key(match) for text in _texts(body.properties) for match in _RESOURCE_ID.findall(text)}
    return Dashboard(body.id, body.name, tuple(sorted(found)))


def _texts(node: JsonValue) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for each in node:
            yield from _texts(each)
    elif isinstance(node, dict):
        for each in node.values():
            yield from _texts(each)
