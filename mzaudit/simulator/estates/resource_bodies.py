"""The wire bodies of groups, vaults, registries, SQL and storage."""

from __future__ import annotations

from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.http_messages import Json

_STAMP = "2025-10-14T09:10:05.4421187Z"


def resource_group(arm_id: str, location: str) -> Json:
    """A resource group."""
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "tags": {},
        "properties": {"provisioningState": "Succeeded"},
    }


def vault(arm_id: str, location: str, tenant: str) -> Json:
    """A vault in RBAC mode."""
    name = arm_id.rsplit("/", 1)[-1]
    return {
        "id": arm_id,
        "name": name,
        "type": "Microsoft.KeyVault/vaults",
        "location": location,
        "tags": {},
        "systemData": {"createdByType": "Application", "createdAt": _STAMP, "lastModifiedAt": _STAMP},
        "properties": {
            "sku": {"family": "A", "name": "standard"},
            "tenantId": tenant,
            "accessPolicies": [],
            "enabledForDeployment": False,
            "enableSoftDelete": True,
            "softDeleteRetentionInDays": 90,
            "enableRbacAuthorization": True,
            "enablePurgeProtection": True,
            "vaultUri": f"https://{name}.vault.azure.net/",
            "provisioningState": "Succeeded",
            "publicNetworkAccess": "Enabled",
        },
    }


def let_in(vault_body: Json, tenant: str, oid: str) -> None:
    """Let somebody get and list secrets by an access policy of the vault."""
    policies = vault_body["properties"]["accessPolicies"]
    if oid not in {policy["objectId"] for policy in policies}:
        granted: Json = {"keys": [], "secrets": ["get", "list"], "certificates": []}
        policies.append({"tenantId": tenant, "objectId": oid, "permissions": granted})


def registry(arm_id: str, location: str, login_server: str) -> Json:
    """A container registry without an admin user."""
    return {
        "sku": {"name": "Premium", "tier": "Premium"},
        "type": "Microsoft.ContainerRegistry/registries",
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "location": location,
        "tags": {},
        "properties": {
            "loginServer": login_server,
            "creationDate": _STAMP,
            "provisioningState": "Succeeded",
            "adminUserEnabled": False,
            "networkRuleSet": {"defaultAction": "Allow", "ipRules": []},
            "policies": {
                "quarantinePolicy": {"status": "disabled"},
                "trustPolicy": {"type": "Notary", "status": "disabled"},
                "retentionPolicy": {"days": 7, "lastUpdatedTime": _STAMP, "status": "disabled"},
                "exportPolicy": {"status": "enabled"},
                "azureADAuthenticationAsArmPolicy": {"status": "enabled"},
            },
            "encryption": {"status": "disabled"},
            "dataEndpointEnabled": False,
            "dataEndpointHostNames": [],
            "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled",
            "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled",
            "anonymousPullEnabled": False,
            "roleAssignmentMode": "LegacyRegistryPermissions",
        },
    }


def sql_server(arm_id: str, location: str, tenant: str) -> list[Json]:
    """A server with an Entra administrator and Entra-only authentication: three resources."""
    name = arm_id.rsplit("/", 1)[-1]
    administrator: Json = {
        "administratorType": "ActiveDirectory",
        "principalType": "Group",
        "login": "sql-admins",
        "sid": stable_guid("group", "sql-admins"),
        "tenantId": tenant,
        "azureADOnlyAuthentication": True,
    }
    server: Json = {
        "kind": "v12.0",
        "properties": {
            "administratorLogin": "CloudSA4f1c09be",
            "version": "12.0",
            "state": "Ready",
            "fullyQualifiedDomainName": f"{name}.database.windows.net",
            "privateEndpointConnections": [],
            "minimalTlsVersion": "1.2",
            "publicNetworkAccess": "Enabled",
            "administrators": administrator,
            "restrictOutboundNetworkAccess": "Disabled",
        },
        "location": location,
        "id": arm_id,
        "name": name,
        "type": "Microsoft.Sql/servers",
    }
    only: Json = {
        "properties": {"azureADOnlyAuthentication": True},
        "id": f"{arm_id}/azureADOnlyAuthentications/Default",
        "name": "Default",
        "type": "Microsoft.Sql/servers",
    }
    admins: Json = {
        "properties": dict(administrator),
        "id": f"{arm_id}/administrators/ActiveDirectory",
        "name": "ActiveDirectory",
        "type": "Microsoft.Sql/servers/administrators",
    }
    return [server, only, admins]


def database(arm_id: str, location: str) -> Json:
    """A user database, or `master`."""
    name = arm_id.rsplit("/", 1)[-1]
    system = name == "master"
    shape: Json = {"name": "System" if system else "BC_Gen5", "tier": "System" if system else "BusinessCritical"}
    shape |= {"capacity": 0} if system else {"family": "Gen5", "capacity": 2}
    return {
        "sku": shape,
        "kind": "v12.0,system" if system else "v12.0,user,vcore",
        "properties": {
            "collation": "SQL_Latin1_General_CP1_CI_AS",
            "maxSizeBytes": 34359738368,
            "status": "Online",
            "databaseId": stable_guid("database", arm_id.casefold()),
            "creationDate": "2025-10-14T09:20:11.187Z",
            "currentServiceObjectiveName": "System" if system else "BC_Gen5_2",
            "zoneRedundant": False,
            "readScale": "Disabled" if system else "Enabled",
            "currentSku": dict(shape),
        },
        "location": location,
        "id": arm_id,
        "name": name,
        "type": "Microsoft.Sql/servers/databases",
    }


def storage_account(arm_id: str, location: str) -> list[Json]:
    """An account that forbids shared keys and anonymous access, with its blob service."""
    name = arm_id.rsplit("/", 1)[-1]
    account: Json = {
        "sku": {"name": "Standard_ZRS", "tier": "Standard"},
        "kind": "StorageV2",
        "id": arm_id,
        "name": name,
        "type": "Microsoft.Storage/storageAccounts",
        "location": location,
        "tags": {},
        "properties": {
            "keyCreationTime": {"key1": _STAMP, "key2": _STAMP},
            "allowCrossTenantReplication": False,
            "privateEndpointConnections": [],
            "minimumTlsVersion": "TLS1_2",
            "allowBlobPublicAccess": False,
            "allowSharedKeyAccess": False,
            "isLocalUserEnabled": True,  # worth nothing without SFTP
            "publicNetworkAccess": "Enabled",
            "networkAcls": {
                "bypass": "AzureServices",
                "virtualNetworkRules": [],
                "ipRules": [],
                "defaultAction": "Allow",
            },
            "supportsHttpsTrafficOnly": True,
            "encryption": {
                "services": {"blob": {"keyType": "Account", "enabled": True}},
                "keySource": "Microsoft.Storage",
            },
            "accessTier": "Hot",
            "provisioningState": "Succeeded",
            "creationTime": _STAMP,
            "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
            "primaryLocation": location,
            "statusOfPrimary": "available",
        },
    }
    service: Json = {
        "sku": {"name": "Standard_ZRS", "tier": "Standard"},
        "id": f"{arm_id}/blobServices/default",
        "name": "default",
        "type": "Microsoft.Storage/storageAccounts/blobServices",
        "properties": {"cors": {"corsRules": []}, "deleteRetentionPolicy": {"enabled": True, "days": 14}},
    }
    return [account, service]


def container(arm_id: str) -> Json:
    """A private blob container."""
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
        "etag": '"0x8DDF1A2B3C4D5E6"',
        "properties": {
            "immutableStorageWithVersioning": {"enabled": False},
            "deleted": False,
            "remainingRetentionDays": 0,
            "defaultEncryptionScope": "$account-encryption-key",
            "denyEncryptionScopeOverride": False,
            "publicAccess": "None",
            "leaseStatus": "Unlocked",
            "leaseState": "Available",
            "lastModifiedTime": _STAMP,
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
        },
    }


def user_assigned_identity(arm_id: str, location: str, tenant: str) -> Json:
    """A user-assigned identity."""
    oid = stable_guid("identity", arm_id.casefold())
    return {
        "id": arm_id,
        "name": arm_id.rsplit("/", 1)[-1],
        "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
        "location": location,
        "tags": {},
        "properties": {"tenantId": tenant, "principalId": oid, "clientId": stable_guid("client", oid)},
    }
