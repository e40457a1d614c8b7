"""Reads Application Insights: the component, and what its subscription holds that watches or draws it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from pydantic import Field

from mzaudit import kinds
from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.alerts_reader import (
    ActionGroupBody,
    AlertBody,
    ProcessingRuleBody,
    action_group,
    alert,
    processing_rule,
)
from mzaudit.azure.readers.dashboards_reader import (
    DashboardBody,
    GrafanaDashboardBody,
    dashboard,
    grafana_dashboard,
    workbook,
)
from mzaudit.azure.readers.presence import registration
from mzaudit.azure.readers.read import ReadContext, side_by_side
from mzaudit.azure.readers.wire_models import Id, Resource, Wire
from mzaudit.azure.required_permissions import Need
from mzaudit.azure.text.sealed_values import SealedText
from mzaudit.kinds import Kind
from mzaudit.snapshot.alerts import ActionGroup, Alert, ProcessingRule
from mzaudit.snapshot.insights import Component, ComponentProperties, Dashboard
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.text.ids import covers, group_of, key, same, subscription_of

_COMPONENT, _WORKSPACE = str(kinds.COMPONENT).casefold(), "microsoft.operationalinsights/workspaces"
_ALERTS: tuple[tuple[Kind, Need], ...] = (
    (kinds.METRIC_ALERT, required_permissions.METRIC_ALERTS),
    (kinds.QUERY_RULE, required_permissions.QUERY_RULES),
    (kinds.ACTIVITY_ALERT, required_permissions.ACTIVITY_ALERTS),
    (kinds.SMART_DETECTOR, required_permissions.SMART_DETECTORS),
)
_WORKBOOKS = (kinds.WORKBOOK, required_permissions.WORKBOOKS)
_DASHBOARDS = (kinds.DASHBOARD, required_permissions.DASHBOARDS)
_GRAFANA = (kinds.GRAFANA_DASHBOARD, required_permissions.GRAFANA_DASHBOARDS)
# how Resource Manager says that a cloud has no such type
_NO_SUCH_TYPE = frozenset({"InvalidResourceNamespace", "InvalidResourceType"})
_GROUP_ID = re.compile(
    r"/subscriptions/[^/?#]+/resourceGroups/[^/?#]+/providers/Microsoft\.Insights/actionGroups/[^/?#]+", re.I
)

Item = TypeVar("Item", bound=Alert | Dashboard)
T = TypeVar("T")
W = TypeVar("W", bound=Wire)


class _ComponentMembers(Wire):
    connection_string: SealedText | None = Field(default=None, alias="ConnectionString")
    disable_local_auth: bool | None = Field(default=None, alias="DisableLocalAuth")
    workspace: Id | None = Field(default=None, alias="WorkspaceResourceId")


class _Component(Resource):
    properties: _ComponentMembers


@dataclass(frozen=True, slots=True)
class Watchers:
    """What one subscription holds that watches, notifies and draws; shared by the components in it."""

    alerts: Listing[Alert]
    dashboards: Listing[Dashboard]
    processing: Listing[ProcessingRule]
    groups: Listing[ActionGroup]


async def watchers(run: ReadContext, subscription: str) -> Watchers:
    """All that watches, notifies and draws in a subscription."""
    scope = f"/subscriptions/{subscription}"
    async with asyncio.TaskGroup() as tasks:
        alerts = tasks.create_task(_alerts(run, scope))
        dashboards = tasks.create_task(_drawings(run, scope))
        rules = tasks.create_task(
            _registered(
                run,
                _in(scope, kinds.PROCESSING_RULE, required_permissions.PROCESSING_RULES),
                ProcessingRuleBody,
                processing_rule,
            )
        )
        groups = tasks.create_task(
            run.list(_in(scope, kinds.ACTION_GROUP, required_permissions.ACTION_GROUPS), ActionGroupBody, action_group)
        )
    return Watchers(alerts.result(), dashboards.result(), rules.result(), groups.result())


async def component(run: ReadContext, component_id: str, watching: asyncio.Task[Watchers]) -> Component:
    """A component, with what watches and draws it. Where a list of its subscription could not be had, that of its
    resource group is asked for: it shows no absence, but may show what is there."""
    group = group_of(component_id)
    call = Call(component_id, kinds.COMPONENT, required_permissions.COMPONENT.permission, component_id)
    properties = await run.read(call, _Component, lambda body: _properties(run, body))
    found = await watching
    alerts, dashboards = found.alerts, found.dashboards
    if alerts.gap is not None:
        alerts = _joined(alerts, await _alerts(run, group))
    if dashboards.gap is not None:
        dashboards = _joined(dashboards, await _drawings(run, group))
    told = properties.value if isinstance(properties, Observed) else None
    workspace = None if told is None else told.workspace
    watching_it = tuple(each for each in alerts.items if _watches(each, component_id, workspace))
    over_it = tuple(each for each in found.processing.items if _lies_over(each, component_id, watching_it))
    named = {key(each): each for one in watching_it for each in one.action_groups}
    named |= {key(each): each for one in over_it for each in one.adds}
    return Component(
        id=component_id,
        properties=properties,
        # without the component nobody knows its workspace, and so not all that watches it
        alerts=Listing(watching_it, alerts.gap or (properties if isinstance(properties, Gap) else None)),
        dashboards=Listing(
            tuple(
                each for each in dashboards.items if {key(component_id), _COMPONENT} & {*each.shows} or not each.whole
            ),
            dashboards.gap,
        ),
        processing=Listing(over_it, found.processing.gap),
        action_groups=await _action_groups(run, found, named),
    )


def _in(scope: str, kind: Kind, need: Need, query: tuple[tuple[str, str], ...] = ()) -> Call:
    return Call(f"{scope}/providers/{kind}", kind, need.permission, scope, query=query, within=(scope,))


async def _alerts(run: ReadContext, scope: str) -> Listing[Alert]:
    return _merged(await side_by_side(_registered(run, _in(scope, *each), AlertBody, alert) for each in _ALERTS))


async def _drawings(run: ReadContext, scope: str) -> Listing[Dashboard]:
    asked = (("category", "workbook"), ("canFetchContent", "true"))
    return _merged(
        await side_by_side(
            (
                run.list(_in(scope, *_WORKBOOKS, asked), DashboardBody, workbook),
                run.list(_in(scope, *_DASHBOARDS), DashboardBody, dashboard),
                _registered(
                    run, replace(_in(scope, *_GRAFANA), absent=_NO_SUCH_TYPE), GrafanaDashboardBody, grafana_dashboard
                ),
            )
        )
    )


async def _registered(run: ReadContext, call: Call, item: type[W], build: Callable[[W], T]) -> Listing[T]:
    """A provider that is not registered has no resources: Azure unregisters none that has. One of which the run has
    read a resource is registered, whatever this answer says."""
    listing = await run.list(call, item, build)
    if listing.gap is None or listing.gap.reason is not GapReason.NOT_REGISTERED:
        return listing
    provider = registration(subscription_of(call.scope), call.kind.type.partition("/")[0])
    return listing if await run.presence.has(provider) else Listing(listing.items)


def _merged(listings: Iterable[Listing[Item]]) -> Listing[Item]:
    each = tuple(listings)
    items = tuple(item for listing in each for item in listing.items)
    return Listing(items, next((listing.gap for listing in each if listing.gap is not None), None))


def _joined(wide: Listing[Item], near: Listing[Item]) -> Listing[Item]:
    """Both, without repeating; the wide list's doubt stays."""
    known = {key(item.id) for item in wide.items}
    return Listing((*wide.items, *(item for item in near.items if key(item.id) not in known)), wide.gap)


def _watches(one: Alert, component_id: str, workspace: str | None) -> bool:
    """Whether a rule is on the component or its workspace, or on a group or subscription around one and not narrowed
    to other types of resources."""
    for target, kind in ((component_id, _COMPONENT), (workspace, _WORKSPACE)):
        for scope in one.scopes if target else ():
            if same(scope, target or "") or (covers(scope, target or "") and _takes(one.types, kind)):
                return True
    return False


def _takes(types: Iterable[str], kind: str) -> bool:
    """Whether a type of resources is among those, or in a namespace among them, that an alert is narrowed to."""
    narrowed = tuple(types)
    return not narrowed or kind in narrowed or kind.partition("/")[0] in narrowed


def _lies_over(rule: ProcessingRule, component_id: str, watching: Iterable[Alert]) -> bool:
    targets = (component_id, *(scope for one in watching for scope in one.scopes))
    return rule.scopes is None or any(covers(scope, target) for scope in rule.scopes for target in targets)


async def _action_groups(
    run: ReadContext, found: Watchers, named: dict[str, str]
) -> dict[str, Observed[ActionGroup | None] | Gap]:
    """Each by the list, else read: one may lie in another subscription, and a list shows no absence."""
    listed: dict[str, Observed[ActionGroup | None] | Gap] = {
        key(each.id): Observed(each) for each in found.groups.items
    }
    unlisted = [each for each in named if each not in listed]
    read = await side_by_side(_action_group(run, named[each]) for each in unlisted)
    return {**{each: listed[each] for each in named if each in listed}, **dict(zip(unlisted, read, strict=True))}


async def _action_group(run: ReadContext, group_id: str) -> Observed[ActionGroup | None] | Gap:
    call = Call(group_id, kinds.ACTION_GROUP, required_permissions.ACTION_GROUPS.permission, group_id)
    if not _GROUP_ID.fullmatch(group_id):  # what a rule names is no id that may be asked for
        return call.gap(GapReason.MALFORMED, "an alert refers to an action group by an id that is not one")
    return await run.read(call, ActionGroupBody, action_group)


def _properties(run: ReadContext, body: _Component) -> ComponentProperties:
    members = body.properties
    text = members.connection_string
    return ComponentProperties(
        id=body.id,
        name=body.name,
        connection_string=None if text is None else run.classifier.value(text),
        local_auth_disabled=members.disable_local_auth,
        workspace=members.workspace,
    )
