"""From a plan to wire data: the estate that holds all that is planned with the rights that it needs, that estate as a
caller without rights meets it, and one that holds nothing."""

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
    NONE,
    SYSTEM,
    AccountPlan,
    AppPlan,
    EnvironmentPlan,
    EstatePlan,
    RegistryPlan,
    SecretPlan,
    ServerPlan,
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
_PUBLIC_IMAGE = "DOCKER|mcr.microsoft.com/appsvc/staticsite:latest"
# `kind` is free text: what tools write, and what some leave out.
_KINDS: tuple[str | None, ...] = ("app,linux,container", "app", None)


_LOCATION = "westeurope"
_BLOB_READ = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
_BLIND_READS = (
    "Microsoft.Resources/subscriptions/read",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Web/sites/read",
)


def commit(repository: str, number: int) -> str:
    """The full commit SHA of a repository's n-th image, counted from the oldest."""
    return hashlib.sha1(f"{repository}:{number}".encode(), usedforsecurity=False).hexdigest()


LATEST_COMMIT = 2


def compliant(plan: EstatePlan, midnight: datetime | None = None) -> Estate:
    """Build the estate in which everything is as it is planned to be; `midnight` is what its dates count from, by
    default today's."""
    auditor = SimulatedPrincipal(
        "mzaudit", stable_guid("auditor", "client"), canary("client"), stable_guid("auditor", "oid")
    )
    estate = Estate(
        plan.tenant_id.casefold(),
        plan.subscriptions,
        auditor,
        principals=[auditor],
        midnight=midnight or last_midnight(),
    )
    _roles(estate)
    for subscription in estate.subscriptions:
        _admit_auditor(estate, f"/subscriptions/{subscription}")
    for registry in plan.registries:
        _registry(estate, registry)
    for environment in plan.environments:
        _environment(estate, environment)
    platform = stable_guid("group", "platform-admins")
    estate.group_members[platform] = {stable_guid("operator")}
    root = f"/providers/Microsoft.Management/managementGroups/{plan.tenant_id}"
    estate.assign(platform, "Owner", root, principal_type="Group")
    for environment in plan.environments:
        _operators(estate, environment.group, platform)
    tickets = grant_custom_role(estate, "tickets for the whole tenant", ["Microsoft.Support/*"], scopes=["/"])
    estate.unlisted_roles.add(tickets)
    estate.assign(platform, tickets, "/", principal_type="Group")
    return estate


def _operators(estate: Estate, scope: str, group: str) -> None:
    """A custom role that is assignable in an environment's resource group alone, held there by a group."""
    actions = ["Microsoft.Web/sites/restart/action"]
    role = grant_custom_role(estate, f"operator of {scope.rpartition('/')[2]}", actions, scopes=[scope])
    estate.assign(group, role, scope, principal_type="Group")


def blind(plan: EstatePlan) -> Estate:
    """The auditor sees resource groups and sites, and is refused everything else; no database knows it."""
    estate = compliant(plan)
    auditor = estate.auditor.oid
    for inside in estate.sql.values():
        inside.drop_user(estate.auditor.name)
    estate.role_assignments[:] = [a for a in estate.role_assignments if a["properties"]["principalId"] != auditor]
    guid = grant_custom_role(estate, "mzaudit sites only", _BLIND_READS)
    for subscription in estate.subscriptions:
        estate.assign(auditor, guid, f"/subscriptions/{subscription}")
    return estate


def empty(plan: EstatePlan) -> Estate:
    """The subscriptions and the auditor's rights, and nothing else: no resource groups."""
    estate = compliant(plan)
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


def _group(estate: Estate, arm_id: str) -> str:
    """The id of the resource group that a thing is in, which is made if it is not there."""
    group = "/".join(arm_id.split("/")[:5])
    if group.casefold() not in estate.resources:
        estate.add(resource_bodies.resource_group(group, _LOCATION))
    return group


def _registry(estate: Estate, plan: RegistryPlan) -> None:
    _group(estate, plan.id)
    estate.add(resource_bodies.registry(plan.id, _LOCATION, plan.login_server))
    estate.assign(stable_guid("principal", "pipeline"), "AcrPush", plan.id)
    for repository in plan.repositories:
        tags: dict[str, SimulatedManifest] = {}
        for number, tag in enumerate(repository.tags):
            pushed = estate.midnight - timedelta(days=10 * (len(repository.tags) - number), hours=2)
            digest, *platforms = (
                "sha256:" + hashlib.sha256(f"{repository.name}:{tag}{which}".encode()).hexdigest()
                for which in ("", " amd64", " arm64")
            )
            tags[tag] = SimulatedManifest(digest, pushed.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"), tuple(platforms))
        # A moving tag beside the others, as build pipelines leave it; no app runs it.
        tags["latest"] = tags[repository.tags[-1]]
        # Repositories of one name in several registries are one here, with the tags of each.
        estate.images[repository.name] = estate.images.get(repository.name, {}) | tags


def _environment(estate: Estate, plan: EnvironmentPlan) -> None:
    _group(estate, plan.group)
    for component in plan.components:
        _group(estate, component)
        estate.add(monitor_bodies.component(component, _LOCATION, estate.tenant_id))
        _watch(estate, component)
    for server in plan.servers:
        _server(estate, server)
    for account in plan.accounts:
        _account(estate, account)
    values = {
        secret.mark: estate.secrets[vault.name][secret.stored_as].current.value
        for vault in plan.vaults
        if vault.id.casefold() in estate.resources  # another environment's too, whose values hold here as well
        for secret in vault.secrets
        if secret.mark
    }
    for vault in plan.vaults:
        _vault(estate, plan.name, vault, values)
    for position, app in enumerate(plan.apps):
        _app(estate, plan, app, position)
    for principal in plan.principals:
        for role, scope in principal.roles:
            _grant(estate, principal.object_id, role, scope, principal.type)


def _app(estate: Estate, plan: EnvironmentPlan, app: AppPlan, position: int) -> None:
    _group(estate, app.id)
    if app.farm.id.casefold() not in estate.resources:
        estate.add(web_bodies.plan(app.farm.id, _LOCATION, app.farm.sku, app.farm.id.split("/")[2]))
    tier = str(web_bodies.sku(app.farm.sku)["tier"])
    kind: str | None
    runs, kind = app.stack or _PUBLIC_IMAGE, ",".join(("functionapp" if app.function else "app", "linux"))
    if app.image is None and not app.stack:
        kind = f"{kind},container"
    if app.image is not None:
        host = f"{app.image.registry.rpartition('/')[2].casefold()}.azurecr.io"
        if position == 1:  # from the registry's host in the region, which is the same registry
            host = host.replace(".", f".{_LOCATION}.geo.", 1)
        which = f"@{app.image.digest}" if app.image.digest else f":{app.image.tag}"
        runs = f"DOCKER|{host}/{app.image.repository}{which}"
        kind = f"{kind},container" if app.function else _KINDS[position % len(_KINDS)]
    for one in (app.id, *(f"{app.id}/slots/{slot}" for slot in app.slots)):
        body = estate.add(web_bodies.site(one, _LOCATION, app.farm.id, tier, estate.tenant_id))
        body["kind"] = body["properties"]["kind"] = kind
        estate.add(web_bodies.config_web(body, runs))
        _app_settings(estate, plan, app, one)
        _app_identity(estate, app, one)


def _app_identity(estate: Estate, app: AppPlan, site_id: str) -> None:
    """What the app's identity is and may do, at Azure and inside databases."""
    site = estate.resource(site_id)
    if app.identity == NONE:
        del site["identity"]
        return
    oid = str(site["identity"]["principalId"])
    user = site_id.split("/sites/")[1]
    if app.identity != SYSTEM:
        body = estate.resources.get(app.identity.casefold())
        if body is None:
            _group(estate, app.identity)
            body = estate.add(resource_bodies.user_assigned_identity(app.identity, _LOCATION, estate.tenant_id))
        user, oid = str(body["name"]), str(body["properties"]["principalId"])
        shown = {"principalId": oid, "clientId": client_of(oid)}
        site["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {app.identity: shown}}
        config = estate.resource(f"{site_id}/config/web")["properties"]
        config["acrUserManagedIdentityID"] = client_of(oid)
        site["properties"]["keyVaultReferenceIdentity"] = config["keyVaultReferenceIdentity"] = app.identity
    for role, scope in app.roles:
        _grant(estate, oid, role, scope)
    for vault in app.reads:
        resource_bodies.let_in(estate.resource(vault), estate.tenant_id, oid)
    for use in app.databases:
        inside = estate.sql[use.database.casefold()]
        if user.casefold() not in {one.name.casefold() for one in inside.principals}:
            inside.create_user(user, client_of(oid))
        for role in use.roles:
            if role.casefold() not in {one.name.casefold() for one in inside.principals}:
                inside.create_role(role)
            if (role, user) not in {(one.role, one.member) for one in inside.members}:
                inside.add_member(role, user)


def _grant(estate: Estate, oid: str, role: str, scope: str, principal_type: str = "ServicePrincipal") -> None:
    """A role by its name, once; one that is no built-in role is the tenant's own."""
    known = role if role in BUILTIN_ROLES else stable_guid("role", role)
    if known == role or known in estate.role_definitions:
        held = {str(one["id"]) for one in estate.role_assignments}
        assignment = estate.assign(oid, known, scope, principal_type=principal_type)
        if str(assignment["id"]) in held:
            estate.role_assignments.pop()
        return
    reads = [_BLOB_READ] if "/blobServices/" in scope else []
    own = grant_custom_role(estate, role, ["Microsoft.Resources/subscriptions/read"], reads)
    estate.assign(oid, own, scope, principal_type=principal_type)


def _app_settings(estate: Estate, plan: EnvironmentPlan, app: AppPlan, site_id: str) -> None:
    settings = {
        "OTEL_SERVICE_NAME": f"{app.key}-{CANARY}",
        "OTEL_TRACES_SAMPLER": "always_on",
        "WEBSITES_PORT": "8080",
        "WEBSITES_ENABLE_APP_SERVICE_STORAGE": "false",
    }
    settings |= _lookalikes(plan, app)
    if app.exports is not None:
        component, setting = app.exports
        settings[setting] = str(estate.resource(component)["properties"]["ConnectionString"])
    for index, reference in enumerate(app.references):
        spelling = _SPELLINGS[index % len(_SPELLINGS)]
        settings[reference.setting] = spelling.format(vault=reference.vault, secret=reference.stored_as)
    estate.settings[site_id.casefold()] = settings


def _lookalikes(plan: EnvironmentPlan, app: AppPlan) -> dict[str, str]:
    """What every team's apps have among their settings, and what looks like a credential to whoever looks in haste."""
    running = commit(app.key, LATEST_COMMIT)
    unique = hashlib.sha256(plan.name.encode()).hexdigest()[:13]  # as Bicep's uniqueString() ends a name
    return {
        "ServiceBusConnection__fullyQualifiedNamespace": f"sb-{unique}.servicebus.windows.net",
        "AzureWebJobsStorage__accountName": f"st{plan.name[:9]}{unique}",
        "WORKSPACE_RESOURCE_ID": f"{plan.group}/providers/Microsoft.OperationalInsights/workspaces/log{unique}",
        "REDIS_HOST": f"redis-{unique}.redis.cache.windows.net:6380",
        "TOKEN_ENDPOINT": "https://login.estate.example/oauth2/v2.0/token",
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
        "SENTRY_RELEASE": f"{app.key}@{running}",
        "DEPLOYED": commit("deployment", LATEST_COMMIT),
    }


def _vault(estate: Estate, env: str, plan: VaultPlan, values: dict[str, str]) -> None:
    """A vault with its secrets; `values` are those that have a mark in this environment."""
    if plan.id.casefold() in estate.resources:
        return
    _group(estate, plan.id)
    estate.add(resource_bodies.vault(plan.id, _LOCATION, estate.tenant_id))
    if plan.by_policies:
        vault = estate.resource(plan.id)
        vault["properties"]["enableRbacAuthorization"] = False
        for reader in (estate.auditor.oid, *plan.readers):
            resource_bodies.let_in(vault, estate.tenant_id, reader)
    else:
        estate.assign(estate.auditor.oid, "Key Vault Secrets User", plan.id)
        for reader in plan.readers:
            estate.assign(reader, "Key Vault Secrets User", plan.id, principal_type="User")
    estate.secrets[plan.name] = {}
    for secret in plan.secrets:
        value = _value(env, secret)
        if secret.component:
            value = str(estate.resource(secret.component)["properties"]["ConnectionString"])
        if secret.mark:
            value = values.setdefault(secret.mark, value)
        estate.put_secret(plan.name, secret.stored_as, value)


def _value(env: str, secret: SecretPlan) -> str:
    match secret.kind:
        case "guid":
            return str(uuid.uuid4())
        case "url":
            return f"https://{env}.estate.example/{canary()}"
        case "database":
            host, by_identity = f"tcp:sql-{env}.database.windows.net,1433", "Active Directory Default"
            return f"Server={host};Database=db-{env};Authentication={by_identity};App={canary()}"
        case "storage":
            return f"DefaultEndpointsProtocol=https;AccountName=st{env};AccountKey={canary()}"
        case "service-bus":
            return f"Endpoint=sb://sb-{env}.servicebus.windows.net/;SharedAccessKeyName=app;SharedAccessKey={canary()}"
        case "application-insights":
            return f"InstrumentationKey={uuid.uuid4()};IngestionEndpoint=https://{_LOCATION}-5.in.applicationinsights.azure.com/"
        case "json":
            return json.dumps({"client_email": "app@estate.example", "key": canary()})
        case "pem":
            body = base64.b64encode(canary().encode()).decode()
            return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
        case "opaque":
            return canary()


def _server(estate: Estate, plan: ServerPlan) -> None:
    """A server and its databases; what lies in another environment's is added to it."""
    if plan.id.casefold() not in estate.resources:
        _group(estate, plan.id)
        for body in (
            *resource_bodies.sql_server(plan.id, _LOCATION, estate.tenant_id),
            *guard_bodies.sql_server(plan.id),
        ):
            estate.add(body)
        _database(estate, f"{plan.id}/databases/master")
    pipeline = client_of(stable_guid("principal", "pipeline"))
    for database in plan.databases:
        if database.id.casefold() in estate.sql:
            continue
        _database(estate, database.id)
        contents = documented.database(database, pipeline, estate.tenant_id, estate.midnight)
        documented.admit_auditor(contents, estate.auditor.name, estate.auditor.client_id, database)
        estate.sql[database.id.casefold()] = contents


def _database(estate: Estate, arm_id: str) -> None:
    estate.add(resource_bodies.database(arm_id, _LOCATION))
    estate.add(guard_bodies.database(arm_id))


def _account(estate: Estate, plan: AccountPlan) -> None:
    if plan.id.casefold() not in estate.resources:
        _group(estate, plan.id)
        for body in (*resource_bodies.storage_account(plan.id, _LOCATION), guard_bodies.storage_account(plan.id)):
            estate.add(body)
    for container in plan.containers:
        estate.add(resource_bodies.container(f"{plan.id}/blobServices/default/containers/{container}"))


def _watch(estate: Estate, component: str) -> None:
    """The alert and the workbook; beside them what a subscription has that says nothing about the component."""
    group, _, name = component.partition("/providers/")
    name = name.rpartition("/")[2]
    provider, other = f"{group}/providers/Microsoft.Insights", f"{group}/providers/Microsoft.AlertsManagement"
    receivers = estate.add(monitor_bodies.action_group(f"{provider}/actionGroups/ag-{name}"))
    called = str(receivers["id"])
    estate.add(monitor_bodies.metric_alert(f"{provider}/metricAlerts/alert-{name}", component, called))
    workbook = f"{group}/providers/microsoft.insights/workbooks/{stable_guid('workbook', name)}"
    estate.add(monitor_bodies.workbook(workbook, _LOCATION, component))
    detector = f"{other}/smartDetectorAlertRules/failure anomalies - {name}"
    estate.add(monitor_bodies.smart_detector(detector, component))
    platform = f"/subscriptions/{component.split('/')[2]}/resourceGroups/rg-platform-alerts"
    health = f"{platform}/providers/Microsoft.Insights/activityLogAlerts/service-health-{name}"
    _group(estate, health)
    estate.add(monitor_bodies.activity_log_alert(health, component.split("/")[2], called, category="ServiceHealth"))
    network = f"{platform}/providers/Microsoft.Insights/activityLogAlerts/network-rules-{name}"
    opened = {"category": "Administrative", "operationName": "Microsoft.Network/networkSecurityGroups/write"}
    estate.add(monitor_bodies.activity_log_alert(network, component.split("/")[2], called, **opened))
    window: Json = {
        "recurrenceType": "Weekly",
        "startTime": "02:00:00",
        "endTime": "03:00:00",
        "daysOfWeek": ["Sunday"],
    }
    planned: list[Json] = [{"field": "Description", "operator": "Contains", "values": ["planned"]}]
    maintenance = f"{other}/actionRules/maintenance"
    estate.add(monitor_bodies.processing_rule(maintenance, group, conditions=planned, recurrences=[window]))
