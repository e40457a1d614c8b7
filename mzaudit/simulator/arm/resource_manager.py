"""The simulated Azure Resource Manager: token, api-version, route, right, existence, in the order Azure checks them."""

from __future__ import annotations

import re
import time

from mzaudit.simulator.arm import (
    activity_records,
    arm_authorization,
    arm_errors,
    arm_generic,
    arm_keyvault,
    arm_web,
    providers,
    rbac,
)
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.estates import web_bodies
from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, Json, error
from mzaudit.simulator.services import entra

HOST = "management.azure.com"
_API_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-(preview|alpha|beta|privatepreview))?", re.IGNORECASE)


def answer(estate: Estate, call: HttpRequest) -> HttpResponse:
    """Answer one request to management.azure.com."""
    claims = _caller(estate, call)
    if isinstance(claims, HttpResponse):
        return claims
    version = call.query.get("api-version")
    if version is None:
        text = "The api-version query parameter (?api-version=) is required for all requests."
        return error(400, "MissingApiVersionParameter", text, {"x-ms-failure-cause": "gateway"})
    if not _API_VERSION.fullmatch(version):
        text = f"The api-version '{version}' is invalid. The supported versions are '2025-05-01,2024-11-01,2022-04-01'."
        return error(400, "InvalidApiVersionParameter", text, {"x-ms-failure-cause": "gateway"})
    request = ArmRequest(estate, call, claims.client_id, claims.oid)
    return _route(request, [part.casefold() for part in call.segments])


def _caller(estate: Estate, call: HttpRequest) -> entra.Claims | HttpResponse:
    """The claims of a token that is good for ARM, or the 401 that says why it is not."""
    if call.bearer is None:
        text = "Authentication failed. The 'Authorization' header is missing."
        described = "The authentication failed because of missing 'Authorization' header."
        return _challenge(estate, "AuthenticationFailed", text, described)
    claims = entra.read(call.bearer)
    if claims is None:
        text = "The access token is invalid."
        return _challenge(estate, "InvalidAuthenticationToken", text, text)
    if claims.tenant != estate.tenant_id:
        text = f"The access token is from the wrong issuer. It must match the tenant '{estate.tenant_id}'."
        return _challenge(estate, "InvalidAuthenticationTokenTenant", text, text)
    if claims.audience not in entra.ARM_AUDIENCES:
        allowed = ",".join(f"'{one}'" for one in entra.ARM_AUDIENCES)
        text = (
            f"The access token has been obtained for wrong audience or resource '{claims.audience}'. "
            f"It should exactly match with one of the allowed audiences {allowed}."
        )
        return _challenge(estate, "InvalidAuthenticationTokenAudience", text, text)
    if claims.expires < time.time():
        text = "The access token expiry UTC time is earlier than current UTC time."
        return _challenge(estate, "ExpiredAuthenticationToken", text, text)
    return claims


def _challenge(estate: Estate, code: str, message: str, described: str) -> HttpResponse:
    authority = f"https://login.windows.net/{estate.tenant_id}"
    value = f'Bearer authorization_uri="{authority}", error="invalid_token", error_description="{described}"'
    return error(401, code, message, {"WWW-Authenticate": value, "x-ms-failure-cause": "gateway"})


def _route(request: ArmRequest, parts: list[str]) -> HttpResponse:
    if "providers" in parts[1:] or (parts[:1] == ["providers"]):
        split = len(parts) - 1 - parts[::-1].index("providers")
        return _provider(request, split)
    match parts:
        case ["subscriptions"]:
            return _subscriptions(request)
        case ["tenants"]:
            return HttpResponse(
                200, {"value": [{"id": f"/tenants/{request.estate.tenant_id}", "tenantId": request.estate.tenant_id}]}
            )
        case ["subscriptions", subscription, *rest]:
            if not rbac.sees(request.estate, request.oid, subscription):
                return arm_errors.subscription_not_found(subscription)
            return _subscription(request, rest)
        case _:
            return arm_errors.missing_subscription()


def _provider(request: ArmRequest, split: int) -> HttpResponse:
    segments = request.call.segments
    scope = "/" + "/".join(segments[:split])
    rest = list(segments[split + 1 :])
    head = scope.casefold().strip("/").split("/")
    if head[0] == "subscriptions" and len(head) > 1 and not rbac.sees(request.estate, request.oid, head[1]):
        return arm_errors.subscription_not_found(head[1])
    if not rest:
        return arm_errors.missing_subscription()
    match [part.casefold() for part in rest]:
        case [namespace] if len(head) == 2 and request.call.method == "GET":
            return providers.answer(request, scope, namespace)
        case ["microsoft.authorization", "locks", *_] | ["microsoft.insights", "diagnosticsettings", _]:
            return arm_generic.answer(request, scope, rest)
        case ["microsoft.authorization", *_]:
            return arm_authorization.answer(request, scope, rest)
        case ["microsoft.managedidentity", "identities", "default"]:
            return arm_web.default_identity(request, scope)
        case ["microsoft.insights", "eventtypes", "management", "values"] if request.call.method == "GET":
            return activity_records.activity(request, scope)
        case ["microsoft.resourcegraph", "resources"] if request.call.method == "POST":
            return activity_records.history(request)
        case ["microsoft.insights", "diagnosticsettings"]:
            return _diagnostics(request, scope)
        case ["microsoft.web", "sites", *_]:
            return arm_web.answer(request, scope, rest)
        case ["microsoft.keyvault", *_]:
            return arm_keyvault.answer(request, scope, rest)
        case _:
            return arm_generic.answer(request, scope, rest)


def _diagnostics(request: ArmRequest, scope: str) -> HttpResponse:
    """The diagnostic settings of a subscription or resource."""
    if request.call.method != "GET":
        return arm_errors.write(request, scope, "Microsoft.Insights/diagnosticSettings")
    refused = request.forbidden("Microsoft.Insights/diagnosticSettings/read", scope)
    start = f"{scope}/providers/microsoft.insights/diagnosticsettings".casefold()
    found = [body for _, body in request.estate.below(start)]
    return refused or arm_authorization.no_scope(request, scope) or HttpResponse(200, {"value": found})


def _subscriptions(request: ArmRequest) -> HttpResponse:
    estate = request.estate
    visible = [
        s for s in estate.subscriptions if rbac.may(estate, request.oid, _READ_SUBSCRIPTION, f"/subscriptions/{s}")
    ]
    return HttpResponse(
        200, {"value": [_body(estate, s) for s in visible], "count": {"type": "Total", "value": len(visible)}}
    )


_READ_SUBSCRIPTION = "Microsoft.Resources/subscriptions/read"
_READ_GROUP = "Microsoft.Resources/subscriptions/resourceGroups/read"
_READ_LOCATIONS = "Microsoft.Resources/subscriptions/locations/read"


def _body(estate: Estate, subscription: str) -> Json:
    return {
        "id": f"/subscriptions/{subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription,
        "tenantId": estate.tenant_id,
        "displayName": "Contoso",
        "state": "Enabled",
        "subscriptionPolicies": {"locationPlacementId": "Public_2014-09-01", "spendingLimit": "Off"},
    }


def _locations(scope: str) -> list[Json]:
    metadata = {"regionType": "Physical", "regionCategory": "Recommended", "geography": "Europe"}
    return [
        {
            "id": f"{scope}/locations/{name}",
            "name": name,
            "type": "Region",
            "displayName": shown,
            "regionalDisplayName": f"(Europe) {shown}",
            "metadata": metadata,
        }
        for name, shown in web_bodies.LOCATIONS.items()
    ]


def _subscription(request: ArmRequest, rest: list[str]) -> HttpResponse:
    estate, call = request.estate, request.call
    subscription = call.segments[1].casefold()
    scope = f"/subscriptions/{subscription}"
    if call.method != "GET":
        return arm_errors.write(request, "/" + "/".join(call.segments), "Microsoft.Resources/subscriptions")
    match rest:
        case []:
            return request.forbidden(_READ_SUBSCRIPTION, scope) or HttpResponse(200, _body(estate, subscription))
        case ["resourcegroups"]:
            prefix = f"{scope}/resourcegroups/"
            groups = [b for key, b in estate.resources.items() if key.startswith(prefix) and key.count("/") == 4]
            seen = [b for b in groups if rbac.may(estate, request.oid, _READ_GROUP, str(b["id"]))]
            return page(call, seen, size=request.page_size, end="missing")
        case ["resourcegroups", _]:
            wanted = f"{scope}/resourceGroups/{call.segments[3]}"
            return request.forbidden(_READ_GROUP, wanted) or (
                HttpResponse(200, estate.resources[wanted.casefold()])
                if wanted.casefold() in estate.resources
                else arm_errors.group_not_found(call.segments[3])
            )
        case ["locations"]:
            return request.forbidden(_READ_LOCATIONS, scope) or HttpResponse(200, {"value": _locations(scope)})
        case ["resources"]:
            return arm_generic.everything(request, scope)
        case ["resourcegroups", group, "resources"]:
            wanted = f"{scope}/resourcegroups/{group}"
            if wanted not in estate.resources:
                return arm_errors.group_not_found(group)
            return arm_generic.everything(request, wanted)
        case _:
            return arm_errors.missing_subscription()
