"""The resource types that the simulated Azure Resource Manager knows, their spelling, and how their lists end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from mzaudit.simulator.arm.paging import End


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One type: canonical spelling, how its list ends, whether the list comes in pages, whether `/resources` has it."""

    name: str
    end: End = "missing"
    paged: bool = True
    tracked: bool = True


_TYPES = (
    ResourceType("Microsoft.Web/sites"),
    ResourceType("Microsoft.Web/sites/slots", end="web"),
    ResourceType("Microsoft.Web/sites/config", tracked=False),
    ResourceType("Microsoft.Web/sites/slots/config", tracked=False),
    ResourceType("Microsoft.Web/sites/sitecontainers", end="web", tracked=False),
    ResourceType("Microsoft.Web/sites/slots/sitecontainers", end="web", tracked=False),
    ResourceType("Microsoft.Web/serverfarms", end="web"),
    ResourceType("Microsoft.KeyVault/vaults"),
    ResourceType("Microsoft.KeyVault/vaults/secrets", tracked=False),
    ResourceType("Microsoft.KeyVault/vaults/keys", tracked=False),
    ResourceType("Microsoft.KeyVault/managedHSMs"),
    ResourceType("Microsoft.ContainerRegistry/registries"),
    ResourceType("Microsoft.Sql/servers"),
    ResourceType("Microsoft.Sql/servers/databases"),
    ResourceType("Microsoft.Sql/servers/administrators", tracked=False),
    ResourceType("Microsoft.Sql/servers/azureADOnlyAuthentications", tracked=False),
    ResourceType("Microsoft.Sql/servers/firewallRules", tracked=False),
    ResourceType("Microsoft.Sql/servers/auditingSettings", tracked=False),
    ResourceType("Microsoft.Sql/servers/encryptionProtector", tracked=False),
    ResourceType("Microsoft.Sql/servers/securityAlertPolicies", tracked=False),
    ResourceType("Microsoft.Sql/servers/vulnerabilityAssessments", tracked=False),
    ResourceType("Microsoft.Sql/servers/databases/transparentDataEncryption", tracked=False),
    ResourceType("Microsoft.ManagedIdentity/userAssignedIdentities"),
    ResourceType("Microsoft.Storage/storageAccounts"),
    ResourceType("Microsoft.Storage/storageAccounts/blobServices", tracked=False),
    ResourceType("Microsoft.Storage/storageAccounts/fileServices", tracked=False),
    ResourceType("Microsoft.Storage/storageAccounts/blobServices/containers", end="empty", tracked=False),
    ResourceType("Microsoft.Insights/components", end="null"),
    # The clients of these three know no nextLink, so Azure cannot cut them either.
    ResourceType("Microsoft.Insights/metricAlerts", paged=False),
    ResourceType("Microsoft.Insights/actionGroups", paged=False),
    ResourceType("Microsoft.Insights/workbooks", paged=False),
    ResourceType("Microsoft.Insights/scheduledQueryRules"),
    ResourceType("Microsoft.Insights/activityLogAlerts"),
    ResourceType("Microsoft.AlertsManagement/actionRules"),
    ResourceType("Microsoft.AlertsManagement/smartDetectorAlertRules"),
    ResourceType("Microsoft.Portal/dashboards"),
    ResourceType("Microsoft.Dashboard/dashboards"),
    ResourceType("Microsoft.ManagedIdentity/userAssignedIdentities"),
    ResourceType("Microsoft.OperationalInsights/workspaces"),
)
TYPES = {one.name.casefold(): one for one in _TYPES}
NAMESPACES = {one.name.split("/")[0].casefold(): one.name.split("/")[0] for one in _TYPES}


@lru_cache(maxsize=65536)
def type_key(arm_id: str) -> str:
    """The casefolded type that an id itself tells; a body's `type` may lie (Azure's does)."""
    scope, _, rest = arm_id.strip("/").casefold().rpartition("providers/")
    parts = rest.split("/")
    if not scope or scope.endswith("/") is False:
        return ""
    return "/".join((parts[0], *parts[1::2]))
