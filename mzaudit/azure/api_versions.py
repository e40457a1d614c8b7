"""The api-versions that mzaudit reads, one table; every snapshot records it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VERSIONS: Mapping[str, str] = MappingProxyType(
    {
        "Microsoft.Authorization/denyAssignments": "2022-04-01",
        "Microsoft.Authorization/permissions": "2022-04-01",
        "Microsoft.Authorization/roleAssignmentScheduleInstances": "2020-10-01",
        "Microsoft.Authorization/roleAssignments": "2022-04-01",
        # the stable versions leave the conditions of a role definition out
        "Microsoft.Authorization/roleDefinitions": "2022-05-01-preview",
        "Microsoft.ContainerRegistry/registries": "2025-11-01",
        "Microsoft.Insights/actionGroups": "2023-01-01",
        "Microsoft.Insights/activityLogAlerts": "2020-10-01",
        "Microsoft.Insights/components": "2020-02-02",
        "Microsoft.Insights/eventtypes": "2015-04-01",
        "Microsoft.Insights/metricAlerts": "2018-03-01",
        "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
        "Microsoft.Insights/workbooks": "2023-06-01",
        "Microsoft.KeyVault/vaults": "2026-05-15",
        "Microsoft.ManagedIdentity/identities": "2023-01-31",
        "Microsoft.Portal/dashboards": "2020-09-01-preview",
        "Microsoft.ResourceGraph/resources": "2022-10-01",
        "Microsoft.Sql/servers": "2025-01-01",
        "Microsoft.Storage/storageAccounts": "2026-09-01",
        "Microsoft.Web/serverfarms": "2025-05-01",
        "Microsoft.Web/sites": "2025-05-01",
        "Microsoft.AlertsManagement/actionRules": "2021-08-08",
        "Microsoft.AlertsManagement/smartDetectorAlertRules": "2021-04-01",
        "registry data plane": "2021-07-01",
        "vault data plane": "2026-04-01",
    }
)
