"""Binds a policy to environments and subscriptions: fills in its templates and makes whole ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mzaudit import kinds
from mzaudit.policy import things
from mzaudit.policy.desired import (
    Desired,
    DesiredComponent,
    DesiredDatabase,
    DesiredEnvironment,
    DesiredOverride,
    DesiredRegistry,
    DesiredSecret,
    DesiredServer,
    DesiredService,
    DesiredSetting,
    DesiredStorage,
    DesiredVault,
    Where,
)
from mzaudit.policy.enums import SecretStyle

if TYPE_CHECKING:
    from mzaudit.policy.models import Policy, ServiceSpec


def stored_name(style: SecretStyle, documented: str) -> str:
    """The name under which a documented secret is stored."""
    match style:
        case SecretStyle.UNDERSCORE_TO_DASH:
            return documented.replace("_", "-")
        case SecretStyle.LOWER_DASH:
            return documented.replace("_", "-").lower()
        case SecretStyle.AS_IS:
            return documented


@dataclass(frozen=True, slots=True)
class Expected:
    """What this run alone expects: commits to run, by service key (IMG-006), and migrations, by database key
    (SQL-008)."""

    commits: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def bind(
    policy: Policy,
    where: Where,
    asked: tuple[str, ...],
    subscriptions: Mapping[str, str],
    expected: Expected | None = None,
) -> Desired:
    """Fill in every template. `subscriptions` holds one for each environment; `where(*path)` tells `file:line`."""
    environments = {
        env: _environment(policy, where, env, subscriptions[env], expected or Expected()) for env in policy.environments
    }
    return Desired(
        policy=policy,
        environments=environments,
        asked=asked,
        overrides={code: _override(policy, where, code, environments) for code in policy.rules},
        where=where,
    )


def _override(
    policy: Policy, where: Where, code: str, environments: Mapping[str, DesiredEnvironment]
) -> DesiredOverride:
    stated = policy.rules[code]
    names = [things.full_name(policy, name) for name in stated.things]
    held = {env: things.ids(environments[env]) for env in stated.environments or environments}
    return DesiredOverride(
        rule=code,
        severity=stated.severity,
        reason=stated.off or stated.reason or "",
        things={env: tuple(ids[name] for name in names if name in ids) if names else None for env, ids in held.items()},
        services=frozenset(
            name.removeprefix(f"{things.SERVICES}.") for name in names if name.startswith(f"{things.SERVICES}.")
        ),
        where=where("rules", code),
    )


def _environment(policy: Policy, where: Where, env: str, subscription: str, expected: Expected) -> DesiredEnvironment:
    def named(template: str) -> str:
        return template.replace("{env}", env)

    production = policy.environments[env].production
    forbidden = production or policy.environments[env].sql_auth == "managed-identity"
    group = named(policy.resource_groups.environment)
    group_id = f"/subscriptions/{subscription}/resourceGroups/{group}"
    places = policy.resource_groups
    elsewhere = places.shared_subscription
    elsewhere = elsewhere if elsewhere is not None and elsewhere.casefold() != subscription.casefold() else None
    shared_id = f"/subscriptions/{elsewhere or subscription}/resourceGroups/{named(places.shared_group)}"
    registry = DesiredRegistry(
        named(policy.registry.name),
        policy.registry.documented_name,
        kinds.REGISTRY.id(shared_id, named(policy.registry.name)),
        named(places.shared_group) + (f" of the subscription {elsewhere}" if elsewhere else ""),
        where("registry"),
    )
    component = DesiredComponent(
        env,
        named(policy.telemetry.component),
        kinds.COMPONENT.id(group_id, named(policy.telemetry.component)),
        policy.telemetry.connection_string,
        where("telemetry"),
    )
    vaults = {}
    for key, vault in policy.vaults.items():
        name = named(vault.name)
        vault_id = kinds.VAULT.id(group_id, name)
        secrets = tuple(
            DesiredSecret(
                env,
                name,
                vault_id,
                secret,
                stored_name(policy.naming.secrets, secret),
                spec,
                policy.secrets.expiring_days,
                where("vaults", key, "secrets", secret),
            )
            for secret, spec in vault.secrets.items()
        )
        owners = tuple(owner for owner, service in policy.services.items() if key in _vaults_of(service))
        vaults[key] = DesiredVault(
            env, key, name, vault_id, group, secrets, owners, vault.readers, where("vaults", key)
        )
    storage = {}
    for key, account in policy.storage.items():
        account_id = kinds.ACCOUNT.id(group_id, named(account.account))
        container = named(account.container)
        storage[key] = DesiredStorage(
            env,
            key,
            named(account.account),
            account_id,
            container,
            f"{account_id}/blobServices/default/containers/{container}",
            tuple(user for user, service in policy.services.items() if service.storage == key),
            where("storage", key),
        )
    server_group = shared_id if policy.sql.scope == "shared" else group_id
    server = _server(policy, where, env, server_group, forbidden, expected)
    services = tuple(
        DesiredService(
            env=env,
            key=key,
            title=service.title,
            production=production,
            passwords_forbidden=forbidden,
            app=named(service.app),
            id=kinds.SITE.id(group_id, named(service.app)),
            resource_group=group,
            repository=service.image.repository,
            registry=registry,
            vault=vaults[service.vault] if service.vault is not None else None,
            vaults=tuple(vaults[one] for one in _vaults_of(service)),
            settings=tuple(_settings(policy, where, key, vaults)),
            storage=storage[service.storage] if service.storage is not None else None,
            databases=service.databases,
            sidecars={name: sidecar.image for name, sidecar in service.sidecars.items()},
            component=component,
            telemetry=service.telemetry,
            plans=policy.plans,
            plaintext=service.plaintext,
            expected_commit=expected.commits.get(key),
            where=where("services", key),
            where_plans=where("plans"),
        )
        for key, service in policy.services.items()
    )
    return DesiredEnvironment(
        env=env,
        production=production,
        subscription=subscription,
        resource_group_id=group_id,
        shared_resource_group_id=shared_id,
        registry=registry,
        vaults=tuple(vaults.values()),
        services=services,
        storage=tuple(storage.values()),
        server=server,
        component=component,
        distinct_between_environments=policy.secrets.distinct_between_environments,
        where=where("environments", env),
    )


def _vaults_of(service: ServiceSpec) -> tuple[str, ...]:
    """The keys of the vaults that a service may read, each once, its own first."""
    own = (service.vault,) if service.vault is not None else ()
    return tuple(dict.fromkeys((*own, *(path.partition("/")[0] for path in service.settings.values()))))


def _settings(policy: Policy, where: Where, key: str, vaults: Mapping[str, DesiredVault]) -> Iterator[DesiredSetting]:
    """The settings of a service that refer to a secret: of its own vault in the vault's order, then of others."""
    service = policy.services[key]
    named: dict[str, list[str]] = {}
    for name, path in service.settings.items():
        named.setdefault(path, []).append(name)
    for vault in _vaults_of(service):
        for secret in vaults[vault].secrets:
            names = named.get(f"{vault}/{secret.name}", [])
            for name in names:
                yield DesiredSetting(name, secret, where("services", key, "settings", name))
            if not names and vault == service.vault:
                yield DesiredSetting(secret.name, secret, secret.where)


def _server(
    policy: Policy, where: Where, env: str, group_id: str, forbidden: bool, expected: Expected
) -> DesiredServer:
    sql = policy.sql
    server = sql.server.replace("{env}", env)
    server_id = kinds.SERVER.id(group_id, server)
    databases = []
    for key, template in sql.databases.items():
        name = template.replace("{env}", env)
        grants = tuple(
            (user, grant.roles)
            for user, service in policy.services.items()
            for grant in service.databases
            if grant.database == key
        )
        databases.append(
            DesiredDatabase(
                env=env,
                key=key,
                name=name,
                id=f"{server_id}/databases/{name}",
                server=server,
                server_id=server_id,
                grants=grants,
                passwords_forbidden=forbidden,
                tenant_column=sql.tenant_column,
                tenants=key not in sql.without_tenants,
                excused=tuple(entry.table.casefold() for entry in sql.excused),
                administrators=tuple(entry.name.casefold() for entry in sql.administrators),
                migrations=sql.migrations,
                migrated_by=tuple(name.casefold() for name in sql.migrated_by),
                version=expected.versions.get(key, sql.versions.get(key)),
                where=where("sql", "databases", key),
            )
        )
    return DesiredServer(env, server, server_id, tuple(databases), forbidden, where("sql"))
