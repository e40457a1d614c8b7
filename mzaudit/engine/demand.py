"""What a policy can demand of an estate: a rule says what it guards, the drill what a deviation violates."""

from __future__ import annotations

from enum import StrEnum


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
    ACCESS = "identities hold their documented roles"
    NOTHING_UNDOCUMENTED = "vaults hold what is documented"
    RESOURCES = "resources of any type are there"
    DOCUMENTED = "groups hold what is documented"
    BODIES = "bodies are as expected"
