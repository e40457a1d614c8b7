"""The simulated Entra: discovery, the token endpoint, and the tokens that the other services check."""

from __future__ import annotations

import base64
import binascii
import json
import time
from dataclasses import dataclass
from urllib.parse import parse_qs

from mzaudit.simulator.estates.simulated_estate import Estate, SimulatedPrincipal
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse

HOST = "login.microsoftonline.com"
ARM_AUDIENCES = (
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
)
VAULT_AUDIENCES = ("https://vault.azure.net", "https://vault.azure.net/")
GRAPH_AUDIENCES = tuple(
    f"https://graph.{domain}{end}" for domain in ("microsoft.com", "windows.net") for end in ("", "/")
)
_AUDIENCES = (
    *ARM_AUDIENCES,
    *VAULT_AUDIENCES,
    "https://containerregistry.azure.net",
    "https://database.windows.net",
    "https://database.windows.net/",
    *GRAPH_AUDIENCES,
)
_LIFETIME = 3599


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its bearer; `expires` is seconds since 1970."""

    audience: str
    tenant: str
    client_id: str
    oid: str
    expires: int


def token(estate: Estate, principal: SimulatedPrincipal, audience: str, *, lifetime: int = _LIFETIME) -> str:
    """An unsigned token in the shape of a JWT; a negative lifetime (seconds) makes an expired one."""
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{estate.tenant_id}/",
        "iat": now,
        "nbf": now,
        "exp": now + lifetime,
        "appid": principal.client_id,
        "idtyp": "app",
        "oid": principal.oid,
        "sub": principal.oid,
        "tid": estate.tenant_id,
        "ver": "1.0",
    }
    return f"{_encode({'typ': 'JWT', 'alg': 'RS256', 'kid': 'simulated'})}.{_encode(claims)}.c2ltdWxhdGVk"


def read(text: str) -> Claims | None:
    """The claims of a token; None when it is not one of ours."""
    parts = text.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return Claims(claims["aud"], claims["tid"], claims["appid"], claims["oid"], claims["exp"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None


def answer(estate: Estate, call: HttpRequest) -> HttpResponse:
    """Answer one request to the login host."""
    tenant, rest = (call.segments[0], call.segments[1:]) if call.segments else ("", ())
    match call.method, *(part.casefold() for part in rest):
        case "GET", "discovery", "instance":
            return _instance_discovery(estate)
        case "GET", "v2.0", ".well-known", "openid-configuration":
            return _openid(tenant) if _known(estate, tenant) else _tenant_unknown(tenant)
        case "POST", "oauth2", "v2.0", "token":
            return _grant(estate, call) if _known(estate, tenant) else _tenant_unknown(tenant)
        case _:
            return HttpResponse(404)


def _known(estate: Estate, tenant: str) -> bool:
    return tenant.casefold() in (estate.tenant_id, "common", "organizations")


def _grant(estate: Estate, call: HttpRequest) -> HttpResponse:
    form = {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        return _refusal(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
    client = form.get("client_id", "")
    principal = next((p for p in estate.principals if p.client_id == client.casefold()), None)
    if principal is None:
        text = f"Application with identifier '{client}' was not found in the directory '{estate.tenant_id}'."
        return _refusal(400, "unauthorized_client", 700016, text)
    if "client_assertion" in form:
        if form["client_assertion"].count(".") != 2:
            return _refusal(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
    elif form.get("client_secret") != principal.secret:
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client}'."
        )
        return _refusal(401, "invalid_client", 7000215, text)
    audience = form.get("scope", "").split(" ")[0].removesuffix("/.default")
    if audience not in _AUDIENCES:
        text = f"The resource principal named {audience} was not found in the tenant named Contoso."
        return _refusal(400, "invalid_resource", 500011, text)
    # No id_token: Entra sends none for client_credentials, and clients trip over one.
    body = {"token_type": "Bearer", "expires_in": _LIFETIME, "ext_expires_in": _LIFETIME}
    headers = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
    return HttpResponse(200, body | {"access_token": token(estate, principal, audience)}, headers)


def _openid(tenant: str) -> HttpResponse:
    root = f"https://{HOST}/{tenant}"
    return HttpResponse(
        200,
        {
            "token_endpoint": f"{root}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{root}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{root}/v2.0",
            "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": "graph.microsoft.com",
            "rbac_url": "https://pas.windows.net",
        },
    )


def _instance_discovery(estate: Estate) -> HttpResponse:
    aliases = [HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"]
    return HttpResponse(
        200,
        {
            "tenant_discovery_endpoint": f"https://{HOST}/{estate.tenant_id}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": HOST, "preferred_cache": "login.windows.net", "aliases": aliases}],
        },
    )


def _tenant_unknown(tenant: str) -> HttpResponse:
    text = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
    return _refusal(400, "invalid_tenant", 90002, text)


def _refusal(status: int, code: str, number: int, text: str) -> HttpResponse:
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    trace = "dd88c3e4-09c9-4622-9ab7-7635390f0300"
    description = f"AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {trace} Timestamp: {stamp}"
    body = {"error": code, "error_description": description, "error_codes": [number], "timestamp": stamp}
    return HttpResponse(status, body | {"trace_id": trace, "correlation_id": trace})


def _encode(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
