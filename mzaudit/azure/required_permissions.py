"""Every permission that the collector can need: the readers take theirs from here, and so do the roles to grant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The three roles that an auditing identity can be given, by the name of their definition."""

    READER = "mzaudit reader"
    SETTINGS = "mzaudit settings reader"
    VALUES = "mzaudit secret values reader"


class At(StrEnum):
    """The kind of scope at which a permission is needed."""

    SUBSCRIPTION = "subscription"
    GROUP = "resource group"
    VAULT = "vault"


@dataclass(frozen=True, slots=True)
class Need:
    """One permission as Azure spells it: an action, or with `data` a data action.

    `when` says, in words, in which case alone it is used; empty for one that every run uses.
    """

    permission: str
    role: Role = Role.READER
    at: At = At.GROUP
    data: bool = False
    when: str = ""


@dataclass(frozen=True, slots=True)
class DatabaseNeed:
    """A permission inside each database, which no role of Azure's gives; `why` says what it shows."""

    permission: str
    why: str


_SLOTS: Final = "an app has a deployment slot"

SITE: Final = Need("Microsoft.Web/sites/read")
SITE_CONFIG: Final = Need("Microsoft.Web/sites/config/read")
SITE_REFERENCES: Final = Need("Microsoft.Web/sites/config/appsettings/read")
SITE_CONTAINERS: Final = Need("Microsoft.Web/sites/sitecontainers/read")
SITE_SETTINGS: Final = Need("Microsoft.Web/sites/config/list/action", Role.SETTINGS)
SLOT: Final = Need("Microsoft.Web/sites/slots/read")
SLOT_CONFIG: Final = Need("Microsoft.Web/sites/slots/config/read", when=_SLOTS)
SLOT_CONTAINERS: Final = Need("Microsoft.Web/sites/slots/sitecontainers/read", when=_SLOTS)
SLOT_SETTINGS: Final = Need("Microsoft.Web/sites/slots/config/list/action", Role.SETTINGS, when=_SLOTS)
PLAN: Final = Need("Microsoft.Web/serverfarms/read")
IDENTITY: Final = Need("Microsoft.ManagedIdentity/identities/read")

VAULT: Final = Need("Microsoft.KeyVault/vaults/read")
SECRET: Final = Need("Microsoft.KeyVault/vaults/secrets/read")
SECRET_VALUE: Final = Need("Microsoft.KeyVault/vaults/secrets/getSecret/action", Role.VALUES, At.VAULT, data=True)
SECRET_METADATA: Final = Need(
    "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
    Role.VALUES,
    At.VAULT,
    data=True,
    when="a documented secret is missing, and may be soft-deleted; or an undocumented one may back a certificate",
)
DELETED_VAULTS: Final = Need(
    "Microsoft.KeyVault/deletedVaults/read",
    at=At.SUBSCRIPTION,
    when="a documented vault is missing: it may be soft-deleted",
)

REGISTRY: Final = Need("Microsoft.ContainerRegistry/registries/read")
TAGS: Final = Need("Microsoft.ContainerRegistry/registries/pull/read", when="the registry goes by registry-wide roles")
ABAC_TAGS: Final = Need(
    "Microsoft.ContainerRegistry/registries/repositories/metadata/read",
    data=True,
    when="the registry goes by repository permissions (ABAC)",
)

SERVER: Final = Need("Microsoft.Sql/servers/read")
DATABASE: Final = Need("Microsoft.Sql/servers/databases/read")
ENTRA_ONLY: Final = Need("Microsoft.Sql/servers/azureADOnlyAuthentications/read")

ACCOUNT: Final = Need("Microsoft.Storage/storageAccounts/read")
CONTAINER: Final = Need("Microsoft.Storage/storageAccounts/blobServices/containers/read")

COMPONENT: Final = Need("Microsoft.Insights/components/read")
METRIC_ALERTS: Final = Need("Microsoft.Insights/metricAlerts/read", at=At.SUBSCRIPTION)
QUERY_RULES: Final = Need("Microsoft.Insights/scheduledQueryRules/read", at=At.SUBSCRIPTION)
ACTIVITY_ALERTS: Final = Need("Microsoft.Insights/activityLogAlerts/read", at=At.SUBSCRIPTION)
SMART_DETECTORS: Final = Need("Microsoft.AlertsManagement/smartDetectorAlertRules/read", at=At.SUBSCRIPTION)
ACTION_GROUPS: Final = Need("Microsoft.Insights/actionGroups/read", at=At.SUBSCRIPTION)
PROCESSING_RULES: Final = Need("Microsoft.AlertsManagement/actionRules/read", at=At.SUBSCRIPTION)
WORKBOOKS: Final = Need("Microsoft.Insights/workbooks/read", at=At.SUBSCRIPTION)
DASHBOARDS: Final = Need("Microsoft.Portal/dashboards/read", at=At.SUBSCRIPTION)

ASSIGNMENTS: Final = Need("Microsoft.Authorization/roleAssignments/read", at=At.SUBSCRIPTION)
DEFINITIONS: Final = Need("Microsoft.Authorization/roleDefinitions/read", at=At.SUBSCRIPTION)
DENIES: Final = Need("Microsoft.Authorization/denyAssignments/read", at=At.SUBSCRIPTION)
SCHEDULES: Final = Need("Microsoft.Authorization/roleAssignmentScheduleInstances/read", at=At.SUBSCRIPTION)
PERMISSIONS: Final = Need("Microsoft.Authorization/permissions/read")

EVENTS: Final = Need(
    "Microsoft.Insights/eventtypes/values/read",
    at=At.SUBSCRIPTION,
    when="`check --attribute` asks who changed what fails",
)

NEEDS: Final = tuple(each for each in tuple(globals().values()) if isinstance(each, Need))
"""All of the above, in that order."""

CONNECT: Final = DatabaseNeed("CONNECT", "to sign in as a user of the database")
DEFINITIONS_INSIDE: Final = DatabaseNeed("VIEW DEFINITION", "users, roles, permissions, security policies and tables")
HISTORY: Final = DatabaseNeed("SELECT on the migration history", "the migrations that were applied")

DATABASE_NEEDS: Final = (CONNECT, DEFINITIONS_INSIDE, HISTORY)
"""What is needed inside each database."""
