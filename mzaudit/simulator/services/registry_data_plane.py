"""The data plane of the simulated registry: challenge, token exchange, tags and manifests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import parse_qs, quote, urlencode

from mzaudit.simulator.arm import rbac
from mzaudit.simulator.estates.simulated_estate import Estate, SimulatedManifest
from mzaudit.simulator.http_messages import HttpRequest, HttpResponse, Json, inside
from mzaudit.simulator.services import entra, vault_admission

_PAGE = 100
_ARCHITECTURES = ("amd64", "arm64")
_ACR = "Microsoft.ContainerRegistry/registries"
_UNLOCKED = {"deleteEnabled": True, "writeEnabled": True, "readEnabled": True, "listEnabled": True}


def hosts(estate: Estate) -> Iterator[str]:
    """The login servers of the estate's registries."""
    return (str(body["properties"]["loginServer"]).casefold() for body in _registries(estate))


def answer(estate: Estate, call: HttpRequest) -> HttpResponse:
    """Answer one request to a registry's login server."""
    registry = next(body for body in _registries(estate) if body["properties"]["loginServer"].casefold() == call.host)
    properties = registry["properties"]
    refuses = inside(properties, "networkRuleSet").get("defaultAction") == "Deny"
    linked = str(registry["id"]).casefold() in estate.private_links
    if (properties.get("publicNetworkAccess") == "Disabled" or refuses) and not linked:
        text = f"client with IP '{vault_admission.CLIENT_ADDRESS}' is not allowed access. Refer https://aka.ms/acr/firewall"
        return _refusal(403, "DENIED", f"{text} to grant access.")
    match call.method, *call.segments:
        case "POST", "oauth2", "exchange":
            return _exchange(estate, call, properties)
        case "POST", "oauth2", "token":
            return _token(estate, call)
        case "GET", "v2":
            return _forbidden(estate, call, registry, None) or HttpResponse(200, {})
        case ("GET", "v2", "_catalog") | ("GET", "acr", "v1", "_catalog"):
            found = [{"repository": name} for name in sorted(estate.images)]
            refused = _forbidden(estate, call, registry, None)
            return refused or _page(estate, call, found, "repository", lambda kept: {"repositories": _names(kept)})
        case "GET", "acr", "v1", repository, *rest:
            return _forbidden(estate, call, registry, repository) or _repository(estate, call, repository, rest)
        case "GET", *_:
            return _forbidden(estate, call, registry, None) or _refusal(404, "NOT_FOUND", "page not found")
        case _:
            return _refusal(405, "UNSUPPORTED", "The simulated estate cannot be changed.")


def _registries(estate: Estate) -> Iterable[Json]:
    return estate.of_type("Microsoft.ContainerRegistry/registries").values()


def _names(items: list[Json] | None) -> list[str] | None:
    return None if items is None else [str(item["repository"]) for item in items]


def _refusal(status: int, code: str, message: str, **more: object) -> HttpResponse:
    return HttpResponse(status, {"errors": [{"code": code, "message": message, **more}]})


def _exchange(estate: Estate, call: HttpRequest, properties: Json) -> HttpResponse:
    """Trade an Entra token for a refresh token; one for ARM only while the registry's policy allows that."""
    form = _form(call)
    claims = entra.read(form.get("access_token", ""))
    # What the registry does not say is as it was before there was such a policy: allowed.
    arm_allowed = (
        inside(properties, "policies", "azureADAuthenticationAsArmPolicy").get("status", "enabled") == "enabled"
    )
    audiences = ("https://containerregistry.azure.net", *(entra.ARM_AUDIENCES if arm_allowed else ()))
    if claims is None or claims.audience not in audiences or claims.tenant != estate.tenant_id:
        return _refusal(401, "UNAUTHORIZED", "token validation failed")
    return _issued(estate, claims.oid, call.host, "refresh")


def _token(estate: Estate, call: HttpRequest) -> HttpResponse:
    claims = entra.read(_form(call).get("refresh_token", ""))
    if claims is None or claims.audience != f"{call.host}/refresh":
        return _refusal(401, "UNAUTHORIZED", "token validation failed")
    return _issued(estate, claims.oid, call.host, "access")


def _issued(estate: Estate, oid: str, host: str, kind: str) -> HttpResponse:
    principal = next((one for one in estate.principals if one.oid == oid), None)
    if principal is None:
        return _refusal(401, "UNAUTHORIZED", "token validation failed")
    return HttpResponse(200, {f"{kind}_token": entra.token(estate, principal, f"{host}/{kind}")})


def _form(call: HttpRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(call.body.decode("utf-8", "replace")).items()}


def _forbidden(estate: Estate, call: HttpRequest, registry: Json, repository: str | None) -> HttpResponse | None:
    """The 401 with which a registry answers both who has no token and who has no right."""
    claims = entra.read(call.bearer) if call.bearer is not None else None
    known = claims is not None and claims.audience == f"{call.host}/access" and claims.expires > time.time()
    if claims is not None and known and _may(estate, claims.oid, registry, repository):
        return None
    kind, name, action = ("repository", repository, "metadata_read") if repository else ("registry", "catalog", "*")
    challenge = (
        f'Bearer realm="https://{call.host}/oauth2/token",service="{call.host}",scope="{kind}:{name}:{action}",'
        f'error="{"insufficient_scope" if known else "invalid_token"}"'
    )
    text = "authentication required, visit https://aka.ms/acr/authorization for more information."
    detail = [{"Type": kind, "Name": name, "Action": action}]
    refused = _refusal(401, "UNAUTHORIZED", text, detail=detail)
    return HttpResponse(401, refused.body, {"WWW-Authenticate": challenge})


def _may(estate: Estate, oid: str, registry: Json, repository: str | None) -> bool:
    scope = str(registry["id"])
    if registry["properties"].get("roleAssignmentMode") == "AbacRepositoryPermissions":
        action = f"{_ACR}/repositories/metadata/read" if repository else f"{_ACR}/catalog/read"
        return rbac.may(estate, oid, action, scope, data=True)
    return rbac.may(estate, oid, f"{_ACR}/pull/read", scope)


def _repository(estate: Estate, call: HttpRequest, name: str, rest: list[str]) -> HttpResponse:
    tags = estate.images.get(name)
    if tags is None:
        return _refusal(404, "NAME_UNKNOWN", "repository name not known to registry", detail={"name": name})
    head: Json = {"registry": call.host, "imageName": name}
    order = call.query.get("orderby", "")
    match rest:
        case ["_tags"]:
            items = [_tag(tag, manifest) for tag, manifest in _ordered(tags, order)]
            return _page(estate, call, items, "name", lambda kept: head | {"tags": kept})
        case ["_tags", tag]:
            if tag not in tags:
                return _refusal(404, "TAG_UNKNOWN", "the specified tag does not exist")
            return HttpResponse(200, head | {"tag": _tag(tag, tags[tag])})
        case ["_manifests"]:
            items = _manifests(tags, order)
            return _page(estate, call, items, "digest", lambda kept: head | {"manifests": kept})
        case ["_manifests", digest]:
            found = [one for one in _manifests(tags, order) if one["digest"] == digest]
            if not found:
                return _refusal(404, "MANIFEST_UNKNOWN", f"manifest {digest} is not found")
            return HttpResponse(200, head | {"manifest": found[0] | _references(tags, digest)})
        case []:
            pushed = sorted(manifest.pushed for manifest in tags.values())
            counts = {"manifestCount": len(_manifests(tags, "")), "tagCount": len(tags)}
            times = {"createdTime": pushed[0], "lastUpdateTime": pushed[-1]} if pushed else {}
            return HttpResponse(200, head | times | counts | {"changeableAttributes": _UNLOCKED})
        case _:
            return _refusal(404, "NOT_FOUND", "page not found")


def _ordered(tags: dict[str, SimulatedManifest], order: str) -> list[tuple[str, SimulatedManifest]]:
    """Tags by name, or by time when that is asked for."""
    if order not in ("timedesc", "timeasc"):
        return sorted(tags.items())
    return sorted(tags.items(), key=lambda one: (one[1].pushed, one[0]), reverse=order == "timedesc")


def _tag(name: str, manifest: SimulatedManifest) -> Json:
    times = {"createdTime": manifest.pushed, "lastUpdateTime": manifest.pushed}
    return {"name": name, "digest": manifest.digest, **times, "signed": False, "changeableAttributes": _UNLOCKED}


def _manifests(tags: dict[str, SimulatedManifest], order: str) -> list[Json]:
    found: dict[str, Json] = {}
    for tag, manifest in _ordered(tags, order):
        made = _manifest(manifest.digest, manifest.pushed, None if manifest.platforms else "amd64")
        found.setdefault(manifest.digest, made).setdefault("tags", []).append(tag)
        for digest, architecture in zip(manifest.platforms, _ARCHITECTURES, strict=False):
            found.setdefault(digest, _manifest(digest, manifest.pushed, architecture))
    return list(found.values())


def _manifest(digest: str, pushed: str, architecture: str | None) -> Json:
    """A manifest as listed: an index has no architecture, a platform's image no tags of its own."""
    kind = "manifest.list.v2" if architecture is None else "manifest.v2"
    return {
        "digest": digest,
        "imageSize": 52841,
        "createdTime": pushed,
        "lastUpdateTime": pushed,
        **({} if architecture is None else {"architecture": architecture, "os": "linux"}),
        "mediaType": f"application/vnd.docker.distribution.{kind}+json",
        "changeableAttributes": _UNLOCKED,
    }


def _references(tags: dict[str, SimulatedManifest], digest: str) -> Json:
    """An index' platforms, which the list of manifests leaves out."""
    platforms = next((each.platforms for each in tags.values() if each.digest == digest), ())
    told = [
        {"digest": each, "architecture": architecture, "os": "linux"}
        for each, architecture in zip(platforms, _ARCHITECTURES, strict=False)
    ]
    return {"references": told} if told else {}


def _page(
    estate: Estate, call: HttpRequest, items: list[Json], key: str, body: Callable[[list[Json] | None], Json]
) -> HttpResponse:
    """One page after the item that `last` names; a `Link` header leads to the next. A list of nothing is null."""
    asked = call.query.get("n", str(_PAGE))
    size = min(estate.page_size, int(asked)) if asked.isdecimal() and int(asked) > 0 else estate.page_size
    names = [str(item[key]) for item in items]
    last = call.query.get("last", "")
    start = names.index(last) + 1 if last in names else 0
    kept = items[start : start + size]
    if start + size >= len(items):
        return HttpResponse(200, body(kept or None))
    query = urlencode({"last": names[start + size - 1], "n": size, "orderby": call.query.get("orderby", "")})
    path = "/".join(quote(segment, safe="") for segment in call.segments)
    return HttpResponse(200, body(kept), {"Link": f'</{path}?{query}>; rel="next"'})
