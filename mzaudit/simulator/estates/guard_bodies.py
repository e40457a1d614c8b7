"""What guards a SQL server, its databases and a storage account beyond what mzaudit reads: other auditors ask it."""

from __future__ import annotations

from mzaudit.simulator.http_messages import Json

_SQL = "Microsoft.Sql/servers"


def sql_server(arm_id: str) -> list[Json]:
    """Auditing to a storage account, the platform's own key, and the two policies of Defender, which are off."""
    return [
        _child(
            arm_id,
            f"{_SQL}/auditingSettings",
            "Default",
            {
                "state": "Enabled",
                "retentionDays": 90,
                "auditActionsAndGroups": [
                    "SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP",
                    "FAILED_DATABASE_AUTHENTICATION_GROUP",
                    "BATCH_COMPLETED_GROUP",
                ],
                "isStorageSecondaryKeyInUse": False,
                "isAzureMonitorTargetEnabled": True,
                "isManagedIdentityInUse": True,
                "storageAccountSubscriptionId": "00000000-0000-0000-0000-000000000000",
            },
        ),
        _child(
            arm_id,
            f"{_SQL}/encryptionProtector",
            "current",
            {"serverKeyName": "ServiceManaged", "serverKeyType": "ServiceManaged", "autoRotationEnabled": False},
        )
        | {"kind": "servicemanaged"},
        _child(
            arm_id,
            f"{_SQL}/securityAlertPolicies",
            "Default",
            {
                "state": "Disabled",
                "disabledAlerts": [""],
                "emailAddresses": [""],
                "emailAccountAdmins": False,
                "storageEndpoint": "",
                "storageAccountAccessKey": "",
                "retentionDays": 0,
            },
        ),
        _child(
            arm_id,
            f"{_SQL}/vulnerabilityAssessments",
            "Default",
            {"recurringScans": {"isEnabled": False, "emailSubscriptionAdmins": True}},
        ),
    ]


def database(arm_id: str) -> Json:
    """Encryption at rest, which is on."""
    return _child(arm_id, f"{_SQL}/databases/transparentDataEncryption", "current", {"state": "Enabled"})


def storage_account(arm_id: str) -> Json:
    """The file service, which keeps deleted shares for a week."""
    kept = {"enabled": True, "days": 7}
    properties: Json = {"protocolSettings": {"smb": {}}, "cors": {"corsRules": []}, "shareDeleteRetentionPolicy": kept}
    service = _child(arm_id, "Microsoft.Storage/storageAccounts/fileServices", "default", properties)
    return service | {"sku": {"name": "Standard_ZRS", "tier": "Standard"}}


def _child(arm_id: str, type_name: str, name: str, properties: Json) -> Json:
    return {
        "properties": properties,
        "id": f"{arm_id}/{type_name.rsplit('/', 1)[-1]}/{name}",
        "name": name,
        "type": type_name,
    }
