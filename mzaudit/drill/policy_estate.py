"""From a bound policy to the simulated estate in which everything is as the policy says."""

from __future__ import annotations

from mzaudit.drill import mutations
from mzaudit.policy.desired import Desired, DesiredDatabase, DesiredEnvironment, DesiredService, DesiredStorage
from mzaudit.simulator import Blueprint, Estate, build
from mzaudit.simulator.estates import resource_bodies
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from mzaudit.simulator.estates.estate_plan import AppPlan, DatabaseUse, EnvironmentPlan, SecretPlan, VaultPlan

_PLAIN_COMPONENT_SETTING = "APPLICATIONINSIGHTS_CONNECTION_STRING"  # what the simulator gives an app without a vault
_PAGE = 50  # a page size that keeps runs short; small pages are a variation of their own


def estate_of(wanted: Desired) -> Estate:
    """Build the conforming estate."""
    first = wanted.environments[wanted.asked[0]]
    estate = build("compliant", blueprint(wanted))
    estate.page_size = _PAGE
    for env in wanted.environments.values():
        _further_storage(estate, env)
        _shared_server(estate, env)
        _own_registry(estate, env, first)
        for service in env.services:
            _settings(estate, service)
            _telemetry(estate, service)
        for database in env.server.databases:
            _migrations(estate, database)
        for vault in env.vaults:
            for reader in vault.readers:
                estate.assign(reader.object_id, mutations.SECRETS_USER, vault.id, principal_type="User")
    return estate


def _migrations(estate: Estate, database: DesiredDatabase) -> None:
    """A history as the policy expects it: the newest version, and who applied it."""
    if database.migrated_by:
        mutations.last_migration(estate, database, {"installed_by": database.migrated_by[0]})
    if database.version is not None:
        del mutations.inside(estate, database).table(database.migrations).rows[:-1]
        mutations.last_migration(estate, database, {"version": database.version})


def blueprint(wanted: Desired) -> Blueprint:
    """The simulator's plan of the estate; what it cannot plan, `estate_of` adds."""
    first = wanted.environments[wanted.asked[0]]
    _, _, subscription, _, shared = first.shared_resource_group_id.split("/")
    return Blueprint(
        environments=tuple(_environment(wanted, env) for env in wanted.environments.values()),
        registry=first.registry.name,
        login_server=f"{first.registry.name.casefold()}.azurecr.io",
        shared_resource_group=shared,
        shared_subscription_id=subscription,
        tenant_column=wanted.policy.sql.tenant_column,
        migrations=wanted.policy.sql.migrations,
    )


def plan_size(wanted: Desired, env: DesiredEnvironment) -> str:
    """The recommended plan, but the smallest sufficient one where the policy allows plans to differ."""
    meant = any("plan" in allowed.what and env.env in allowed.between for allowed in wanted.policy.parity)
    plans = wanted.policy.plans
    return next(iter(plans.minimum.values())) if meant and not env.production else plans.recommended


def _environment(wanted: Desired, env: DesiredEnvironment) -> EnvironmentPlan:
    storage = env.storage[0] if env.storage else None
    return EnvironmentPlan(
        name=env.env,
        resource_group=env.resource_group_id.rsplit("/", 1)[-1],
        plan=f"asp-{wanted.policy.estate}-{env.env}",
        plan_sku=plan_size(wanted, env),
        apps=tuple(_app(env, service, storage) for service in env.services),
        vaults=tuple(
            VaultPlan(
                vault.name,
                tuple(
                    SecretPlan(secret.name, secret.stored, secret.spec.kind.value, secret.spec.shared)
                    for secret in vault.secrets
                ),
            )
            for vault in env.vaults
        ),
        sql_server=env.server.name,
        databases=tuple(database.name for database in env.server.databases),
        storage_account=storage.account if storage is not None else f"st{env.env}unasked",
        container=storage.container if storage is not None else "unasked",
        component=env.component.name,
        subscription_id=env.subscription,
    )


def _app(env: DesiredEnvironment, service: DesiredService, storage: DesiredStorage | None) -> AppPlan:
    vault = service.vault.name if service.vault is not None else None
    reads = service.storage is not None and service.storage == storage
    names = {database.key: database.name for database in env.server.databases}
    uses = tuple(DatabaseUse(names[grant.database], grant.roles) for grant in service.databases)
    return AppPlan(service.key, service.app, service.repository, vault, reads_blobs=reads, databases=uses)


def _further_storage(estate: Estate, env: DesiredEnvironment) -> None:
    for storage in env.storage[1:]:
        if storage.account_id.casefold() not in estate.resources:
            for body in resource_bodies.storage_account(storage.account_id, "westeurope"):
                estate.add(body)
        estate.add(resource_bodies.container(storage.container_id))
        for service in env.services:
            if service.key in storage.users:
                estate.assign(mutations.principal(estate, service), mutations.BLOB_READER, storage.container_id)


def _shared_server(estate: Estate, env: DesiredEnvironment) -> None:
    """A server for all environments lies in the shared group; the simulator plans it into an environment's."""
    found = str(estate.named("Microsoft.Sql/servers", env.server.name)["id"])
    if found.casefold() == env.server.id.casefold():
        return
    for known in [k for k in estate.resources if k == found.casefold() or k.startswith(found.casefold() + "/")]:
        body = estate.resources.pop(known)
        body["id"] = env.server.id + str(body["id"])[len(found) :]
        estate.add(body)
        if known in estate.sql:
            estate.sql[str(body["id"]).casefold()] = estate.sql.pop(known)


def _own_registry(estate: Estate, env: DesiredEnvironment, first: DesiredEnvironment) -> None:
    """A registry whose name or group is a template is one for each environment."""
    if env.registry.id.casefold() == first.registry.id.casefold():
        return
    host = f"{env.registry.name.casefold()}.azurecr.io"
    if env.registry.id.casefold() not in estate.resources:
        estate.add(resource_bodies.resource_group(env.shared_resource_group_id, "westeurope"))
        estate.add(resource_bodies.registry(env.registry.id, "westeurope", host))
    for service in env.services:
        mutations.run_image(estate, service, f"{host}/{service.repository}:{commit(service.repository, LATEST_COMMIT)}")
        estate.revoke(mutations.principal(estate, service), "AcrPull")
        estate.assign(mutations.principal(estate, service), "AcrPull", env.registry.id)


def _settings(estate: Estate, service: DesiredService) -> None:
    """The settings whose names are not their secrets', and the vaults besides its own that the service may read."""
    held = mutations.settings(estate, service)
    names = {setting.name for setting in service.settings}
    for secret in service.vault.secrets if service.vault is not None else ():
        if secret.name not in names:
            del held[secret.name]
    for setting in service.settings:
        if setting.name != setting.secret.name or setting.name not in held:
            held[setting.name] = mutations.reference(setting.secret)
    for vault in service.vaults:
        if vault != service.vault:
            estate.assign(mutations.principal(estate, service), mutations.SECRETS_USER, vault.id)


def _telemetry(estate: Estate, service: DesiredService) -> None:
    """The setting that names the component, for every service that exports and does not have it from its vault."""
    settings, name = mutations.settings(estate, service), service.component.setting
    if service.vault is None:
        settings.pop(_PLAIN_COMPONENT_SETTING)
    if service.telemetry and name not in settings:
        settings[name] = str(estate.resource(service.component.id)["properties"]["ConnectionString"])
