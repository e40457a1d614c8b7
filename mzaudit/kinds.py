"""The kinds of Azure resource that mzaudit knows: one value each, from which the other packages derive what they need.

A new kind is added here first; CONTRIBUTING.md has the whole walk.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """What Azure calls a type of resource, or a data plane, and the api-version that mzaudit reads it with."""

    type: str
    api_version: str

    def __str__(self) -> str:
        """The type, as it stands in ids and permissions."""
        return self.type

    @property
    def read(self) -> str:
        """The permission that a GET of one takes, and a list of them too."""
        return f"{self.type}/read"

    def id(self, scope: str, name: str) -> str:
        """The id of one in a resource group, or at another scope."""
        return f"{scope}/providers/{self.type}/{name}"


@dataclass(frozen=True, slots=True)
class NameRule:
    """The names that Azure accepts for a kind, from its naming rules: `noun` is the kind's word for people."""

    noun: str
    words: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class NamedKind(Kind):
    """A kind of which a policy names resources, each at the top of a resource group.

    `held_in` is the field of a snapshot that holds them by id, and `facet` the field of such a thing that says whether
    it is there. A `worldwide` name is unique in all of Azure. A resource `by_id` is read by that alone, by a reader in
    some `azure.readers` module's `BY_ID`. Of a kind that is `shared`, parts of one estate that were read apart may hold
    the same. `listed` says whether one list may replace many reads, with `query` what such a list, and every read, asks
    for besides.
    """

    name: NameRule
    held_in: str
    facet: str = "properties"
    worldwide: bool = True
    by_id: bool = False
    shared: bool = False
    listed: bool = True
    query: tuple[tuple[str, str], ...] = ()

    @property
    def noun(self) -> str:
        """The kind's word for people."""
        return self.name.noun


def _rule(noun: str, pattern: str, limits: str) -> NameRule:
    article = "an" if noun[0] in "aeiou" else "a"
    return NameRule(noun, f"{article} {noun} name ({limits})", re.compile(pattern))


SITE: Final = NamedKind(
    "Microsoft.Web/sites",
    "2025-05-01",
    _rule(
        "app",
        r"[A-Za-z0-9][A-Za-z0-9-]{0,58}[A-Za-z0-9]",
        "2 to 60 letters, digits and hyphens, no hyphen first or last",
    ),
    held_in="sites",
)
VAULT: Final = NamedKind(
    "Microsoft.KeyVault/vaults",
    "2026-05-15",
    _rule(
        "vault",
        r"(?!.*--)[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]",
        "3 to 24 letters, digits and single hyphens, a letter first, no hyphen last",
    ),
    held_in="vaults",
)
REGISTRY: Final = NamedKind(
    "Microsoft.ContainerRegistry/registries",
    "2025-11-01",
    _rule("registry", r"[A-Za-z0-9]{5,50}", "5 to 50 letters and digits"),
    held_in="registries",
    shared=True,
    listed=False,
)
SERVER: Final = NamedKind(
    "Microsoft.Sql/servers",
    "2025-01-01",
    _rule(
        "SQL server",
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "1 to 63 lower-case letters, digits and hyphens, no hyphen first or last",
    ),
    held_in="servers",
    facet="exists",
    shared=True,
    # without it Azure leaves out who administers a server: "Entra-only authentication, check the server"
    query=(("$expand", "administrators/activedirectory"),),
)
ACCOUNT: Final = NamedKind(
    "Microsoft.Storage/storageAccounts",
    "2026-09-01",
    _rule("storage account", r"[a-z0-9]{3,24}", "3 to 24 lower-case letters and digits"),
    held_in="accounts",
    by_id=True,
    shared=True,
)
COMPONENT: Final = NamedKind(
    "Microsoft.Insights/components",
    "2020-02-02",
    _rule(
        "component",
        r"[^<>%&\\?/]{0,259}[^<>%&\\?/.]",
        "at most 260 characters, none of <>%&\\?/, no dot last",
    ),
    held_in="components",
    worldwide=False,
)

USER_IDENTITY: Final = NamedKind(
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "2023-01-31",
    _rule(
        "managed identity",
        r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
        "3 to 128 letters, digits, hyphens and underscores, a letter or digit first",
    ),
    held_in="user_identities",
    worldwide=False,
    by_id=True,
    shared=True,
)

GROUP_NAME: Final = _rule(
    "resource group", r"[\w().-]{0,89}[\w()-]", "at most 90 letters, digits and _ - . ( ), no dot last"
)
CONTAINER_NAME: Final = _rule(
    "container",
    r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "3 to 63 lower-case letters, digits and single hyphens, none of these first or last",
)
DATABASE_NAME: Final = _rule(
    "database",
    r"[^<>*%&:\\/?]{0,127}[^<>*%&:\\/?.]",
    "at most 128 characters, none of <>*%&:\\/?, no dot last",
)

PLAN: Final = Kind("Microsoft.Web/serverfarms", "2025-05-01")
IDENTITY: Final = Kind("Microsoft.ManagedIdentity/identities", "2023-01-31")
METRIC_ALERT: Final = Kind("Microsoft.Insights/metricAlerts", "2018-03-01")
QUERY_RULE: Final = Kind("Microsoft.Insights/scheduledQueryRules", "2023-12-01")
ACTIVITY_ALERT: Final = Kind("Microsoft.Insights/activityLogAlerts", "2020-10-01")
SMART_DETECTOR: Final = Kind("Microsoft.AlertsManagement/smartDetectorAlertRules", "2021-04-01")
ACTION_GROUP: Final = Kind("Microsoft.Insights/actionGroups", "2023-01-01")
PROCESSING_RULE: Final = Kind("Microsoft.AlertsManagement/actionRules", "2021-08-08")
WORKBOOK: Final = Kind("Microsoft.Insights/workbooks", "2023-06-01")
DASHBOARD: Final = Kind("Microsoft.Portal/dashboards", "2020-09-01-preview")
GRAFANA_DASHBOARD: Final = Kind("Microsoft.Dashboard/dashboards", "2025-08-01")
ASSIGNMENT: Final = Kind("Microsoft.Authorization/roleAssignments", "2022-04-01")
# the stable versions leave the conditions of a role definition out
ROLE: Final = Kind("Microsoft.Authorization/roleDefinitions", "2022-05-01-preview")
DENY: Final = Kind("Microsoft.Authorization/denyAssignments", "2022-04-01")
SCHEDULE: Final = Kind("Microsoft.Authorization/roleAssignmentScheduleInstances", "2020-10-01")
PERMISSION: Final = Kind("Microsoft.Authorization/permissions", "2022-04-01")
EVENT: Final = Kind("Microsoft.Insights/eventtypes", "2015-04-01")
RESOURCE: Final = Kind("Microsoft.Resources/resources", "2021-04-01")
PROVIDER: Final = Kind("Microsoft.Resources/providers", "2021-04-01")
# the stable versions know one setting of a resource, under the name of the service
DIAGNOSTIC_SETTING: Final = Kind("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview")
RESOURCE_GRAPH: Final = Kind("Microsoft.ResourceGraph/resources", "2022-10-01")
VAULT_DATA: Final = Kind("vault data plane", "2026-04-01")
REGISTRY_DATA: Final = Kind("registry data plane", "2021-07-01")
DATABASE_DATA: Final = Kind("database", "")  # TDS, which has no api-version

KINDS: Final = tuple(each for each in tuple(globals().values()) if isinstance(each, Kind))
"""All of the above, in that order."""

NAMED: Final = tuple(each for each in KINDS if isinstance(each, NamedKind))
"""Those of which a policy names resources."""

VERSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {each.type: each.api_version for each in KINDS if each.api_version}
)
"""The api-versions that mzaudit reads, by type; every snapshot records them."""

_NAMED_BY_TYPE: Final = MappingProxyType({each.type.casefold(): each for each in NAMED})


def kind_of(resource_id: str) -> NamedKind | None:
    """The kind of a resource at the top of a resource group, by its id; None of any other."""
    parts = resource_id.strip("/").casefold().split("/")
    return _NAMED_BY_TYPE.get("/".join(parts[5:7])) if len(parts) == 8 and parts[4] == "providers" else None


def ids_by_kind(ids: Iterable[str]) -> Mapping[NamedKind, tuple[str, ...]]:
    """The ids of resources that a policy may name, by kind."""
    found: dict[NamedKind, list[str]] = {}
    for each in ids:
        if kind := kind_of(each):
            found.setdefault(kind, []).append(each)
    return {kind: tuple(held) for kind, held in found.items()}
