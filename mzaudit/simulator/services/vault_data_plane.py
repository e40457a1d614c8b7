"""The data plane of simulated vaults: challenge, network rules, rights, then secrets with their values."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from mzaudit.simulator.arm import rbac
from mzaudit.simulator.arm.paging import page
from mzaudit.simulator.estates.simulated_estate import Estate, SimulatedSecret, Version
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, Json, error
from mzaudit.simulator.services import entra, vault_admission
from mzaudit.simulator.services.vault_admission import SecretRight

SUFFIX = ".vault.azure.net"
_PAGE = 25
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")


def hosts(estate: Estate) -> Iterator[str]:
    """The host names of the estate's vaults."""
    return (name + SUFFIX for name in estate.of_type("Microsoft.KeyVault/vaults"))


def answer(estate: Estate, call: HttpRequest) -> HttpResponse:
    """Answer one request to `{vault}.vault.azure.net`."""
    vault = estate.vault(call.host.removesuffix(SUFFIX))
    bare = _answer(estate, call, vault)
    common = {
        "x-ms-keyvault-region": str(vault["location"]),
        "x-ms-keyvault-service-version": "1.9.3019.1",
        "x-ms-keyvault-network-info": (
            f"conn_type=Ipv4;addr={vault_admission.CLIENT_ADDRESS};act_addr_fam=InterNetwork;"
        ),
    }
    return HttpResponse(bare.status, bare.body, {**common, **bare.headers})


def _answer(estate: Estate, call: HttpRequest, vault: Json) -> HttpResponse:
    claims = entra.read(call.bearer) if call.bearer is not None else None
    if call.bearer is None:
        return _challenge(estate, "AKV10000: Request is missing a Bearer or PoP token.")
    if claims is None:
        return _challenge(estate, "AKV10001: Malformed or invalid token.")
    if claims.audience not in entra.VAULT_AUDIENCES:
        expected = "https://vault.azure.net"
        return _challenge(estate, f"AKV10022: Invalid audience. Expected {expected}, found: {claims.audience}.")
    if claims.tenant != estate.tenant_id:
        return _challenge(
            estate, f"AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{estate.tenant_id}/."
        )
    if claims.expires < time.time():
        return _challenge(estate, "AKV10046: Unable to validate token: it has expired.")
    if "api-version" not in call.query:
        return error(400, "BadParameter", "The request URI is missing the api-version query parameter.")
    caller = f"appid={claims.client_id};oid={claims.oid};iss=https://sts.windows.net/{claims.tenant}/"
    refused = _network(estate, vault, caller)
    if refused is not None:
        return refused
    low = [part.casefold() for part in call.segments]
    match call.method, *low:
        case "GET", "secrets":
            return _forbidden(estate, vault, claims.oid, caller, "list") or _list(estate, call, vault, deleted=False)
        case "GET", "deletedsecrets":
            return _forbidden(estate, vault, claims.oid, caller, "list") or _list(estate, call, vault, deleted=True)
        case "GET", "secrets", name, "versions":
            return _forbidden(estate, vault, claims.oid, caller, "list") or _versions(estate, call, vault, name)
        case "GET", "secrets", name, *version if len(version) <= 1:
            if not _NAME.fullmatch(name):
                return error(400, "BadParameter", f"The request URI contains an invalid name: {call.segments[1]}")
            refused = _forbidden(estate, vault, claims.oid, caller, "get", name)
            return refused or _get(estate, vault, call.segments[1], version[0] if version else None)
        case "GET", *_:
            return error(404, "NotFound", "Resource not found.")
        case _:
            return error(403, "Forbidden", "The simulated estate cannot be changed.")


def _challenge(estate: Estate, message: str) -> HttpResponse:
    value = f'Bearer authorization="https://{entra.HOST}/{estate.tenant_id}", resource="https://vault.azure.net"'
    return error(401, "Unauthorized", message, {"WWW-Authenticate": value})


def _inner(message: str, inner: str) -> HttpResponse:
    return HttpResponse(403, {"error": {"code": "Forbidden", "message": message, "innererror": {"code": inner}}})


def _network(estate: Estate, vault: Json, caller: str) -> HttpResponse | None:
    where = f"\r\nCaller: {caller}\r\nVault: {vault['name']};location={vault['location']}"
    refusal = vault_admission.network_refusal(estate, vault)
    if refusal is None:
        return None
    reasons = {
        "ForbiddenByConnection": "Public network access is disabled and request is not from a trusted service nor via "
        "an approved private link.",
        "ForbiddenByFirewall": "Client address is not authorized and caller is not a trusted service.\r\n"
        f"Client address: {vault_admission.CLIENT_ADDRESS}",
    }
    return _inner(reasons[refusal] + where, refusal)


def _forbidden(
    estate: Estate, vault: Json, oid: str, caller: str, right: SecretRight, secret: str | None = None
) -> HttpResponse | None:
    if vault_admission.may(estate, vault, oid, right, secret):
        return None
    where = f"{vault['name']};location={vault['location']}"
    if not vault_admission.is_rbac(vault):
        text = (
            f"The user, group or application '{caller}' does not have secrets {right} permission on key vault "
            f"'{where}'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287"
        )
        return _inner(text, "ForbiddenByPolicy")
    resource = str(vault["id"]).casefold() + (f"/secrets/{secret}" if secret is not None else "")
    deny = rbac.denial(estate, oid, vault_admission.DATA_ACTION[right], resource, data=True)
    by = "DenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC'"
    if deny is not None:
        by = f"DenyAssignmentId: '{deny['name']}'\r\nDecisionReason: 'DeniedByDenyAssignment'"
    text = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role "
        f"definitions were changed recently, please observe propagation time.\r\nCaller: {caller}\r\n"
        f"Action: '{vault_admission.DATA_ACTION[right]}'\r\nResource: '{resource}'\r\nAssignment: (not found)\r\n"
        f"{by} \r\nVault: {where}\r\n"
    )
    return _inner(text, "ForbiddenByRbac")


def _held(estate: Estate, vault: Json) -> dict[str, SimulatedSecret]:
    return estate.secrets.get(str(vault["name"]), {})


def _not_found(name: str) -> HttpResponse:
    text = (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this secret you may "
        "be able to recover it using the correct recovery command. For help resolving this issue, please see "
        "https://go.microsoft.com/fwlink/?linkid=2125182"
    )
    return error(404, "SecretNotFound", text)


def _find(estate: Estate, vault: Json, name: str) -> tuple[str, SimulatedSecret] | None:
    for held, secret in _held(estate, vault).items():
        if held.casefold() == name.casefold() and secret.deleted is None:
            return held, secret
    return None


def _get(estate: Estate, vault: Json, name: str, wanted: str | None) -> HttpResponse:
    found = _find(estate, vault, name)
    if found is None:
        return _not_found(name)
    held, secret = found
    version = secret.current if wanted is None else next((v for v in secret.versions if v.id == wanted), None)
    if version is None:
        return _not_found(f"{name}/{wanted}")
    if not version.enabled:
        return _inner("Operation get is not allowed on a disabled secret.", "SecretDisabled")
    return HttpResponse(200, {"value": version.value, **_item(vault, f"{held}/{version.id}", secret, version)})


def _item(vault: Json, path: str, secret: SimulatedSecret, version: Version) -> Json:
    attributes: Json = {"enabled": version.enabled}
    attributes |= {"nbf": version.not_before} if version.not_before is not None else {}
    attributes |= {"exp": version.expires} if version.expires is not None else {}
    attributes |= {"created": version.created, "updated": version.created}
    attributes |= {"recoveryLevel": "Recoverable", "recoverableDays": 90}
    body: Json = {"contentType": secret.content_type} if secret.content_type is not None else {}
    body |= {"id": f"{vault['properties']['vaultUri']}secrets/{path}", "attributes": attributes, "tags": {}}
    return body | ({"managed": True} if secret.managed else {})


def _list(estate: Estate, call: HttpRequest, vault: Json, *, deleted: bool) -> HttpResponse:
    items = []
    for name, secret in sorted(_held(estate, vault).items()):
        if (secret.deleted is not None) == deleted:
            item = _item(vault, name, secret, secret.current)
            if secret.deleted is not None:
                item["recoveryId"] = f"{vault['properties']['vaultUri']}deletedsecrets/{name}"
                item |= {"deletedDate": secret.deleted, "scheduledPurgeDate": secret.deleted + 90 * 86400}
            items.append(item)
    return _paged(estate, call, items)


def _versions(estate: Estate, call: HttpRequest, vault: Json, name: str) -> HttpResponse:
    found = _find(estate, vault, name)
    if found is None:
        return _not_found(name)
    held, secret = found
    return _paged(estate, call, [_item(vault, f"{held}/{v.id}", secret, v) for v in secret.versions])


def _paged(estate: Estate, call: HttpRequest, items: list[Json]) -> HttpResponse:
    asked = call.query.get("maxresults", str(_PAGE))
    if not asked.isdecimal() or not 1 <= int(asked) <= _PAGE:
        return error(400, "BadParameter", f"Invalid maxresults: {asked}. Maximum is {_PAGE}.")
    return page(call, items, size=min(estate.page_size, int(asked)), end="null", link_host=f"{call.host}:443")
