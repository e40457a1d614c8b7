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


_READ_RIGHTS = "Microsoft.Authorization/*/read"
_READ_GROUP = "Microsoft.Resources/subscriptions/resourceGroups/read"
_SECRETS = "Microsoft.KeyVault/vaults/secrets"
_ACR = "Microsoft.ContainerRegistry/registries"
_ACCOUNT = "Microsoft.Storage/storageAccounts"
_CONTAINERS = f"{_ACCOUNT}/blobServices/containers"
_DELEGATION_KEY = f"{_ACCOUNT}/blobServices/generateUserDelegationKey/action"

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
        (_READ_RIGHTS, "Microsoft.KeyVault/*/read", "Microsoft.KeyVault/vaults/*/read"),
        data_actions=("Microsoft.KeyVault/vaults/*",),
    ),
    "Key Vault Secrets Officer": BuiltinRole(
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
        (_READ_RIGHTS, "Microsoft.KeyVault/vaults/*/read"),
        data_actions=(f"{_SECRETS}/*",),
    ),
    "Key Vault Secrets User": BuiltinRole(
        "4633458b-17de-408a-b874-0445c86b69e6",
        data_actions=(f"{_SECRETS}/getSecret/action", f"{_SECRETS}/readMetadata/action"),
    ),
    "Key Vault Reader": BuiltinRole(
        "21090545-7ca7-4776-b22c-e363652d74d2",
        (_READ_RIGHTS, "Microsoft.KeyVault/deletedVaults/read", "Microsoft.KeyVault/vaults/*/read"),
        data_actions=("Microsoft.KeyVault/vaults/*/read", f"{_SECRETS}/readMetadata/action"),
    ),
    "Key Vault Certificate User": BuiltinRole(
        "db79e9a7-68ee-4b58-9aeb-b90e7c24fcba",
        data_actions=(
            "Microsoft.KeyVault/vaults/certificates/read",
            f"{_SECRETS}/getSecret/action",
            f"{_SECRETS}/readMetadata/action",
        ),
    ),
    "Key Vault Contributor": BuiltinRole(
        "f25e0fa2-a7c8-4377-a976-54943a77a395",
        (_READ_RIGHTS, "Microsoft.KeyVault/*", _READ_GROUP, "Microsoft.Support/*"),
        ("Microsoft.KeyVault/locations/deletedVaults/purge/action", "Microsoft.KeyVault/hsmPools/*"),
    ),
    "Key Vault Data Access Administrator": BuiltinRole(
        "8b54135c-b56d-4d72-a534-26097cfdc8d8",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            _READ_RIGHTS,
            "Microsoft.KeyVault/vaults/*/read",
            _READ_GROUP,
        ),
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
        "17d1049b-9a84-46fb-8f53-869881c3d3ab", (_READ_RIGHTS, f"{_ACCOUNT}/*", _READ_GROUP, "Microsoft.Support/*")
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
            _READ_RIGHTS,
            "Microsoft.Insights/components/*",
            _READ_GROUP,
            "Microsoft.Web/certificates/*",
            "Microsoft.Web/serverFarms/join/action",
            "Microsoft.Web/serverFarms/read",
            "Microsoft.Web/sites/*",
        ),
    ),
    "Web Plan Contributor": BuiltinRole(
        "2cc479cb-7b4d-49a8-b449-8c00fd0f36ab", (_READ_RIGHTS, _READ_GROUP, "Microsoft.Web/serverFarms/*")
    ),
    "SQL DB Contributor": BuiltinRole(
        "9b7fa17d-e63e-47b0-bb0a-15c516ac86ec",
        (_READ_RIGHTS, _READ_GROUP, "Microsoft.Sql/servers/databases/*", "Microsoft.Sql/servers/read"),
    ),
    "SQL Server Contributor": BuiltinRole(
        "6d8ee4ec-f05a-4a1d-8b00-a9b17e38b437", (_READ_RIGHTS, _READ_GROUP, "Microsoft.Sql/servers/*")
    ),
    "SQL Security Manager": BuiltinRole(
        "056cd41c-7e88-42e1-933e-88ba6a50c9c3",
        (
            _READ_RIGHTS,
            _READ_GROUP,
            "Microsoft.Sql/servers/databases/read",
            "Microsoft.Sql/servers/firewallRules/*",
            "Microsoft.Sql/servers/read",
            "Microsoft.Sql/servers/securityAlertPolicies/*",
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
