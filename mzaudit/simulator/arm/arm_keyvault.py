"""The control plane of simulated vaults: vaults, the names of their secrets (never values), deleted vaults."""

from __future__ import annotations

from mzaudit.simulator.arm import arm_generic
from mzaudit.simulator.arm.arm_request import ArmRequest
from mzaudit.simulator.arm.arm_types import TYPES
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.estates.simulated_estate import Estate, SimulatedSecret
from mzaudit.simulator.http_messages import HttpResponse, Json, error


def answer(request: ArmRequest, scope: str, rest: list[str]) -> HttpResponse:
    """Answer `{scope}/providers/Microsoft.KeyVault…`."""
    low = [part.casefold() for part in rest[1:]]
    match request.call.method, *low:
        case "GET", "vaults", _, "secrets", *_ if len(low) <= 4:
            return _secrets(request, scope, rest)
        case "GET", "deletedvaults":
            refused = request.forbidden(
                "Microsoft.KeyVault/deletedVaults/read", f"{scope}/providers/Microsoft.KeyVault"
            )
            return refused or page(request.call, request.estate.deleted_vaults, size=request.page_size, end="missing")
        case "GET", "locations", location, "deletedvaults", name:
            here = f"{scope}/providers/{'/'.join(rest)}"
            return request.forbidden("Microsoft.KeyVault/locations/deletedVaults/read", here) or _deleted(
                request.estate, location, name
            )
        case _:
            return arm_generic.answer(request, scope, rest)


def _secrets(request: ArmRequest, scope: str, rest: list[str]) -> HttpResponse:
    kind, owner = TYPES["microsoft.keyvault/vaults/secrets"], rest[:3]
    vault_id = f"{scope}/providers/{'/'.join(owner)}"
    here = f"{scope}/providers/{'/'.join(rest)}"
    refused = request.forbidden(f"{kind.name}/read", here if len(rest) == 5 else vault_id)
    if refused is not None:
        return refused
    if vault_id.casefold() not in request.estate.resources:
        return arm_generic.not_found(request, scope, owner, TYPES["microsoft.keyvault/vaults"])
    vault = request.estate.resource(vault_id)
    held = request.estate.secrets.get(str(vault["name"]), {})
    present = {name: secret for name, secret in held.items() if secret.deleted is None}
    if len(rest) == 4:
        items = [_secret(vault, name, secret) for name, secret in sorted(present.items())]
        return page(request.call, items, size=request.page_size, end="missing")
    for name, secret in present.items():
        if name.casefold() == rest[4].casefold():
            return HttpResponse(200, _secret(vault, name, secret))
    return error(404, "SecretNotFound", f"The secret '{rest[4]}' was not found in vault '{vault['name']}'.")


def _secret(vault: Json, name: str, secret: SimulatedSecret) -> Json:
    version = secret.current
    attributes: Json = {"enabled": version.enabled, "created": version.created, "updated": version.created}
    # A secret without dates lacks the keys; they are never null.
    attributes |= {"nbf": version.not_before} if version.not_before is not None else {}
    attributes |= {"exp": version.expires} if version.expires is not None else {}
    uri = f"{vault['properties']['vaultUri']}secrets/{name}"
    properties: Json = {"attributes": attributes, "secretUri": uri, "secretUriWithVersion": f"{uri}/{version.id}"}
    properties |= {"contentType": secret.content_type} if secret.content_type is not None else {}
    return {
        "id": f"{vault['id']}/secrets/{name}",
        "name": name,
        "type": "Microsoft.KeyVault/vaults/secrets",
        "location": vault["location"],
        "properties": properties,
    }


def _deleted(estate: Estate, location: str, name: str) -> HttpResponse:
    for body in estate.deleted_vaults:
        if str(body["name"]).casefold() == name and str(body["properties"]["location"]).casefold() == location:
            return HttpResponse(200, body)
    text = f"The specified deleted vault '{name}' does not exist."
    return error(404, "DeletedVaultNotFound", text, {"x-ms-failure-cause": "service"})
