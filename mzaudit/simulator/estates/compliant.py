"""The conforming estate: everything that a blueprint plans, as wire data, with the rights that it needs."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from mzaudit.simulator.estates import guard_bodies, monitor_bodies, resource_bodies, web_bodies
from mzaudit.simulator.estates.builtin_roles import BUILTIN_ROLES
from mzaudit.simulator.estates.estate_plan import (
    AppPlan,
    Blueprint,
    EnvironmentPlan,
    SecretPlan,
    VaultPlan,
    stable_guid,
)
from mzaudit.simulator.estates.simulated_estate import (
    CANARY,
    Estate,
    SimulatedManifest,
    SimulatedPrincipal,
    canary,
    client_of,
    last_midnight,
)
from mzaudit.simulator.http_messages import Json
from mzaudit.simulator.sql import documented
from mzaudit.simulator.sql.contents import Contents

SETTINGS_LISTER = "mzaudit settings lister"
SETTINGS_LISTER_GUID = stable_guid("role", SETTINGS_LISTER)
# Every spelling of a reference that App Service takes, so that a reader of one spelling only is found out.
_SPELLINGS = (
    "@Microsoft.KeyVault(VaultName={vault};SecretName={secret})",
    "@Microsoft.KeyVault(SecretUri=https://{vault}.vault.azure.net/secrets/{secret}/)",
    "@Microsoft.KeyVault(SecretUri=https://{vault}.vault.azure.net/secrets/{secret})",
    "@Microsoft.KeyVault(SecretName={secret};VaultName={vault})",
    "@Microsoft.KeyVault(VaultName={vault};SecretName={secret};)",
)
# `kind` is free text: what tools write, and what some leave out.
_KINDS = ("app,linux,container", "app", None)


def commit(repository: str, number: int) -> str:
    """The full commit SHA of a repository's n-th image, counted from the oldest."""
    return hashlib.sha1(f"{repository}:{number}".encode(), usedforsecurity=False).hexdigest()


LATEST_COMMIT = 2


def compliant(blueprint: Blueprint, midnight: datetime | None = None) -> Estate:
    """Build the estate in which everything is as it is planned to be; `midnight` is what its dates count from, by
    default today's."""
    auditor = SimulatedPrincipal(
        "mzaudit", stable_guid("auditor", "client"), canary("client"), stable_guid("auditor", "oid")
    )
    estate = Estate(blueprint, auditor, principals=[auditor], midnight=midnight or last_midnight())
    _roles(estate)
    for subscription in estate.subscriptions:
        _admit_auditor(estate, f"/subscriptions/{subscription}")
    shared = blueprint.shared_subscription_id
    registries = {one: _registry(estate, one) for one in ((shared,) if shared is not None else estate.subscriptions)}
    for plan in blueprint.environments:
        _environment(estate, plan, registries[plan.subscription_id if shared is None else shared])
    platform = stable_guid("group", "platform-admins")
    estate.group_members[platform] = {stable_guid("operator")}
    root = f"/providers/Microsoft.Management/managementGroups/{blueprint.tenant_id}"
    estate.assign(platform, "Owner", root, principal_type="Group")
    for plan in blueprint.environments:
        _operators(estate, plan, platform)
    tickets = grant_custom_role(estate, "tickets for the whole tenant", ["Microsoft.Support/*"], scopes=["/"])
    estate.unlisted_roles.add(tickets)
    estate.assign(platform, tickets, "/", principal_type="Group")
    return estate


def _operators(estate: Estate, plan: EnvironmentPlan, group: str) -> None:
    """A custom role that is assignable in the environment's resource group alone, held there by a group."""
    scope = f"/subscriptions/{plan.subscription_id}/resourceGroups/{plan.resource_group}"
    actions = ["Microsoft.Web/sites/restart/action"]
    role = grant_custom_role(estate, f"operator of {plan.resource_group}", actions, scopes=[scope])
    estate.assign(group, role, scope, principal_type="Group")


def empty(blueprint: Blueprint) -> Estate:
    """The subscription and the auditor's rights, and nothing else: no resource groups."""
    estate = compliant(blueprint)
    estate.resources.clear()
    for table in (estate.settings, estate.secrets, estate.images, estate.slot_setting_names, estate.sql):
        table.clear()
    auditor = estate.auditor.oid
    kept = [a for a in estate.role_assignments if a["properties"]["principalId"] == auditor]
    estate.role_assignments[:] = [a for a in kept if "/providers/" not in str(a["properties"]["scope"])]
    return estate


def grant_custom_role(
    estate: Estate, name: str, actions: Sequence[str], data_actions: Sequence[str] = (), scopes: Sequence[str] = ()
) -> str:
    """Define a custom role, assignable at the scopes given or over the estate's subscriptions; gives its GUID."""
    guid = stable_guid("role", name)
    scopes = list(scopes) or [f"/subscriptions/{subscription}" for subscription in estate.subscriptions]
    permission = {
        "actions": list(actions),
        "notActions": [],
        "dataActions": list(data_actions),
        "notDataActions": [],
    }
    estate.role_definitions[guid] = _definition(estate, guid, name, "CustomRole", scopes, permission)
    return guid


def _definition(estate: Estate, guid: str, name: str, kind: str, scopes: list[str], permission: Json) -> Json:
    stamp = "2025-02-02T21:55:09.8806423Z"
    return {
        "properties": {
            "roleName": name,
            "type": kind,
            "description": name,
            "assignableScopes": scopes,
            "permissions": [permission],
            "createdOn": stamp,
            "updatedOn": stamp,
            "createdBy": None,
            "updatedBy": None,
        },
        "id": f"/subscriptions/{estate.subscriptions[0]}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": guid,
    }


def _roles(estate: Estate) -> None:
    for name, role in BUILTIN_ROLES.items():
        permission: Json = {
            "actions": list(role.actions),
            "notActions": list(role.not_actions),
            "dataActions": list(role.data_actions),
            "notDataActions": [],
        }
        if role.condition is not None:
            permission |= {"condition": role.condition, "conditionVersion": "2.0"}
        estate.role_definitions[role.guid] = _definition(estate, role.guid, name, "BuiltInRole", ["/"], permission)
    lists = ["Microsoft.Web/sites/config/list/action", "Microsoft.Web/sites/slots/config/list/action"]
    grant_custom_role(estate, SETTINGS_LISTER, lists)


def _admit_auditor(estate: Estate, subscription: str) -> None:
    estate.assign(estate.auditor.oid, "Reader", subscription)
    estate.assign(estate.auditor.oid, SETTINGS_LISTER_GUID, subscription)


def _registry(estate: Estate, subscription: str) -> str:
    blueprint = estate.blueprint
    group = f"/subscriptions/{subscription}/resourceGroups/{blueprint.shared_resource_group}"
    estate.add(resource_bodies.resource_group(group, blueprint.location))
    arm_id = f"{group}/providers/Microsoft.ContainerRegistry/registries/{blueprint.registry}"
    estate.add(resource_bodies.registry(arm_id, blueprint.location, blueprint.login_server))
    estate.assign(stable_guid("principal", "pipeline"), "AcrPush", arm_id)
    for repository in {app.repository for plan in blueprint.environments for app in plan.apps}:
        tags: dict[str, SimulatedManifest] = {}
        for number in range(LATEST_COMMIT + 1):
            sha = commit(repository, number)
            pushed = estate.midnight - timedelta(days=30 - 10 * number, hours=2)
            digest, *platforms = (
                "sha256:" + hashlib.sha256(f"{sha}{which}".encode()).hexdigest() for which in ("", " amd64", " arm64")
            )
            tags[sha] = SimulatedManifest(digest, pushed.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"), tuple(platforms))
        # A moving tag beside the commit tags, as build pipelines leave it; no app runs it.
        tags["latest"] = tags[sha]
        estate.images[repository] = tags
    return arm_id


def _environment(estate: Estate, plan: EnvironmentPlan, registry: str) -> None:
    group = f"/subscriptions/{plan.subscription_id}/resourceGroups/{plan.resource_group}"
    if group.casefold() not in estate.resources:
        estate.add(resource_bodies.resource_group(group, plan.location))
    component = estate.add(
        monitor_bodies.component(
            f"{group}/providers/microsoft.insights/components/{plan.component}", plan.location, estate.tenant_id
        )
    )
    _watch(estate, group, plan, str(component["id"]))
    databases = _sql(estate, group, plan)
    snaps = _storage(estate, group, plan)
    values: dict[str, str] = {}
    for vault in plan.vaults:
        _vault(estate, group, plan, vault, str(component["properties"]["ConnectionString"]), values)
    tier = str(web_bodies.sku(plan.plan_sku)["tier"])
    farm = f"{group}/providers/Microsoft.Web/serverfarms/{plan.plan}"
    estate.add(web_bodies.plan(farm, plan.location, plan.plan_sku, plan.subscription_id))
    for position, app in enumerate(plan.apps):
        arm_id = f"{group}/providers/Microsoft.Web/sites/{app.name}"
        host = estate.blueprint.login_server
        if position == 1:  # from the registry's host in the region, which is the same registry
            host = host.replace(".", f".{plan.location}.geo.", 1)
        for one in (arm_id, *(f"{arm_id}/slots/{slot}" for slot in app.slots)):
            body = estate.add(web_bodies.site(one, plan.location, farm, tier, estate.tenant_id))
            body["kind"] = body["properties"]["kind"] = _KINDS[position % len(_KINDS)]
            image = f"{host}/{app.repository}:{commit(app.repository, LATEST_COMMIT)}"
            estate.add(web_bodies.config_web(body, image))
            _app_settings(estate, plan, app, one, str(component["properties"]["ConnectionString"]))
            _app_rights(estate, group, app, str(body["identity"]["principalId"]), registry, snaps)
            for use in app.databases:
                user = one.split("/sites/")[1]
                client = client_of(str(body["identity"]["principalId"]))
                databases[use.database].create_user(user, client, *use.roles)


def _app_settings(estate: Estate, plan: EnvironmentPlan, app: AppPlan, site_id: str, connection: str) -> None:
    settings = {
        "OTEL_SERVICE_NAME": f"{app.key}-{CANARY}",
        "OTEL_TRACES_SAMPLER": "always_on",
        "WEBSITES_PORT": "8080",
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
    }
    settings |= _lookalikes(plan, app)
    vault = next((vault for vault in plan.vaults if vault.name == app.vault), None)
    if vault is None:
        settings["APPLICATIONINSIGHTS_CONNECTION_STRING"] = connection
    else:
        for index, secret in enumerate(vault.secrets):
            spelling = _SPELLINGS[index % len(_SPELLINGS)]
            settings[secret.setting] = spelling.format(vault=vault.name, secret=secret.stored_as)
    estate.settings[site_id.casefold()] = settings


def _lookalikes(plan: EnvironmentPlan, app: AppPlan) -> dict[str, str]:
    """What every team's apps have among their settings, and what looks like a credential to whoever looks in haste."""
    running = commit(app.repository, LATEST_COMMIT)
    unique = hashlib.sha256(plan.name.encode()).hexdigest()[:13]  # as Bicep's uniqueString() ends a name
    return {
        "ServiceBusConnection__fullyQualifiedNamespace": f"sb-monozu-{unique}.servicebus.windows.net",
        "AzureWebJobsStorage__accountName": f"st{plan.name[:9]}{unique}",
        "WORKSPACE_RESOURCE_ID": f"/subscriptions/{plan.subscription_id}/resourceGroups/{plan.resource_group}/providers"
        f"/Microsoft.OperationalInsights/workspaces/log{unique}",
        "REDIS_HOST": f"redis-{unique}.redis.cache.windows.net:6380",
        "TOKEN_ENDPOINT": "https://login.monozu.example/oauth2/v2.0/token",
        "TOKEN_TTL_SECONDS": "3600",
        "REFRESH_TOKEN": "PT12H",
        "SECRET_ROTATION_DAYS": "90",
        "FEATURE_PASSWORD_RESET": "true",
        "PASSWORD_HASHERS": "django.contrib.auth.hashers.Argon2PasswordHasher",
        "TOKEN_ENDPOINT_AUTH_METHOD": "private_key_jwt",
        "EMBEDDING_TOKENS": "8191",
        "AZURE_RESOURCE_TOKEN": unique,
        "LOGGING": base64.b64encode(b'{"level": "info", "sinks": ["console"]}').decode(),
        "WIDGET_INTEGRITY": f"sha384-{base64.b64encode(hashlib.sha384(running.encode()).digest()).decode()}",
        "SMTP_SECRET_NAME": "smtp-password",
        "SENTRY_RELEASE": f"{app.repository}@{running}",
        "DEPLOYED": commit("deployment", LATEST_COMMIT),
    }


def _app_rights(estate: Estate, group: str, app: AppPlan, oid: str, registry: str, snaps: str) -> None:
    estate.assign(oid, "AcrPull", registry)
    if app.vault is not None:
        estate.assign(oid, "Key Vault Secrets User", f"{group}/providers/Microsoft.KeyVault/vaults/{app.vault}")
    if app.reads_blobs:
        estate.assign(oid, "Storage Blob Data Reader", snaps)


def _vault(
    estate: Estate, group: str, plan: EnvironmentPlan, vault: VaultPlan, connection: str, shared: dict[str, str]
) -> None:
    arm_id = f"{group}/providers/Microsoft.KeyVault/vaults/{vault.name}"
    estate.add(resource_bodies.vault(arm_id, plan.location, estate.tenant_id))
    estate.assign(estate.auditor.oid, "Key Vault Secrets User", arm_id)
    estate.secrets[vault.name] = {}
    for secret in vault.secrets:
        value = connection if secret.kind == "application-insights" else _value(plan, secret)
        if secret.shared:
            value = shared.setdefault(secret.stored_as, value)
        estate.put_secret(vault.name, secret.stored_as, value)


def _value(plan: EnvironmentPlan, secret: SecretPlan) -> str:
    match secret.kind:
        case "guid":
            return str(uuid.uuid4())
        case "url":
            return f"https://{plan.name}.monozu.example/{canary()}"
        case "database":
            host, by_identity = f"tcp:{plan.sql_server}.database.windows.net,1433", "Active Directory Default"
            return f"Server={host};Database={plan.databases[0]};Authentication={by_identity};App={canary()}"
        case "storage":
            return f"DefaultEndpointsProtocol=https;AccountName={plan.storage_account};AccountKey={canary()}"
        case "service-bus":
            return f"Endpoint=sb://sb-{plan.name}.servicebus.windows.net/;SharedAccessKeyName=app;SharedAccessKey={canary()}"
        case "json":
            return json.dumps({"client_email": "app@monozu.example", "key": canary()})
        case "pem":
            body = base64.b64encode(canary().encode()).decode()
            return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        case _:
            return canary()


def _sql(estate: Estate, group: str, plan: EnvironmentPlan) -> dict[str, Contents]:
    """The server and its databases; gives what is inside those of the plan, by name."""
    arm_id = f"{group}/providers/Microsoft.Sql/servers/{plan.sql_server}"
    try:
        arm_id = str(estate.named("Microsoft.Sql/servers", plan.sql_server)["id"])
    except LookupError:
        for body in (
            *resource_bodies.sql_server(arm_id, plan.location, estate.tenant_id),
            *guard_bodies.sql_server(arm_id),
        ):
            estate.add(body)
    blueprint, auditor = estate.blueprint, estate.auditor
    pipeline = client_of(stable_guid("principal", "pipeline"))
    contents: dict[str, Contents] = {}
    for name in ("master", *plan.databases):
        database = estate.add(resource_bodies.database(f"{arm_id}/databases/{name}", plan.location))
        estate.add(guard_bodies.database(str(database["id"])))
        if name != "master":
            contents[name] = documented.database(
                blueprint.tenant_column, blueprint.migrations, pipeline, estate.tenant_id, estate.midnight
            )
            documented.admit_auditor(contents[name], auditor.name, auditor.client_id, blueprint.migrations)
            estate.sql[str(database["id"]).casefold()] = contents[name]
    return contents


def _storage(estate: Estate, group: str, plan: EnvironmentPlan) -> str:
    arm_id = f"{group}/providers/Microsoft.Storage/storageAccounts/{plan.storage_account}"
    for body in (*resource_bodies.storage_account(arm_id, plan.location), guard_bodies.storage_account(arm_id)):
        estate.add(body)
    return str(
        estate.add(resource_bodies.container(f"{arm_id}/blobServices/default/containers/{plan.container}"))["id"]
    )


def _watch(estate: Estate, group: str, plan: EnvironmentPlan, component: str) -> None:
    """The alert and the workbook; beside them what a subscription has that says nothing about the component."""
    provider, other = f"{group}/providers/Microsoft.Insights", f"{group}/providers/Microsoft.AlertsManagement"
    receivers = estate.add(monitor_bodies.action_group(f"{provider}/actionGroups/ag-{plan.component}"))
    called = str(receivers["id"])
    estate.add(monitor_bodies.metric_alert(f"{provider}/metricAlerts/alert-{plan.component}", component, called))
    name = stable_guid("workbook", plan.component)
    estate.add(
        monitor_bodies.workbook(f"{group}/providers/microsoft.insights/workbooks/{name}", plan.location, component)
    )
    detector = f"{other}/smartDetectorAlertRules/failure anomalies - {plan.component}"
    estate.add(monitor_bodies.smart_detector(detector, component))
    health = f"{provider}/activityLogAlerts/service-health-{plan.component}"
    estate.add(monitor_bodies.service_health_alert(health, plan.subscription_id, called))
    window: Json = {
        "recurrenceType": "Weekly",
        "startTime": "02:00:00",
        "endTime": "03:00:00",
        "daysOfWeek": ["Sunday"],
    }
    planned: list[Json] = [{"field": "Description", "operator": "Contains", "values": ["planned"]}]
    maintenance = f"{other}/actionRules/maintenance"
    estate.add(monitor_bodies.processing_rule(maintenance, group, conditions=planned, recurrences=[window]))
