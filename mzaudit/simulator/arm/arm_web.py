"""The simulated Microsoft.Web: apps and slots, their configuration, listed settings and reference statuses."""

from __future__ import annotations

from mzaudit.simulator.arm import arm_errors, arm_generic, reference_resolution
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.arm_types import TYPES
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.estates import web_bodies
from mzaudit.simulator.estates.simulated_estate import client_of
from mzaudit.simulator.http_messages import HttpResponse, Json

_LISTABLE = {"appsettings", "connectionstrings", "azurestorageaccounts"}


def answer(request: ArmRequest, scope: str, rest: list[str]) -> HttpResponse:
    """Answer `{scope}/providers/Microsoft.Web/sites…`."""
    low = [part.casefold() for part in rest]
    owner = rest[:5] if len(low) > 4 and low[3] == "slots" else rest[:3]
    prefix = "Microsoft.Web/sites/slots" if len(owner) == 5 else "Microsoft.Web/sites"
    site_id = f"{scope}/providers/{'/'.join(owner)}"
    here = f"{scope}/providers/{'/'.join(rest)}"
    match request.call.method, *low[len(owner) :]:
        case "POST", "config", table, "list" if table in _LISTABLE:
            refused = request.forbidden(f"{prefix}/config/list/action", here.rsplit("/", 1)[0])
            return refused or _missing(request, scope, owner) or _listed(request, site_id, table)
        case "GET", "config", "configreferences", table, *name if table in _LISTABLE:
            refused = request.forbidden(f"{prefix}/config/{table}/read", here)
            return refused or _missing(request, scope, owner) or _references(request, site_id, table, name)
        case "GET", "config", "slotconfignames":
            refused = request.forbidden(f"{prefix}/config/read", here)
            return refused or _missing(request, scope, owner) or _slot_names(request, site_id)
        case "GET", "config", "authsettingsv2", "list":
            refused = request.forbidden(f"{prefix}/config/read", here)
            return refused or _missing(request, scope, owner) or _sign_in(request, site_id)
        case "GET", "sitecontainers":
            refused = request.forbidden(f"{prefix}/sitecontainers/read", here)
            return refused or _missing(request, scope, owner) or _containers(request, site_id)
        case _, *below if below:
            return arm_generic.answer(request, scope, rest)
        case _:
            return arm_generic.answer(request, scope, rest, lambda body: _shown(request, body))


def default_identity(request: ArmRequest, scope: str) -> HttpResponse:
    """The system-assigned identity of a resource, with the client id that the resource itself does not tell."""
    refused = request.forbidden("Microsoft.ManagedIdentity/identities/read", scope)
    if refused is not None:
        return refused
    owner = request.estate.resources.get(scope.casefold())
    identity = owner.get("identity") if owner else None
    if owner is None or not identity or "principalId" not in identity:
        return arm_errors.resource_not_found(
            "Microsoft.ManagedIdentity/identities", "identities/default", scope.split("/")[4]
        )
    client = client_of(str(identity["principalId"]))
    properties = {"tenantId": identity.get("tenantId"), "principalId": identity["principalId"], "clientId": client}
    secret_url = f"https://control-westeurope.identity.azure.net{scope}/credentials/v2/systemassigned?tid={identity.get('tenantId')}"
    return HttpResponse(
        200,
        {
            "id": "scope",  # as in Microsoft's own example
            "name": "default",
            "type": "Microsoft.ManagedIdentity/identities",
            "location": owner.get("location"),
            "tags": {},
            "properties": properties | {"clientSecretUrl": secret_url},
        },
    )


def _missing(request: ArmRequest, scope: str, owner: list[str]) -> HttpResponse | None:
    if f"{scope}/providers/{'/'.join(owner)}".casefold() in request.estate.resources:
        return None
    kind = TYPES["microsoft.web/sites/slots" if len(owner) == 5 else "microsoft.web/sites"]
    return arm_generic.not_found(request, scope, owner, kind)


def _shown(request: ArmRequest, body: Json) -> Json:
    return web_bodies.served_site(body, request.estate.resource(f"{body['id']}/config/web"))


def _config(site: Json, name: str, properties: Json | None) -> HttpResponse:
    # the mounts' id is that of the app settings, as recorded
    told = "appsettings" if name == "azurestorageaccounts" else name
    body = {"id": f"{site['id']}/config/{told}", "name": name, "type": "Microsoft.Web/sites/config"}
    return HttpResponse(200, body | {"location": site.get("location"), "properties": properties})


def _listed(request: ArmRequest, site_id: str, table: str) -> HttpResponse:
    estate, key = request.estate, site_id.casefold()
    none: Json | None = None if "/slots/" in key else {}
    tables: dict[str, Json | None] = {
        "appsettings": dict(estate.settings.get(key, {})),
        "connectionstrings": dict(estate.connection_strings.get(key, {})) or none,
        "azurestorageaccounts": dict(estate.storage_mounts.get(key, {})),
    }
    return _config(estate.resource(site_id), table, tables[table])


def _references(request: ArmRequest, site_id: str, table: str, name: list[str]) -> HttpResponse:
    estate, key = request.estate, site_id.casefold()
    site = estate.resource(site_id)
    held: dict[str, str | None] = dict(estate.settings.get(key, {}))
    if table != "appsettings":
        held = {name: one["value"] for name, one in estate.connection_strings.get(key, {}).items() if one}
    items = reference_resolution.listing(estate, site, table, {name: value for name, value in held.items() if value})
    if name:
        one = [item for item in items if str(item["name"]).casefold() == name[0]]
        return (
            HttpResponse(200, one[0])
            if one
            else arm_errors.web_not_found(f"Cannot find reference with name {name[0]}.")
        )
    return page(request.call, items, size=request.page_size, end="web")


def _slot_names(request: ArmRequest, site_id: str) -> HttpResponse:
    site = request.estate.resource(site_id)
    names = request.estate.slot_setting_names.get(site_id.casefold())
    properties: Json = {"connectionStringNames": None, "appSettingNames": names, "azureStorageConfigNames": None}
    body: Json = {"id": None, "name": site["name"], "type": "Microsoft.Web/sites", "location": site.get("location")}
    return HttpResponse(200, body | {"properties": properties})


def _sign_in(request: ArmRequest, site_id: str) -> HttpResponse:
    """App Service's own sign-in, which no app of the estate uses."""
    return _config(request.estate.resource(site_id), "authsettingsV2", {"platform": {"enabled": False}})


def _containers(request: ArmRequest, site_id: str) -> HttpResponse:
    held = request.estate.site_containers.get(site_id.casefold(), [])
    if not held and "/slots/" in site_id.casefold():
        return HttpResponse(200, {"value": None, "nextLink": None, "id": None})
    return page(request.call, held, size=request.page_size, end="web")
