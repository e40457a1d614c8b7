"""The built-in role definitions of Azure that the estate knows, by name: GUID and permissions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltinRole:
    """One built-in role; its GUID is the same in every tenant."""

    guid: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    condition: str | None = None


_READ_RIGHTS = "Microsoft.Authorization/*/read"
_READ_GROUP = "Microsoft.Resources/subscriptions/resourceGroups/read"
_DEPLOYMENTS = "Microsoft.Resources/deployments/*"
_ALERT_RULES = "Microsoft.Insights/alertRules/*"
_HEALTH = "Microsoft.ResourceHealth/availabilityStatuses/read"
_SUPPORT = "Microsoft.Support/*"
# What nearly every role for a kind of resource holds besides.
_USUAL = (_READ_RIGHTS, _ALERT_RULES, _DEPLOYMENTS, _READ_GROUP, _SUPPORT)
_SECRETS = "Microsoft.KeyVault/vaults/secrets"
_VAULTS = (
    "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.KeyVault/locations/*/read",
    "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/operations/read",
)
_ACR = "Microsoft.ContainerRegistry/registries"
_ACCOUNT = "Microsoft.Storage/storageAccounts"
_CONTAINERS = f"{_ACCOUNT}/blobServices/containers"
_DELEGATION_KEY = f"{_ACCOUNT}/blobServices/generateUserDelegationKey/action"

# What both roles for SQL leave to SQL Security Manager, below each of these.
_SQL_GUARDED = tuple(
    f"Microsoft.Sql/{owner}/{what}"
    for owner, guarded in {
        "managedInstances/databases": (
            "currentSensitivityLabels/*",
            "recommendedSensitivityLabels/*",
            "schemas/tables/columns/sensitivityLabels/*",
            "securityAlertPolicies/*",
            "sensitivityLabels/*",
            "vulnerabilityAssessments/*",
        ),
        "managedInstances": ("securityAlertPolicies/*", "vulnerabilityAssessments/*"),
        "servers/databases": (
            "auditingSettings/*",
            "auditRecords/read",
            "currentSensitivityLabels/*",
            "dataMaskingPolicies/*",
            "extendedAuditingSettings/*",
            "recommendedSensitivityLabels/*",
            "schemas/tables/columns/sensitivityLabels/*",
            "securityAlertPolicies/*",
            "securityMetrics/*",
            "sensitivityLabels/*",
            "vulnerabilityAssessments/*",
            "vulnerabilityAssessmentScans/*",
            "vulnerabilityAssessmentSettings/*",
        ),
        "servers": ("vulnerabilityAssessments/*",),
    }.items()
    for what in guarded
)
_SQL_USUAL = (
    *_USUAL,
    _HEALTH,
    "Microsoft.Sql/locations/*/read",
    "Microsoft.Insights/metrics/read",
    "Microsoft.Insights/metricDefinitions/read",
)
# What SQL Security Manager manages, writes and reads.
_LABELS = (
    "currentSensitivityLabels",
    "recommendedSensitivityLabels",
    "schemas/tables/columns/sensitivityLabels",
    "securityAlertPolicies",
    "sensitivityLabels",
    "transparentDataEncryption",
    "vulnerabilityAssessments",
)
_SQL_MANAGED = (
    *(f"managedInstances/databases/{name}" for name in _LABELS),
    "managedInstances/securityAlertPolicies",
    "managedInstances/vulnerabilityAssessments",
    "managedInstances/azureADOnlyAuthentications",
    *(f"servers/databases/{name}" for name in _LABELS),
    "servers/databases/auditingSettings",
    "servers/databases/dataMaskingPolicies",
    "servers/databases/ledgerDigestUploads",
    "servers/databases/securityMetrics",
    "servers/databases/sqlvulnerabilityAssessments",
    "servers/databases/vulnerabilityAssessmentScans",
    "servers/databases/vulnerabilityAssessmentSettings",
    "servers/auditingSettings",
    "servers/azureADOnlyAuthentications",
    "servers/devOpsAuditingSettings",
    "servers/extendedAuditingSettings",
    "servers/externalPolicyBasedAuthorizations",
    "servers/firewallRules",
    "servers/securityAlertPolicies",
    "servers/sqlvulnerabilityAssessments",
    "servers/vulnerabilityAssessments",
)
_SQL_WRITTEN = (
    "managedInstances/advancedThreatProtectionSettings",
    "managedInstances/databases/advancedThreatProtectionSettings",
    "managedInstances/serverConfigurationOptions",
    "servers/advancedThreatProtectionSettings",
    "servers/databases/advancedThreatProtectionSettings",
)
_SQL_READ = (
    "managedInstances",
    "managedInstances/administrators",
    "servers",
    "servers/administrators",
    "servers/databases",
    "servers/databases/auditRecords",
    "servers/databases/extendedAuditingSettings",
    "servers/databases/schemas",
    "servers/databases/schemas/tables",
    "servers/databases/schemas/tables/columns",
)
_SQL_LOCATIONS = (
    "administratorAzureAsyncOperation",
    "ledgerDigestUploadsAzureAsyncOperation",
    "ledgerDigestUploadsOperationResults",
    "serverConfigurationOptionAzureAsyncOperation",
)
# The roles for the data of vaults, which Key Vault Data Access Administrator may assign.
_VAULT_DATA_ROLES = (
    "00482a5a-887f-4fb3-b363-3b7fe8e74483, a4417e6f-fecd-4de8-b567-7b0420556985, 14b46e9e-c2b7-41b4-b07b-48a6ebf60603,"
    " e147488a-f6f5-4113-8e2d-b22465e65bf6, 12338af0-0e69-4776-bea7-57ae8d297424, 21090545-7ca7-4776-b22c-e363652d74d2,"
    " b86a8fe4-44ce-4948-aee5-eccb2c155cd7, 4633458b-17de-408a-b874-0445c86b69e6"
)


def _only(verb: str, attribute: str) -> str:
    """That an assignment is of one of those roles, if it is what is asked about."""
    action = f"Microsoft.Authorization/roleAssignments/{verb}"
    return (
        f"((!(ActionMatches{{'{action}'}})) OR (@{attribute}[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
        f" ForAnyOfAnyValues:GuidEquals{{{_VAULT_DATA_ROLES}}}))"
    )


BUILTIN_ROLES: dict[str, BuiltinRole] = {
    "Owner": BuiltinRole("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", ("*",)),
    "Contributor": BuiltinRole(
        "b24988ac-6180-42a0-ab88-20f7382dd24c",
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
            "Microsoft.Blueprint/blueprintAssignments/write",
            "Microsoft.Blueprint/blueprintAssignments/delete",
            "Microsoft.Compute/galleries/share/action",
            "Microsoft.Purview/consents/write",
            "Microsoft.Purview/consents/delete",
            "Microsoft.Resources/deploymentStacks/manageDenySetting/action",
            "Microsoft.Subscription/cancel/action",
            "Microsoft.Subscription/enable/action",
        ),
    ),
    "Reader": BuiltinRole("acdd72a7-3385-48ef-bd42-f606fba81ae7", ("*/read",)),
    "User Access Administrator": BuiltinRole(
        "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*")
    ),
    "Role Based Access Control Administrator": BuiltinRole(
        "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ),
    ),
    "Key Vault Administrator": BuiltinRole(
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        (*_USUAL, *_VAULTS),
        data_actions=("Microsoft.KeyVault/vaults/*",),
    ),
    "Key Vault Secrets Officer": BuiltinRole(
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        (*_USUAL, *_VAULTS),
        data_actions=(f"{_SECRETS}/*",),
    ),
    "Key Vault Secrets User": BuiltinRole(
        "4633458b-17de-408a-b874-0445c86b69e6",
        data_actions=(f"{_SECRETS}/getSecret/action", f"{_SECRETS}/readMetadata/action"),
    ),
    "Key Vault Reader": BuiltinRole(
        "21090545-7ca7-4776-b22c-e363652d74d2",
        (*_USUAL, *_VAULTS),
        data_actions=("Microsoft.KeyVault/vaults/*/read", f"{_SECRETS}/readMetadata/action"),
    ),
    "Key Vault Certificate User": BuiltinRole(
        "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        data_actions=(
            "Microsoft.KeyVault/vaults/certificates/read",
            f"{_SECRETS}/getSecret/action",
            f"{_SECRETS}/readMetadata/action",
            "Microsoft.KeyVault/vaults/keys/read",
        ),
    ),
    "Key Vault Contributor": BuiltinRole(
        "f25e0fa2-a7c8-4377-a976-54943a77a395",
        (*_USUAL, "Microsoft.KeyVault/*"),
        (
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/hsmPools/*",
            "Microsoft.KeyVault/managedHsms/*",
        ),
    ),
    "Key Vault Data Access Administrator": BuiltinRole(
        "8b54135c-b56d-4d72-a534-26097cfdc8d8",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            _READ_RIGHTS,
            _DEPLOYMENTS,
            _READ_GROUP,
            "Microsoft.Resources/subscriptions/read",
            "Microsoft.Management/managementGroups/read",
            _SUPPORT,
            "Microsoft.KeyVault/vaults/*/read",
        ),
        condition=f"{_only('write', 'Request')} AND {_only('delete', 'Resource')}",
    ),
    "Key Vault Purge Operator": BuiltinRole(
        "a68e7c17-0ab2-4c09-9a58-125dae29748c",
        (
            "Microsoft.KeyVault/locations/deletedVaults/read",
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/deletedVaults/read",
        ),
    ),
    "Storage Blob Data Reader": BuiltinRole(
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        (f"{_CONTAINERS}/read", _DELEGATION_KEY),
        data_actions=(f"{_CONTAINERS}/blobs/read",),
    ),
    "Storage Blob Data Contributor": BuiltinRole(
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        (f"{_CONTAINERS}/delete", f"{_CONTAINERS}/read", f"{_CONTAINERS}/write", _DELEGATION_KEY),
        data_actions=tuple(
            f"{_CONTAINERS}/blobs/{verb}" for verb in ("delete", "read", "write", "move/action", "add/action")
        ),
    ),
    "Storage Blob Data Owner": BuiltinRole(
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        (f"{_CONTAINERS}/*", _DELEGATION_KEY),
        data_actions=(f"{_CONTAINERS}/blobs/*",),
    ),
    "Storage Blob Delegator": BuiltinRole("db58b8e5-c6ad-4a2a-8342-4190687cbf4a", (_DELEGATION_KEY,)),
    "Storage Account Contributor": BuiltinRole(
        "17d1049b-9a84-46fb-8f53-869881c3d3ab",
        (
            *_USUAL,
            "Microsoft.Insights/diagnosticSettings/*",
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            _HEALTH,
            f"{_ACCOUNT}/*",
        ),
    ),
    "Reader and Data Access": BuiltinRole(
        "c12c1c16-33a1-487b-954d-41c89c60f349",
        (f"{_ACCOUNT}/listKeys/action", f"{_ACCOUNT}/ListAccountSas/action", f"{_ACCOUNT}/read"),
    ),
    "AcrPull": BuiltinRole("7f951dda-4ed3-4680-a7ca-43fe172d538d", (f"{_ACR}/pull/read",)),
    "AcrPush": BuiltinRole("8311e382-0749-4cb8-b61a-304f252e45ec", (f"{_ACR}/pull/read", f"{_ACR}/push/write")),
    "AcrDelete": BuiltinRole("c2f4ef07-c644-48eb-af81-4b1b4947fb11", (f"{_ACR}/artifacts/delete",)),
    "Container Registry Repository Reader": BuiltinRole(
        "b93aa761-3e63-49ed-ac28-beffa264f7ac",
        data_actions=(f"{_ACR}/repositories/metadata/read", f"{_ACR}/repositories/content/read"),
    ),
    "Container Registry Repository Writer": BuiltinRole(
        "2a1e307c-b015-4ebd-883e-5b7698a07328",
        data_actions=tuple(
            f"{_ACR}/repositories/{part}/{verb}" for part in ("metadata", "content") for verb in ("read", "write")
        ),
    ),
    "Container Registry Repository Contributor": BuiltinRole(
        "2efddaa5-3f1f-4df3-97df-af3f13818f4c",
        data_actions=tuple(
            f"{_ACR}/repositories/{part}/{verb}"
            for part in ("metadata", "content")
            for verb in ("read", "write", "delete")
        ),
    ),
    "Container Registry Repository Catalog Lister": BuiltinRole(
        "bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7", data_actions=(f"{_ACR}/catalog/read",)
    ),
    "Website Contributor": BuiltinRole(
        "de139f84-1756-47ae-9be6-808fbbe84772",
        (
            *_USUAL,
            "Microsoft.Insights/components/*",
            _HEALTH,
            "Microsoft.Web/certificates/*",
            "Microsoft.Web/listSitesAssignedToHostName/read",
            "Microsoft.Web/serverFarms/join/action",
            "Microsoft.Web/serverFarms/read",
            "Microsoft.Web/sites/*",
        ),
    ),
    "Web Plan Contributor": BuiltinRole(
        "2cc479cb-7b4d-49a8-b449-8c00fd0f0a4b",
        (
            *_USUAL,
            _HEALTH,
            "Microsoft.Web/serverFarms/*",
            "Microsoft.Web/hostingEnvironments/Join/Action",
            "Microsoft.Insights/autoscalesettings/*",
        ),
    ),
    "SQL DB Contributor": BuiltinRole(
        "9b7fa17d-e63e-47b0-bb0a-15c516ac86ec",
        (*_SQL_USUAL, "Microsoft.Sql/servers/databases/*", "Microsoft.Sql/servers/read"),
        (
            *_SQL_GUARDED,
            "Microsoft.Sql/servers/databases/ledgerDigestUploads/write",
            "Microsoft.Sql/servers/databases/ledgerDigestUploads/disable/action",
        ),
    ),
    "SQL Server Contributor": BuiltinRole(
        "6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437",
        (*_SQL_USUAL, "Microsoft.Sql/servers/*"),
        (
            *_SQL_GUARDED,
            "Microsoft.Sql/servers/auditingSettings/*",
            "Microsoft.Sql/servers/devOpsAuditingSettings/*",
            "Microsoft.Sql/servers/extendedAuditingSettings/*",
            "Microsoft.Sql/servers/securityAlertPolicies/*",
            "Microsoft.Sql/servers/azureADOnlyAuthentications/delete",
            "Microsoft.Sql/servers/azureADOnlyAuthentications/write",
            "Microsoft.Sql/servers/externalPolicyBasedAuthorizations/delete",
            "Microsoft.Sql/servers/externalPolicyBasedAuthorizations/write",
        ),
    ),
    "SQL Security Manager": BuiltinRole(
        "056cd41c-7e88-42e1-933e-88ba6a50c9c3",
        (
            *_USUAL,
            "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action",
            _HEALTH,
            *(f"Microsoft.Sql/locations/{name}/read" for name in _SQL_LOCATIONS),
            *(f"Microsoft.Sql/{name}/{verb}" for name in _SQL_WRITTEN for verb in ("read", "write")),
            *(f"Microsoft.Sql/{name}/*" for name in _SQL_MANAGED),
            *(f"Microsoft.Sql/{name}/read" for name in _SQL_READ),
            "Microsoft.Security/sqlVulnerabilityAssessments/*",
        ),
    ),
    "Monitoring Reader": BuiltinRole(
        "43d0d8ad-25c7-4714-9337-8ba259a9fe05",
        ("*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"),
    ),
    "Monitoring Metrics Publisher": BuiltinRole(
        "3913510d-42f4-4e42-8a64-420c390055eb",
        ("Microsoft.Insights/Register/Action", "Microsoft.Support/*", _READ_GROUP),
        data_actions=("Microsoft.Insights/Metrics/Write", "Microsoft.Insights/Telemetry/Write"),
    ),
}
