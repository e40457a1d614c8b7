"""The verbs with which an estate is bent: each changes one thing of a simulated Azure."""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from mzaudit.policy.desired import DesiredDatabase, DesiredSecret, DesiredService, DesiredStorage, DesiredVault
from mzaudit.simulator import Estate, SimulatedSecret
from mzaudit.simulator.estates import web_bodies
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.estates.simulated_estate import client_of
from mzaudit.simulator.http_messages import Json
from mzaudit.simulator.sql.contents import Contents, Table, Value
from mzaudit.snapshot.text.ids import subscription_of

SECRETS_USER: Final = "Key Vault Secrets User"
BLOB_READER: Final = "Storage Blob Data Reader"

# How Azure spells the SKU of a plan: family prefix -> tier and family. The first prefix that fits counts.
_TIERS: Final = {
    "F1": ("Free", "F"),
    "D1": ("Shared", "D"),
    "Y": ("Dynamic", "Y"),
    "EP": ("ElasticPremium", "EP"),
    "FC": ("FlexConsumption", "FC"),
    "WS": ("WorkflowStandard", "WS"),
    "B": ("Basic", "B"),
    "S": ("Standard", "S"),
    "P0v": ("Premium0V3", "Pv3"),
}


def site(estate: Estate, service: DesiredService) -> Json:
    """The body of a service's app."""
    return estate.resource(service.id)


def site_properties(estate: Estate, service: DesiredService) -> Json:
    """The properties of a service's app, to be changed in place."""
    properties: Json = site(estate, service)["properties"]
    return properties


def config(estate: Estate, service: DesiredService) -> Json:
    """The properties of `config/web`, to be changed in place."""
    properties: Json = estate.resource(f"{service.id}/config/web")["properties"]
    return properties


def settings(estate: Estate, service: DesiredService) -> dict[str, str]:
    """The app settings of a service, to be changed in place."""
    return estate.settings[service.id.casefold()]


def principal(estate: Estate, service: DesiredService) -> str:
    """The object id of the identity that a service acts as; raises KeyError where it has none."""
    if service.identity is not None:
        return str(estate.resource(service.identity.id)["properties"]["principalId"])
    return str(site(estate, service)["identity"]["principalId"])


def secret(estate: Estate, vault: DesiredVault, stored: str) -> SimulatedSecret:
    """A secret of a vault."""
    return estate.secrets[vault.name][stored]


def reference(secret: DesiredSecret) -> str:
    """A reference to a secret, in the usual spelling."""
    return f"@Microsoft.KeyVault(VaultName={secret.vault};SecretName={secret.stored})"


def image(service: DesiredService, tag: str, *, repository: str | None = None, host: str | None = None) -> str:
    """A reference to an image of the service, with everything as documented but what is given."""
    return f"{host or service.registry.name.casefold() + '.azurecr.io'}/{repository or service.repository}{tag}"


def run_image(estate: Estate, service: DesiredService, reference: str) -> None:
    """Run another image in the form `DOCKER|`."""
    config(estate, service)["linuxFxVersion"] = f"DOCKER|{reference}"


def running(estate: Estate, service: DesiredService) -> str:
    """The tag that a service runs."""
    return str(config(estate, service)["linuxFxVersion"]).rpartition(":")[2]


def compose(estate: Estate, service: DesiredService, *more: str) -> None:
    """Run the same image from a compose file; `more` are further lines of the service."""
    reference = str(config(estate, service)["linuxFxVersion"]).partition("|")[2]
    lines = ["services:", "  main:", f"    image: {reference}", *(f"    {line}" for line in more)]
    text = base64.b64encode("\n".join(lines).encode()).decode()
    config(estate, service)["linuxFxVersion"] = f"COMPOSE|{text}"


def contain(estate: Estate, service: DesiredService, **sidecars: str) -> dict[str, Json]:
    """Run the same image from site containers, with side-cars by name, pulled by the identity that the service acts as;
    gives the properties of each, to be changed."""
    main = str(config(estate, service)["linuxFxVersion"]).partition("|")[2]
    kind = f"{'functionapp' if service.function else 'app'},linux,sitecontainers"
    site(estate, service)["kind"] = site_properties(estate, service)["kind"] = kind
    config(estate, service).update(linuxFxVersion="sitecontainers", acrUseManagedIdentityCreds=False)
    own = client(estate, service) if service.identity is not None else None
    containers: dict[str, Json] = {}
    for name, reference in {"main": main, **sidecars}.items():
        containers[name] = {
            "image": reference,
            "targetPort": "8080" if name == "main" else None,
            "isMain": name == "main",
            "authType": "UserAssigned" if own else "SystemIdentity",
            "userManagedIdentityClientId": own,
            "userName": None,
            "passwordSecret": None,
            "environmentVariables": [{"name": "LEVEL", "value": "LOG_LEVEL"}],
            "inheritAppSettingsAndConnectionStrings": True,
        }
    kind = "Microsoft.Web/sites/sitecontainers"
    estate.site_containers[service.id.casefold()] = [
        {"id": f"{service.id}/sitecontainers/{name}", "name": name, "type": kind, "properties": properties}
        for name, properties in containers.items()
    ]
    return containers


def sku(name: str) -> Json:
    """The `sku` of a plan as Azure spells it."""
    found = next((shape for prefix, shape in _TIERS.items() if name.startswith(prefix)), None)
    if found is None:
        generation = name.lstrip("PI0123456789")
        found = (
            (f"Isolated{generation.upper()}", f"I{generation}")
            if name[0] == "I"
            else (f"Premium{generation.upper()}", f"P{generation}")
        )
    return {"name": name, "tier": found[0], "size": name, "family": found[1], "capacity": 1}


def resize(estate: Estate, service: DesiredService, size: str) -> None:
    """Give the plan that a service (and its neighbours) runs on another SKU."""
    plan = estate.resource(str(site_properties(estate, service)["serverFarmId"]))
    plan["sku"] = sku(size)
    for body in estate.resources.values():
        if str(body["type"]).casefold() == "microsoft.web/sites":
            same = str(body["properties"]["serverFarmId"]).casefold() == str(plan["id"]).casefold()
            body["properties"] |= {"sku": plan["sku"]["tier"]} if same else {}


def own_plan(estate: Estate, service: DesiredService, size: str) -> None:
    """Move one service to a plan of its own."""
    shared = str(site_properties(estate, service)["serverFarmId"])
    own = f"{shared}-{service.key}"
    estate.add(web_bodies.plan(own, "westeurope", "B1", subscription_of(shared)))["sku"] = sku(size)
    site_properties(estate, service).update({"serverFarmId": own, "sku": sku(size)["tier"]})


def attach(estate: Estate, service: DesiredService) -> str:
    """Attach a user-assigned identity, of another group, beside whatever identity a service has; gives its id."""
    group = f"{service.id.partition('/providers/')[0]}-identities"
    arm_id = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-{service.key}"
    oid, client = stable_guid("user-assigned", arm_id), stable_guid("user-assigned-client", arm_id)
    properties: Json = {"tenantId": estate.tenant_id, "principalId": oid, "clientId": client}
    estate.add(
        {
            "id": arm_id,
            "name": f"id-{service.key}",
            "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
            "location": "westeurope",
            "tags": {},
            "properties": properties,
        }
    )
    identity = site(estate, service).setdefault("identity", {})
    system = "SystemAssigned" in str(identity.get("type", ""))
    identity["type"] = "SystemAssigned, UserAssigned" if system else "UserAssigned"
    identity.setdefault("userAssignedIdentities", {})[arm_id] = {"principalId": oid, "clientId": client}
    return arm_id


def slot(estate: Estate, service: DesiredService, name: str = "blue") -> str:
    """Add a deployment slot that conforms: the app's own configuration, and an identity of its own with the same roles,
    or the user-assigned one that the app acts as."""
    slot_id = f"{service.id}/slots/{name}"
    body = copy.deepcopy(site(estate, service))
    body |= {"id": slot_id, "name": f"{service.app}/{name}", "type": "Microsoft.Web/sites/slots"}
    oid = stable_guid("identity", slot_id.casefold())
    old = str(body.get("identity", {}).get("principalId", ""))
    if old:
        body["identity"]["principalId"] = oid
    host = f"{service.app}-{name}.azurewebsites.net"
    body["properties"] |= {"name": f"{service.app}({name})", "defaultHostName": host, "hostNames": [host]}
    estate.add(body)
    web = copy.deepcopy(estate.resource(f"{service.id}/config/web"))
    web["id"] = f"{slot_id}/config/web"
    estate.add(web)
    estate.settings[slot_id.casefold()] = dict(settings(estate, service))
    for assignment in [a for a in estate.role_assignments if old and a["properties"]["principalId"] == old]:
        role = str(assignment["properties"]["roleDefinitionId"]).rpartition("/")[2]
        estate.assign(oid, role, str(assignment["properties"]["scope"]))
    return slot_id


def group(estate: Estate, *members: str) -> str:
    """A group of those principals; gives its object id."""
    oid = stable_guid("group", *members)
    estate.group_members[oid] = set(members)
    return oid


def stranger(label: str = "somebody") -> str:
    """The object id of somebody whom no policy names."""
    return stable_guid("stranger", label)


def lose_vault(estate: Estate, vault: DesiredVault) -> None:
    """Delete a vault for good; its role assignments go with it, as Azure's do."""
    estate.remove(vault.id)
    estate.secrets.pop(vault.name)
    below = vault.id.casefold()
    estate.role_assignments[:] = [
        a for a in estate.role_assignments if not str(a["properties"]["scope"]).casefold().startswith(below)
    ]


def delete_vault(estate: Estate, vault: DesiredVault) -> None:
    """Soft-delete a vault: its name stays taken."""
    lose_vault(estate, vault)
    subscription = subscription_of(vault.id)
    provider = f"/subscriptions/{subscription}/providers/Microsoft.KeyVault"
    estate.deleted_vaults.append(
        {
            "id": f"{provider}/locations/westeurope/deletedVaults/{vault.name}",
            "name": vault.name,
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {
                "vaultId": vault.id,
                "location": "westeurope",
                "deletionDate": "2025-11-20T08:00:00Z",
                "scheduledPurgeDate": "2026-02-18T08:00:00Z",
                "purgeProtectionEnabled": True,
                "tags": {},
            },
        }
    )


def deny(estate: Estate, oid: str, scope: str, *data_actions: str) -> None:
    """Deny somebody some data actions at a scope, as a deployment stack does."""
    name = stable_guid("deny", oid, scope)
    estate.deny_assignments.append(
        {
            "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{name}",
            "name": name,
            "type": "Microsoft.Authorization/denyAssignments",
            "properties": {
                "denyAssignmentName": "locked by a deployment stack",
                "description": "",
                "permissions": [
                    {"actions": [], "notActions": [], "dataActions": list(data_actions), "notDataActions": []}
                ],
                "scope": scope,
                "doNotApplyToChildScopes": False,
                "principals": [{"id": oid, "displayName": "", "type": "ServicePrincipal"}],
                "excludePrincipals": [],
                "isSystemProtected": True,
            },
        }
    )


def end(estate: Estate, assignment: Json, days: float | None) -> None:
    """Let an assignment end in so many days, as privileged identity management does; with `None` it is permanent."""
    properties = assignment["properties"]
    name = stable_guid("schedule", str(assignment["name"]))
    scheduled: Json = {key: properties[key] for key in ("scope", "roleDefinitionId", "principalId", "principalType")}
    moment = estate.midnight + timedelta(days=days) if days is not None else None
    scheduled |= {"assignmentType": "Assigned", "memberType": "Direct", "status": "Provisioned"}
    scheduled |= {"startDateTime": "2025-11-03T08:15:42.123Z"}
    scheduled |= {"endDateTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment is not None else None}
    provider = f"{properties['scope']}/providers/Microsoft.Authorization/roleAssignmentScheduleInstances"
    body: Json = {"id": f"{provider}/{name}", "name": name, "properties": scheduled}
    estate.role_schedules.append(body | {"type": "Microsoft.Authorization/roleAssignmentScheduleInstances"})


def held(estate: Estate, oid: str, scope: str) -> Json:
    """The one assignment that somebody holds at exactly that scope."""
    found = (a["properties"] for a in estate.role_assignments)
    at = [p["principalId"] == oid and str(p["scope"]).casefold() == scope.casefold() for p in found]
    return estate.role_assignments[at.index(True)]


def account(estate: Estate, storage: DesiredStorage) -> Json:
    """The properties of a storage account, to be changed in place."""
    properties: Json = estate.resource(storage.account_id)["properties"]
    return properties


def container(estate: Estate, storage: DesiredStorage) -> Json:
    """The properties of a blob container, to be changed in place."""
    properties: Json = estate.resource(storage.container_id)["properties"]
    return properties


def inside(estate: Estate, database: DesiredDatabase) -> Contents:
    """What a database holds, to be changed in place."""
    return estate.sql[database.id.casefold()]


def history(estate: Estate, database: DesiredDatabase) -> Table:
    """The table in which a database's migrations are recorded, to be changed in place."""
    return inside(estate, database).table(database.migrations or "")


def client(estate: Estate, service: DesiredService) -> str:
    """The client id of the identity that a service acts as, which its database users carry as their SID."""
    return client_of(principal(estate, service))


def last_migration(
    estate: Estate, database: DesiredDatabase, changes: Mapping[str, Value], *, again: bool = False
) -> None:
    """Change columns of the newest row of a database's history, or with `again` add a row that is like it but so."""
    table = history(estate, database)
    names = [column.name for column in table.columns]
    row = dict(zip(names, table.rows[-1], strict=True)) | dict(changes)
    if again:
        row["installed_rank"] = len(table.rows) + 1
        table.rows.append(tuple(row.values()))
    else:
        table.rows[-1] = tuple(row.values())
