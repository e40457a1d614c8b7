"""What resource providers announce of themselves: their types, with the api-versions of each."""

from __future__ import annotations

from typing import Final

from mzaudit.simulator.arm import arm_errors
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.arm_types import TYPES
from mzaudit.simulator.http_messages import HttpResponse, Json

NEWEST: Final = "2024-11-01"
_ANNOUNCED: Final = ("2025-03-01-preview", NEWEST, "2023-08-01", "2018-03-01", "2017-05-01-alpha")
_PREVIEW_ONLY: Final = ("2021-05-01-preview", "2017-05-01-preview")


def versions(type_name: str) -> tuple[str, ...]:
    """The api-versions of a type, in the order in which they are announced."""
    return _PREVIEW_ONLY if type_name.casefold() == "microsoft.insights/diagnosticsettings" else _ANNOUNCED


def answer(request: ArmRequest, scope: str, namespace: str) -> HttpResponse:
    """`{subscription}/providers/{namespace}`: whether it is registered, and what it has."""
    refused = request.forbidden("Microsoft.Resources/subscriptions/providers/read", scope)
    if refused is not None:
        return refused
    names = [kind.name for kind in TYPES.values()] + list(request.estate.further_types.values())
    own = sorted({name for name in names if name.partition("/")[0].casefold() == namespace.casefold()})
    if not own:
        return arm_errors.namespace_invalid(namespace)
    spelled = own[0].partition("/")[0]
    state = "NotRegistered" if namespace.casefold() in request.estate.unregistered else "Registered"
    body: Json = {
        "id": f"{scope}/providers/{spelled}",
        "namespace": spelled,
        "resourceTypes": [_type(name) for name in own],
        "registrationState": state,
        "registrationPolicy": "RegistrationRequired",
    }
    return HttpResponse(200, body)


def _type(name: str) -> Json:
    return {
        "resourceType": name.partition("/")[2],
        "locations": ["West Europe", "North Europe"],
        "apiVersions": list(versions(name)),
        "defaultApiVersion": NEWEST,
        "capabilities": "None",
    }
