"""The wire bodies of monitoring: component, action group, alert rules, processing rule, workbook, dashboard."""

from __future__ import annotations

import json

from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.http_messages import Json

_STAMP = "2025-10-14T09:10:05.4421187Z"


def component(arm_id: str, location: str, tenant: str) -> Json:
    """A workspace-based Application Insights component; its provider is spelled in lower case, as recorded."""
    name = arm_id.rsplit("/", 1)[-1]
    key, app = stable_guid("ikey", arm_id.casefold()), stable_guid("appid", arm_id.casefold())
    connection = (
        f"InstrumentationKey={key};IngestionEndpoint=https://{location}-5.in.applicationinsights.azure.com/;"
        f"LiveEndpoint=https://{location}.livediagnostics.monitor.azure.com/;ApplicationId={app}"
    )
    return {
        "kind": "web",
        "etag": '"6d033fd2-0000-0d00-0000-68788d570000"',
        "id": arm_id,
        "name": name,
        "type": "microsoft.insights/components",
        "location": location,
        "tags": {},
        "properties": {
            "ApplicationId": name,
            "AppId": app,
            "Application_Type": "web",
            "Flow_Type": "Bluefield",
            "Request_Source": "rest",
            "InstrumentationKey": key,
            "ConnectionString": connection,
            "Name": name,
            "CreationDate": "2025-10-14T09:11:40.9028875+00:00",
            "TenantId": tenant,
            "provisioningState": "Succeeded",
            "SamplingPercentage": None,
            "RetentionInDays": 90,
            "WorkspaceResourceId": arm_id.split("/providers/")[0]
            + f"/providers/Microsoft.OperationalInsights/workspaces/log-{name}",
            "IngestionMode": "LogAnalytics",
            "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled",
            "Ver": "v2",
        },
    }


def action_group(arm_id: str) -> Json:
    """An enabled action group with one receiver."""
    name = arm_id.rsplit("/", 1)[-1]
    return {
        "id": arm_id,
        "name": name,
        "type": "Microsoft.Insights/ActionGroups",
        "location": "Global",
        "tags": {},
        "properties": {
            "groupShortName": name[:12],
            "enabled": True,
            "emailReceivers": [{"name": "on-call", "emailAddress": "on-call@estate.example", "status": "Enabled"}],
            "smsReceivers": [],
            "webhookReceivers": [],
        },
    }


def metric_alert(arm_id: str, component_id: str, action_group_id: str) -> Json:
    """An enabled metric alert that watches a component."""
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.Insights/metricAlerts",
        "location": "global",
        "tags": {},
        "properties": {
            "description": "Failed requests",
            "severity": 1,
            "enabled": True,
            "scopes": [component_id],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "criteria": {
                "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
                "allOf": [
                    {
                        "criterionType": "StaticThresholdCriterion",
                        "name": "failed",
                        "metricName": "requests/failed",
                        "metricNamespace": "microsoft.insights/components",
                        "operator": "GreaterThan",
                        "threshold": 10.0,
                        "timeAggregation": "Count",
                        "dimensions": [],
                    }
                ],
            },
            "autoMitigate": True,
            "targetResourceType": "microsoft.insights/components",
            "actions": [{"actionGroupId": action_group_id, "webHookProperties": {}}],
        },
    }


def smart_detector(arm_id: str, component_id: str) -> Json:
    """The rule that Azure makes beside each component; its action groups are a list, and it calls nobody."""
    return {
        "properties": {
            "description": None,
            "state": "Enabled",
            "severity": "Sev3",
            "frequency": "PT1M",
            "detector": {"id": "FailureAnomaliesDetector", "parameters": None, "name": "Failure Anomalies"},
            "scope": [component_id.lower()],
            "actionGroups": [],
            "throttling": None,
        },
        "id": arm_id.lower(),
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.AlertsManagement/smartDetectorAlertRules",
        "location": "global",
        "tags": {},
    }


def activity_log_alert(arm_id: str, subscription: str, action_group_id: str, **fields: str) -> Json:
    """An activity log alert on the events of a subscription that have these fields, and call a group."""
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.Insights/ActivityLogAlerts",
        "location": "Global",
        "tags": {},
        "properties": {
            "scopes": [f"/subscriptions/{subscription}"],
            "condition": {"allOf": [{"field": field, "equals": value} for field, value in fields.items()]},
            "actions": {"actionGroups": [{"actionGroupId": action_group_id}]},
            "enabled": True,
        },
    }


def processing_rule(
    arm_id: str,
    scope: str,
    *action_group_ids: str,
    conditions: list[Json] | None = None,
    recurrences: list[Json] | None = None,
) -> Json:
    """An alert processing rule: it adds action groups to all alerts on a scope, or with none silences them."""
    action: Json = {"actionType": "RemoveAllActionGroups"}
    if action_group_ids:
        action = {"actionType": "AddActionGroups", "actionGroupIds": list(action_group_ids)}
    schedule: Json = {"timeZone": "W. Europe Standard Time", "recurrences": recurrences}
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.AlertsManagement/actionRules",
        "location": "Global",
        "tags": {},
        "properties": {
            "scopes": [scope],
            "conditions": conditions,
            "actions": [action],
            "description": None,
            "enabled": True,
            **({"schedule": schedule} if recurrences is not None else {}),
        },
    }


def dashboard(arm_id: str, location: str, parts: list[Json]) -> Json:
    """A shared portal dashboard of these parts' metadata."""
    placed = [
        {"position": {"x": 0, "y": 4 * row, "colSpan": 6, "rowSpan": 4}, "metadata": part}
        for row, part in enumerate(parts)
    ]
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.Portal/dashboards",
        "location": location,
        "tags": {"hidden-title": "Overview"},
        "properties": {"lenses": [{"order": 0, "parts": placed}], "metadata": {"model": {}}},
    }


def grafana_dashboard(arm_id: str, location: str, shown_at: str | None) -> Json:
    """An Azure Monitor dashboard with Grafana, whose panels are no part of it; the portal tags one that is saved from a
    resource's page with the type of that resource."""
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.Dashboard/dashboards",
        "location": location,
        "tags": {} if shown_at is None else {"GrafanaDashboardResourceType": shown_at},
        "properties": {"provisioningState": "Succeeded"},
    }


def workbook(arm_id: str, location: str, component_id: str) -> Json:
    """A shared workbook that shows a component; a list gives `serializedData` only to those who ask for content."""
    chart: Json = {"version": "KqlItem/1.0", "query": "requests | count", "queryType": 0, "crossComponentResources": []}
    content: Json = {
        "version": "Notebook/1.0",
        "items": [{"type": 3, "content": chart, "name": "requests"}],
        "fallbackResourceIds": [component_id],
    }
    return {
        "kind": "shared",
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "microsoft.insights/workbooks",
        "location": location,
        "tags": {"hidden-title": "Service overview"},
        "properties": {
            "displayName": "Service overview",
            "serializedData": json.dumps(content),
            "version": "Notebook/1.0",
            "category": "workbook",
            "userId": stable_guid("operator"),
            "timeModified": _STAMP,
            "sourceId": component_id,
            "tags": None,
            "storageUri": None,
            "description": None,
            "revision": "1",
        },
    }
