"""Every permission that the collector can need: the readers take theirs from here, and so do the roles to grant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mzaudit import kinds


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

SITE: Final = Need(kinds.SITE.read)
SITE_CONFIG: Final = Need(f"{kinds.SITE}/config/read")
SITE_REFERENCES: Final = Need(f"{kinds.SITE}/config/appsettings/read")
SITE_CONTAINERS: Final = Need(f"{kinds.SITE}/sitecontainers/read")
SITE_SETTINGS: Final = Need(f"{kinds.SITE}/config/list/action", Role.SETTINGS)
SLOT: Final = Need(f"{kinds.SITE}/slots/read")
SLOT_CONFIG: Final = Need(f"{kinds.SITE}/slots/config/read", when=_SLOTS)
SLOT_CONTAINERS: Final = Need(f"{kinds.SITE}/slots/sitecontainers/read", when=_SLOTS)
SLOT_SETTINGS: Final = Need(f"{kinds.SITE}/slots/config/list/action", Role.SETTINGS, when=_SLOTS)
PLAN: Final = Need(kinds.PLAN.read)
IDENTITY: Final = Need(kinds.IDENTITY.read)

VAULT: Final = Need(kinds.VAULT.read)
SECRET: Final = Need(f"{kinds.VAULT}/secrets/read")
SECRET_VALUE: Final = Need(f"{kinds.VAULT}/secrets/getSecret/action", Role.VALUES, At.VAULT, data=True)
SECRET_METADATA: Final = Need(
    f"{kinds.VAULT}/secrets/readMetadata/action",
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

REGISTRY: Final = Need(kinds.REGISTRY.read)
TAGS: Final = Need(f"{kinds.REGISTRY}/pull/read", when="the registry's role assignment mode is RBAC")
ABAC_TAGS: Final = Need(
    f"{kinds.REGISTRY}/repositories/metadata/read",
    data=True,
    when="the registry's role assignment mode is RBAC and ABAC (permissions by repository)",
)

SERVER: Final = Need(kinds.SERVER.read)
DATABASE: Final = Need(f"{kinds.SERVER}/databases/read")
ENTRA_ONLY: Final = Need(f"{kinds.SERVER}/azureADOnlyAuthentications/read")

ACCOUNT: Final = Need(kinds.ACCOUNT.read)
USER_IDENTITY: Final = Need(kinds.USER_IDENTITY.read)
CONTAINER: Final = Need(f"{kinds.ACCOUNT}/blobServices/containers/read")

COMPONENT: Final = Need(kinds.COMPONENT.read)
METRIC_ALERTS: Final = Need(kinds.METRIC_ALERT.read, at=At.SUBSCRIPTION)
QUERY_RULES: Final = Need(kinds.QUERY_RULE.read, at=At.SUBSCRIPTION)
ACTIVITY_ALERTS: Final = Need(kinds.ACTIVITY_ALERT.read, at=At.SUBSCRIPTION)
SMART_DETECTORS: Final = Need(kinds.SMART_DETECTOR.read, at=At.SUBSCRIPTION)
ACTION_GROUPS: Final = Need(kinds.ACTION_GROUP.read, at=At.SUBSCRIPTION)
PROCESSING_RULES: Final = Need(kinds.PROCESSING_RULE.read, at=At.SUBSCRIPTION)
WORKBOOKS: Final = Need(kinds.WORKBOOK.read, at=At.SUBSCRIPTION)
DASHBOARDS: Final = Need(kinds.DASHBOARD.read, at=At.SUBSCRIPTION)
GRAFANA_DASHBOARDS: Final = Need(kinds.GRAFANA_DASHBOARD.read, at=At.SUBSCRIPTION)

ASSIGNMENTS: Final = Need(kinds.ASSIGNMENT.read, at=At.SUBSCRIPTION)
DEFINITIONS: Final = Need(kinds.ROLE.read, at=At.SUBSCRIPTION)
DENIES: Final = Need(kinds.DENY.read, at=At.SUBSCRIPTION)
SCHEDULES: Final = Need(kinds.SCHEDULE.read, at=At.SUBSCRIPTION)
PERMISSIONS: Final = Need(kinds.PERMISSION.read)

EVENTS: Final = Need(
    f"{kinds.EVENT}/values/read",
    at=At.SUBSCRIPTION,
    when="`check --attribute` asks who changed what fails",
)

_LISTED: Final = tuple(each for each in tuple(globals().values()) if isinstance(each, Need))

NEEDS: Final = tuple(dict.fromkeys((*_LISTED, *(Need(kind.read) for kind in kinds.NAMED))))
"""All of the above, in that order, and to read each kind that a policy may name."""


PROVIDERS: Final = Need(
    "Microsoft.Resources/subscriptions/providers/read",
    at=At.SUBSCRIPTION,
    when="the policy names a resource of a type whose api-version it does not give",
)
"""What only a policy with resources of any type needs, as `of_type` does: it is not one of the above."""


INVENTORY: Final = Need("*/read", when="the policy asks for what is not documented (`undocumented`)")
"""What it takes to see every resource of a group: the list of them is cut to what the caller may read."""


def of_type(resource_type: str) -> Need:
    """What it takes to read a resource of any type."""
    known = {need.permission.casefold(): need for need in (*NEEDS, PROVIDERS, INVENTORY)}
    permission = f"{resource_type}/read"
    return known.get(permission.casefold(), Need(permission, when="the policy names a resource of this type"))


CONNECT: Final = DatabaseNeed("CONNECT", "to sign in as a user of the database")
DEFINITIONS_INSIDE: Final = DatabaseNeed("VIEW DEFINITION", "users, roles, permissions, security policies and tables")
HISTORY: Final = DatabaseNeed("SELECT on the migration history", "the migrations that were applied")

DATABASE_NEEDS: Final = (CONNECT, DEFINITIONS_INSIDE, HISTORY)
"""What is needed inside each database."""
