"""What watches, notifies and draws a component, in every shape in which Azure tells it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import pytest

from mzaudit.azure.readers import insights_reader
from mzaudit.azure.readers.alerts_reader import ProcessingRuleBody, processing_rule
from mzaudit.azure.readers.read import ReadContext
from mzaudit.simulator import Fault, Simulator, StatusFault, serve
from mzaudit.snapshot.alerts import ActionGroup, AlertCondition
from mzaudit.snapshot.insights import Component
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.text.shown import Shown
from tests.azure.estates import Names, read_with
from tests.documented_estate import build

SUBSCRIPTION = build("compliant").subscriptions[0]
ID = Names(SUBSCRIPTION).component
GROUP = Names(SUBSCRIPTION).group
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-appi-monozu-prd"
CALLED = f"{GROUP}/providers/microsoft.insights/actiongroups/ag-appi-monozu-prd"
OTHER = f"{GROUP}-2/providers/Microsoft.Insights/components/other"
KINDS = {
    "metric": "Microsoft.Insights/metricAlerts",
    "query": "Microsoft.Insights/scheduledQueryRules",
    "activity": "Microsoft.Insights/activityLogAlerts",
    "detector": "Microsoft.AlertsManagement/smartDetectorAlertRules",
}
WATCHED = rf"GET /subscriptions/{SUBSCRIPTION}/providers/"
# nothing but what a case serves
NOTHING = [Fault(WATCHED + r"Microsoft\.(Insights|AlertsManagement|Portal)/\w+$", StatusFault(200, {"value": []}))]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with serve(build("compliant")) as made:
        yield made


def seen(sim: Simulator, *faults: Fault, alone: bool = True) -> Component:
    """The component as read from that Azure; with `alone`, from one in which there is nothing else."""

    async def read(run: ReadContext) -> Component:
        return await insights_reader.component(
            run, ID, asyncio.create_task(insights_reader.watchers(run, SUBSCRIPTION))
        )

    sim.faults[:] = [*faults, *(NOTHING if alone else [])]
    try:
        return read_with(sim, read)
    finally:
        sim.faults.clear()


def serving(kind: str, *properties: dict[str, Any], group: str = GROUP, **more: Any) -> Fault:
    """The list of a kind, with these items."""
    items = [
        {"id": f"{group}/providers/{kind}/item-{number}", "name": f"item-{number}", "properties": each, **more}
        for number, each in enumerate(properties)
    ]
    return Fault(WATCHED + kind.replace(".", r"\.") + "$", StatusFault(200, {"value": items}))


REFERENCE = {"actionGroupId": CALLED}
ADMINISTRATIVE = {"allOf": [{"field": "category", "equals": "Administrative"}]}
# the kind, and the properties of one rule on the component; each is enabled and calls the action group
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "metric": ("metric", {"enabled": True, "scopes": [ID], "actions": [REFERENCE]}),
    "metric, in capitals": ("metric", {"enabled": True, "scopes": [ID.upper()], "actions": [REFERENCE]}),
    "query": ("query", {"enabled": True, "scopes": [ID], "actions": {"actionGroups": [CALLED]}}),
    "query, with custom properties": (
        "query",
        {"enabled": True, "scopes": [ID], "actions": {"actionGroups": [CALLED], "customProperties": None}},
    ),
    "query on the workspace": (
        "query",
        {"enabled": True, "scopes": [WORKSPACE], "actions": {"actionGroups": [CALLED]}},
    ),
    "query on the group": ("query", {"enabled": True, "scopes": [GROUP], "actions": {"actionGroups": [CALLED]}}),
    "query on the subscription, for components": (
        "query",
        {
            "enabled": True,
            "scopes": [f"/subscriptions/{SUBSCRIPTION}"],
            "targetResourceTypes": ["Microsoft.Insights/components"],
            "actions": {"actionGroups": [CALLED]},
        },
    ),
    "activity": (
        "activity",
        {"enabled": True, "scopes": [ID], "condition": ADMINISTRATIVE, "actions": {"actionGroups": [REFERENCE]}},
    ),
    "activity, silent on being enabled": (
        "activity",
        {"scopes": [ID], "condition": ADMINISTRATIVE, "actions": {"actionGroups": [REFERENCE]}},
    ),
    "activity on the group, narrowed to it": (
        "activity",
        {
            "enabled": True,
            "scopes": [GROUP],
            "condition": {"allOf": [{"field": "resourceId", "equals": ID}]},
            "actions": {"actionGroups": [REFERENCE]},
        },
    ),
    "detector": ("detector", {"state": "Enabled", "scope": [ID], "actionGroups": {"groupIds": [CALLED]}}),
    "detector, its groups a list of ids": ("detector", {"state": "Enabled", "scope": [ID], "actionGroups": [CALLED]}),
    "detector, its groups a list of references": (
        "detector",
        {"state": "enabled", "scope": [ID], "actionGroups": [{"groupId": CALLED}, REFERENCE, {"id": CALLED}]},
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_a_rule_that_watches_it(sim: Simulator, case: str) -> None:
    kind, properties = RULES[case]
    component = seen(sim, serving(KINDS[kind], properties))
    (found,) = component.alerts.items
    assert (found.enabled, {each.casefold() for each in found.action_groups}) == (True, {CALLED.casefold()})
    assert component.alerts.gap is None
    assert component.action_group(CALLED) == Observed(ActionGroup(_called(component).id, "ag-appi-monozu-prd", True, 1))


def _called(component: Component) -> ActionGroup:
    found = component.action_group(CALLED)
    assert isinstance(found, Observed)
    assert found.value is not None
    return found.value


# each is read, and calls nobody
SILENT: dict[str, tuple[str, dict[str, Any]]] = {
    "metric": ("metric", {"enabled": True, "scopes": [ID], "actions": []}),
    "metric, null": ("metric", {"enabled": True, "scopes": [ID], "actions": None}),
    "query, no actions": ("query", {"enabled": True, "scopes": [ID]}),
    "query, null": ("query", {"enabled": True, "scopes": [ID], "actions": {"actionGroups": None}}),
    "activity": (
        "activity",
        {"enabled": True, "scopes": [ID], "condition": ADMINISTRATIVE, "actions": {"actionGroups": []}},
    ),
    "detector, an empty list": ("detector", {"state": "Enabled", "scope": [ID], "actionGroups": []}),
    "detector, null": ("detector", {"state": "Enabled", "scope": [ID], "actionGroups": {"groupIds": None}}),
}


@pytest.mark.parametrize("case", SILENT)
def test_a_rule_that_calls_nobody(sim: Simulator, case: str) -> None:
    kind, properties = SILENT[case]
    component = seen(sim, serving(KINDS[kind], properties))
    assert [each.action_groups for each in component.alerts.items] == [()]
    assert component.alerts.gap is None


@pytest.mark.parametrize(
    "condition",
    [None, {}, {"allOf": None}, {"allOf": [{"field": "category"}]}, {"allOf": [{"anyOf": [{"equals": "Security"}]}]}],
    ids=["null", "empty", "no parts", "no value", "no field"],
)
def test_an_activity_log_alert_that_does_not_tell_its_condition_is_a_gap(sim: Simulator, condition: object) -> None:
    properties = {"scopes": [ID], "condition": condition, "actions": {"actionGroups": [REFERENCE]}}
    gap = seen(sim, serving(KINDS["activity"], properties), alone=False).alerts.gap
    assert gap is not None
    assert "item-0 cannot be read" in gap.detail


def on_activity(*clauses: tuple[str, str], scope: str = f"/subscriptions/{SUBSCRIPTION}") -> dict[str, Any]:
    """An activity log alert on the events that have each of these fields."""
    told = [{"field": field, "equals": value} for field, value in clauses]
    return {"enabled": True, "scopes": [scope], "condition": {"allOf": told}}


ADVICE = "Microsoft.Advisor/recommendations/available/action"
# each is a rule of the subscription that does not watch the component
BESIDE: dict[str, tuple[str, dict[str, Any]]] = {
    "on another component": ("metric", {"enabled": True, "scopes": [OTHER]}),
    "on another group": ("query", {"enabled": True, "scopes": [f"{GROUP}-2"]}),
    "on a name that begins alike": ("metric", {"enabled": True, "scopes": [f"{ID}-2"]}),
    "on the group, for machines": (
        "metric",
        {"enabled": True, "scopes": [GROUP], "targetResourceType": "Microsoft.Compute/virtualMachines"},
    ),
    "service health": (
        "activity",
        {
            "enabled": True,
            "scopes": [f"/subscriptions/{SUBSCRIPTION}"],
            "condition": {"allOf": [{"field": "category", "equals": "ServiceHealth"}]},
        },
    ),
    "narrowed to another type": (
        "activity",
        {
            "enabled": True,
            "scopes": [GROUP],
            "condition": {"allOf": [{"anyOf": [{"field": "resourceType", "equals": "Microsoft.Web/sites"}]}]},
        },
    ),
    # the benchmark of the Center for Internet Security asks for such in every subscription
    "an operation on something else": (
        "activity",
        on_activity(("category", "Administrative"), ("operationName", "Microsoft.Network/networkSecurityGroups/write")),
    ),
    "an operation on what lies in something else": (
        "activity",
        on_activity(("operationName", "Microsoft.Sql/servers/firewallRules/delete")),
    ),
    "advice": ("activity", on_activity(("category", "Recommendation"), ("operationName", ADVICE))),
    "autoscaling": ("activity", on_activity(("category", "Autoscale"))),
    "what Defender for Cloud finds": ("activity", on_activity(("category", "Security"))),
    "what Azure Policy finds": ("activity", on_activity(("category", "Policy"))),
    "another provider": ("activity", on_activity(("resourceProvider", "Microsoft.Compute"))),
    "another group, by its name": ("activity", on_activity(("resourceGroup", "rg-monozu-stg"))),
    "another group than its scope": ("activity", on_activity(("resourceGroup", "rg-monozu-stg"), scope=GROUP)),
    "a type of another provider": (
        "activity",
        on_activity(
            ("resourceProvider", "microsoft.insights"), ("operationName", "Microsoft.Insights/actionGroups/write")
        ),
    ),
}


AROUND: dict[str, dict[str, Any]] = {
    "health": on_activity(("category", "ResourceHealth")),
    "its provider": on_activity(("resourceProvider", "Microsoft.Insights")),
    "its workspace's provider": on_activity(("resourceProvider", "Microsoft.OperationalInsights")),
    "an operation on it": on_activity(("operationName", "microsoft.insights/Components/delete")),
    "an operation on it, and its provider": on_activity(
        ("operationName", "Microsoft.Insights/components/ApiKeys/action"), ("resourceProvider", "Microsoft.Insights")
    ),
    "its group, by its name": on_activity(("resourceGroup", "RG-monozu-prd")),
    "its group, whose scope it is": on_activity(("resourceGroup", "rg-monozu-prd"), scope=GROUP),
}


@pytest.mark.parametrize("case", AROUND)
def test_an_activity_log_alert_around_the_component(sim: Simulator, case: str) -> None:
    component = seen(sim, serving(KINDS["activity"], AROUND[case] | {"actions": {"actionGroups": [REFERENCE]}}))
    assert [each.name for each in component.alerts.items] == ["item-0"]


@pytest.mark.parametrize("case", BESIDE)
def test_a_rule_that_watches_something_else(sim: Simulator, case: str) -> None:
    kind, properties = BESIDE[case]
    component = seen(sim, serving(KINDS[kind], properties))
    assert (component.alerts.items, component.alerts.gap) == ((), None)


def part(**value: Any) -> dict[str, Any]:
    inputs = [{"name": "ComponentId", "value": value}]
    return {"lenses": [{"parts": [{"metadata": {"type": "Extension/AppInsights", "inputs": inputs}}]}]}


def content(**members: Any) -> dict[str, Any]:
    return {"sourceId": None, "serializedData": json.dumps({"version": "Notebook/1.0", **members})}


BOARD, BOOK = "Microsoft.Portal/dashboards", "Microsoft.Insights/workbooks"
SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "its id": (BOARD, part(ResourceId=ID)),
    "its id in capitals": (BOARD, part(ResourceId=ID.upper())),
    "its id, url-encoded": (BOARD, part(ResourceId=quote(ID, safe=""))),
    "its id, url-encoded twice": (BOARD, part(Url=quote(quote(ID, safe=""), safe=""))),
    "its id in a link": (BOARD, part(content=f"[live](https://portal.azure.com/#resource{ID}/quickPulse)")),
    "its parts": (
        BOARD,
        part(Name="appi-monozu-prd", SubscriptionId=SUBSCRIPTION, ResourceGroup="rg-monozu-prd"),
    ),
    "its parts in another case": (
        BOARD,
        part(name="APPI-monozu-prd", subscriptionId=SUBSCRIPTION.upper(), resourceGroup="RG-monozu-prd"),
    ),
    "lenses by number": (BOARD, {"lenses": {"0": {"parts": {"0": {"metadata": {"inputs": [{"value": ID}]}}}}}}),
    "a workbook's source": (BOOK, content() | {"sourceId": ID.lower()}),
    "a workbook's fallback": (BOOK, content(fallbackResourceIds=[ID])),
    "a workbook's query": (BOOK, content(items=[{"content": {"crossComponentResources": [ID]}}])),
    "a workbook with escaped slashes": (
        BOOK,
        {"serializedData": json.dumps({"fallbackResourceIds": [ID]}).replace("/", "\\/")},
    ),
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_dashboard_that_shows_it(sim: Simulator, case: str) -> None:
    kind, properties = SHOWN[case]
    component = seen(sim, serving(kind, properties))
    (found,) = component.dashboards.items
    assert (found.whole, ID.casefold() in found.shows) == (True, True)


OTHERS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "another component": (BOARD, part(ResourceId=OTHER)),
    "a name that begins alike": (BOARD, part(ResourceId=f"{ID}-2")),
    "another component's parts": (
        BOARD,
        part(Name="appi-monozu-stg", SubscriptionId=SUBSCRIPTION, ResourceGroup="rg-monozu-stg"),
    ),
    "nothing": (BOARD, None),
    "a workbook of nothing": (BOOK, content() | {"sourceId": "Azure Monitor"}),
    "a workbook that is no JSON": (BOOK, {"serializedData": "{not json"}),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_dashboard_of_something_else(sim: Simulator, case: str) -> None:
    kind, properties = OTHERS[case]
    component = seen(sim, serving(kind, properties))  # type: ignore[arg-type]  # properties may be null
    assert (component.dashboards.items, component.dashboards.gap) == ((), None)


@pytest.mark.parametrize("kept_back", [{"sourceId": None, "serializedData": None}, {"sourceId": "Azure Monitor"}])
def test_a_workbook_whose_content_azure_keeps_back(sim: Simulator, kept_back: dict[str, Any]) -> None:
    component = seen(sim, serving(BOOK, kept_back))
    assert [each.whole for each in component.dashboards.items] == [False]


GRAFANA: dict[str, tuple[dict[str, Any] | None, list[tuple[bool, bool]]]] = {
    "tagged for components": ({"GrafanaDashboardResourceType": "Microsoft.Insights/Components"}, [(True, True)]),
    "tagged, among others": ({"grafanadashboardresourcetype": "a/b, microsoft.insights/components"}, [(True, True)]),
    "tagged for something else": ({"GrafanaDashboardResourceType": "microsoft.ContainerService/managedClusters"}, []),
    "other tags": ({"env": "prd", "owner": None}, [(False, False)]),
    "an empty tag": ({"GrafanaDashboardResourceType": None}, [(False, False)]),
    "no tags": (None, [(False, False)]),
}


@pytest.mark.parametrize("case", GRAFANA)
def test_a_dashboard_with_grafana(sim: Simulator, case: str) -> None:
    """Its panels are no part of it: it counts by the tag that puts it on the page of every component."""
    tags, expected = GRAFANA[case]
    component = seen(sim, serving("Microsoft.Dashboard/dashboards", {"provisioningState": "Succeeded"}, tags=tags))
    shown = [(each.whole, "microsoft.insights/components" in each.shows) for each in component.dashboards.items]
    assert (shown, component.dashboards.gap) == (expected, None)


GROUPS: dict[str, tuple[dict[str, Any], tuple[bool | None, int]]] = {
    "each kind of receiver": (
        {
            "enabled": True,
            "emailReceivers": [{"status": "Enabled"}],
            "armRoleReceivers": [{}],
            "eventHubReceivers": [{}],
        },
        (True, 3),
    ),
    "a receiver that opted out": ({"enabled": True, "smsReceivers": [{"status": "Disabled"}]}, (True, 0)),
    "none": ({"enabled": True, "emailReceivers": [], "webhookReceivers": None}, (True, 0)),
    "disabled": ({"enabled": False, "emailReceivers": [{}]}, (False, 1)),
    "silent, which is enabled": ({"emailReceivers": [{}]}, (True, 1)),
    "null": ({"enabled": None, "emailReceivers": [{}]}, (None, 1)),
}


@pytest.mark.parametrize("case", GROUPS)
def test_an_action_group(sim: Simulator, case: str) -> None:
    properties, (enabled, receivers) = GROUPS[case]
    body = {"id": CALLED, "name": "ag", "properties": properties}
    groups = Fault(WATCHED + "Microsoft.Insights/actionGroups$", StatusFault(200, {"value": [body]}))
    found = _called(seen(sim, groups, serving(KINDS["metric"], RULES["metric"][1])))
    assert (found.enabled, found.receivers) == (enabled, receivers)


def calling(group_id: str) -> Fault:
    return serving(KINDS["metric"], {"enabled": True, "scopes": [ID], "actions": [{"actionGroupId": group_id}]})


def test_an_action_group_that_no_list_holds_is_read(sim: Simulator) -> None:
    gone, strange = f"{CALLED}-2", CALLED.replace(SUBSCRIPTION, "00000000-0000-0000-0000-000000000000")
    assert seen(sim, calling(gone)).action_group(gone) == Observed(None)
    there = seen(sim, calling(strange)).action_group(strange)
    assert isinstance(there, Gap)
    assert there.permission == "Microsoft.Insights/actionGroups/read"


@pytest.mark.parametrize("named", [ID, "/subscriptions/../x", f"{CALLED}?x=1", f"{CALLED}/../../vaults/kv"])
def test_what_is_no_action_group_is_never_asked_for(sim: Simulator, named: str) -> None:
    before = len(sim.requests)
    found = seen(sim, calling(named)).action_group(named)
    assert isinstance(found, Gap)
    assert found.reason is GapReason.MALFORMED
    assert [each.path for each in sim.requests[before:] if "actiongroups/" in each.path.casefold()] == []


def test_processing_rules(sim: Simulator) -> None:
    adds = {
        "scopes": [GROUP],
        "enabled": True,
        "actions": [{"actionType": "AddActionGroups", "actionGroupIds": [CALLED]}],
        "conditions": [{"field": "Severity", "operator": "Equals", "values": ["Sev1", "Sev0"]}],
        "schedule": {"effectiveFrom": "2026-01-01T08:00:00", "effectiveUntil": None, "recurrences": [{}]},
    }
    silences = {"scopes": [f"/subscriptions/{SUBSCRIPTION}"], "actions": [{"actionType": "RemoveAllActionGroups"}]}
    beside = adds | {"scopes": [f"{GROUP}-2"]}
    component = seen(sim, serving("Microsoft.AlertsManagement/actionRules", adds, silences, beside))
    first, second = component.processing.items
    assert (first.adds, first.silences, first.recurs, first.ends) == ((CALLED,), False, True, None)
    assert first.conditions == (AlertCondition(Shown("severity"), Shown("equals"), (Shown("sev0"), Shown("sev1"))),)
    assert first.starts is not None
    assert (second.adds, second.silences, second.enabled, second.conditions) == ((), True, True, ())
    assert component.action_group(CALLED) == Observed(_called(component))


KEY = "Zk3Qv9xT1mR5pL7wB2"
FILTERS = {
    "a name": ("AlertRuleName", "Contains", ["Failure Anomalies - x"], True),
    "a part of an id": ("TargetResource", "Contains", ["/resourceGroups/rg-x/"], True),
    "prose": ("Description", "Contains", [KEY.lower()], False),
    "what a fired alert holds": ("AlertContext", "Contains", [f"password={KEY}"], False),
    "a signed URL for a name": ("AlertRuleName", "Equals", [f"https://h.example/?sig={KEY}", "x"], False),
    "a key for a name": ("AlertRuleName", "Equals", ["x", KEY], False),
    "an operator that is none": ("Severity", f"password={KEY}", ["Sev0"], True),
    "a field that is none": (f"password={KEY}", "Equals", ["Sev0"], True),
}


@pytest.mark.parametrize("case", FILTERS)
def test_a_filter_keeps_names_and_decides_nothing_without_them(case: str) -> None:
    field, operator, values, kept = FILTERS[case]
    filters = [{"field": field, "operator": operator, "values": values}]
    body = {"id": "/x", "name": "x", "properties": {"conditions": filters}}
    (read,) = processing_rule(ProcessingRuleBody.model_validate(body)).conditions
    assert read.values == (tuple(sorted(map(str.casefold, values))) if kept else ())
    assert bool(read.operator) == kept
    assert KEY.casefold() not in repr(read).casefold()


FORBIDDEN = Fault(WATCHED + r"Microsoft\.(Insights|AlertsManagement|Portal)/\w+$", StatusFault(403))


def test_a_subscription_that_may_not_be_listed_leaves_the_group(sim: Simulator) -> None:
    component = seen(sim, FORBIDDEN, alone=False)
    assert [each.name for each in component.alerts.items if each.action_groups] == ["alert-appi-monozu-prd"]
    assert [ID.casefold() in each.shows for each in component.dashboards.items] == [True]
    gaps: Sequence[Gap | None] = (component.alerts.gap, component.dashboards.gap, component.processing.gap)
    assert [None if gap is None else gap.reason for gap in gaps] == [GapReason.FORBIDDEN] * 3
    assert _called(component).receivers == 1


def test_a_provider_that_is_not_registered_has_no_rules(sim: Simulator) -> None:
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": "not registered"}}
    where = WATCHED + r"Microsoft\.(AlertsManagement|Dashboard)/"
    component = seen(sim, Fault(where, StatusFault(409, body)), alone=False)
    assert component.processing.gap is component.alerts.gap is component.dashboards.gap is None
    assert [each.name for each in component.alerts.items] == ["alert-appi-monozu-prd"]


@pytest.mark.parametrize("code", ["InvalidResourceNamespace", "InvalidResourceType"])
def test_a_cloud_without_grafana_has_none_of_its_dashboards(sim: Simulator, code: str) -> None:
    fault = Fault(WATCHED + r"Microsoft\.Dashboard/", StatusFault(404, {"error": {"code": code, "message": "none"}}))
    component = seen(sim, fault, alone=False)
    assert ([each.whole for each in component.dashboards.items], component.dashboards.gap) == ([True], None)


def test_a_component_that_is_not_seen_leaves_its_workspace_unknown(sim: Simulator) -> None:
    component = seen(sim, Fault(r"/components/appi-monozu-prd$", StatusFault(403)), alone=False)
    assert isinstance(component.properties, Gap)
    assert component.alerts.gap == component.properties
