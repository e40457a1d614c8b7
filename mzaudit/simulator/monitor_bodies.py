"""The wire bodies of monitoring: component, action group, alert, workbook."""

from __future__ import annotations

from .blueprint import stable_guid
from .wire import Json

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
            "emailReceivers": [{"name": "on-call", "emailAddress": "on-call@monozu.example", "status": "Enabled"}],
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


def workbook(arm_id: str, location: str, component_id: str) -> Json:
    """A shared workbook that shows a component."""
    return {
        "kind": "shared",
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "microsoft.insights/workbooks",
        "location": location,
        "tags": {"hidden-title": "Service overview"},
        "properties": {
            "displayName": "Service overview",
            "version": "Notebook/1.0",
            "category": "workbook",
            "userId": stable_guid("operator"),
            "timeModified": _STAMP,
            "sourceId": component_id,
            "revision": "1",
        },
    }
