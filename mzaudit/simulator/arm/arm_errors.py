"""The error answers of Azure Resource Manager and its providers, in their own words and shapes."""

from __future__ import annotations

from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.http_messages import HttpResponse, error

_GATEWAY = {"x-ms-failure-cause": "gateway"}


def missing_subscription() -> HttpResponse:
    """A path that is neither in a subscription nor of a tenant-level provider."""
    text = "The request did not have a subscription or a valid tenant level resource provider."
    return error(404, "MissingSubscription", text, _GATEWAY)


def subscription_not_found(subscription: str) -> HttpResponse:
    """A subscription that the tenant does not have, or that the caller has no role in: Azure tells neither apart."""
    return error(404, "SubscriptionNotFound", f"The subscription '{subscription}' could not be found.", _GATEWAY)


def group_not_found(group: str) -> HttpResponse:
    """A resource group that is not there."""
    return error(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.", _GATEWAY)


def namespace_invalid(namespace: str) -> HttpResponse:
    """A resource provider that does not exist."""
    return error(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.", _GATEWAY)


def type_invalid(namespace: str, type_name: str, version: str) -> HttpResponse:
    """A resource type that its provider does not have."""
    text = (
        f"Resource type '{type_name}' of provider namespace '{namespace}' was not found in global location "
        f"for api version '{version}'."
    )
    return error(404, "InvalidResourceType", text, _GATEWAY)


def version_refused(type_name: str, version: str, known: tuple[str, ...]) -> HttpResponse:
    """An api-version that the type does not have."""
    text = (
        f"No registered resource provider found for location 'westeurope' and API version '{version}' for type "
        f"'{type_name.partition('/')[2]}'. The supported api-versions are '{', '.join(known)}'. The supported "
        "locations are 'westeurope, northeurope'."
    )
    return error(400, "NoRegisteredProviderFound", text, _GATEWAY)


def not_registered(namespace: str, scope: str) -> HttpResponse:
    """A provider that the subscription has not registered."""
    text = f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found."
    details = [{"code": "MissingSubscriptionRegistration", "target": namespace, "message": text}]
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": text, "details": details}}
    return HttpResponse(409, body, _GATEWAY)


def resource_not_found(type_name: str, path: str, group: str) -> HttpResponse:
    """A resource that is not there, though its group (and parent) is."""
    text = (
        f"The Resource '{type_name.split('/')[0]}/{path}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return error(404, "ResourceNotFound", text, _GATEWAY)


def parent_not_found(type_name: str, parent: str) -> HttpResponse:
    """A child of a resource that is not there."""
    child = type_name.split("/", 1)[1]
    text = (
        f"Failed to perform 'read' on resource(s) of type '{child}', because the parent resource '{parent}' "
        "could not be found."
    )
    return error(404, "ParentResourceNotFound", text, _GATEWAY)


def web_not_found(message: str) -> HttpResponse:
    """Microsoft.Web's own 404: PascalCase and no `error` around it."""
    details = [{"Message": message}, {"Code": "NotFound"}, {"ErrorEntity": {"Code": "NotFound", "Message": message}}]
    body = {"Code": "NotFound", "Message": message, "Target": None, "Details": details, "Innererror": None}
    return HttpResponse(404, body, {"x-ms-failure-cause": "service"})


def write(request: ArmRequest, scope: str, type_name: str) -> HttpResponse:
    """Any write: 403 for a caller without the right, and 405 for one with it, because nothing here can be changed."""
    method = request.call.method
    verb = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}
    last = request.call.segments[-1]
    action = f"{type_name}/{verb[method]}" if method in verb else f"{type_name}/{last}/action"
    refused = request.forbidden(action, scope)
    text = f"The simulated estate cannot be changed: {method} is not allowed."
    return refused or error(405, "MethodNotAllowed", text, {"Allow": "GET"})
