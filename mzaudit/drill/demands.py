"""What a policy can demand of an estate, and the rules that have to answer where it is violated.

The drill knows no rule but by its code: a deviation says which demand it violates, and is caught only if one of these
rules now fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Demand(StrEnum):
    """Something that a policy can demand."""

    APPS = "apps are there, on Linux"
    DATABASES = "databases are on their server"
    ROW_SECURITY = "rows of tenants are kept apart"
    NO_PASSWORDS = "databases take no password"
    MIGRATIONS = "migrations are applied"
    CONTAINERS = "apps run containers of the registry"
    PLAN_MINIMUM = "plans are enough"
    PLAN_RECOMMENDED = "production has the recommended plan"
    IDENTITY = "apps have their identity"
    VAULT_ROLE = "identities read their vault by its role"
    REFERENCES = "settings are references"
    REGISTRY = "the registry is there, and used"
    TAGS = "tags say what runs"
    LATEST = "the newest image runs"
    VAULT_ISOLATION = "a vault is its services' alone"
    SECRETS = "secrets are there, and fit"
    SHARED_SECRETS = "shared secrets are equal"
    TELEMETRY = "telemetry is exported"
    CONNECTION_STRING = "connection strings name the component"
    WATCHED = "the component is watched"
    NO_CREDENTIALS = "settings hold no credential"
    DATABASE_USERS = "identities are users of their databases"
    CONTAINER = "containers are there"
    CONTAINER_ACCESS = "a container is its services' alone"
    ISOLATION = "nothing reaches what is not documented"
    NOTHING_UNDOCUMENTED = "vaults hold what is documented"


_GUARDS: Final[Mapping[Demand, tuple[str, ...]]] = MappingProxyType(
    {
        Demand.APPS: ("APP-001", "APP-006"),
        Demand.DATABASES: ("SQL-001",),
        Demand.ROW_SECURITY: ("SQL-007",),
        Demand.NO_PASSWORDS: ("SET-005", "SQL-002", "SQL-006", "ENV-001"),
        Demand.MIGRATIONS: ("SQL-008",),
        Demand.CONTAINERS: ("APP-002", "IMG-002", "IMG-007", "ENV-001"),
        Demand.PLAN_MINIMUM: ("APP-003", "ENV-001"),
        Demand.PLAN_RECOMMENDED: ("APP-004", "ENV-001"),
        Demand.IDENTITY: ("APP-005", "RBAC-007", "ENV-001"),
        Demand.VAULT_ROLE: ("KV-002", "RBAC-001", "RBAC-006", "ENV-001"),
        Demand.REFERENCES: ("SET-001", "SET-002", "SET-003", "ENV-001"),
        Demand.REGISTRY: ("IMG-001", "IMG-002"),
        Demand.TAGS: ("IMG-003", "IMG-004", "IMG-006"),
        Demand.LATEST: ("IMG-005", "IMG-006"),
        Demand.VAULT_ISOLATION: ("KV-001", "KV-008", "SET-006", "RBAC-002", "RBAC-003", "ENV-001"),
        Demand.SECRETS: ("KV-003", "KV-004", "KV-005", "KV-007", "ENV-001"),
        Demand.SHARED_SECRETS: ("KV-006",),
        Demand.TELEMETRY: ("OBS-001", "OBS-003", "ENV-001"),
        Demand.CONNECTION_STRING: ("KV-007", "OBS-002"),
        Demand.WATCHED: ("OBS-001", "OBS-004", "OBS-005"),
        Demand.NO_CREDENTIALS: ("IMG-007", "SET-004", "ENV-001"),
        Demand.DATABASE_USERS: ("SQL-003", "SQL-004"),
        Demand.CONTAINER: ("BLOB-001",),
        Demand.CONTAINER_ACCESS: ("BLOB-002", "RBAC-004", "RBAC-005", "RBAC-006", "ENV-001"),
        Demand.ISOLATION: ("RBAC-002", "RBAC-005", "SET-006", "SQL-005", "ENV-001"),
        Demand.NOTHING_UNDOCUMENTED: ("KV-005", "ENV-001"),
    }
)


def guards(demands: Iterable[Demand]) -> frozenset[str]:
    """The codes of the rules of which one has to fail where one of these is violated."""
    return frozenset(code for demand in demands for code in _GUARDS[demand])
