"""Every fault that one request can meet, by name; a fault that a request cannot meet is left out for a reason."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from mzaudit.simulator import Alter, Fault, Hang, Html, Malformed, Recode, Request, Reset, StatusFault, Truncated
from mzaudit.snapshot.observed import GapReason
from tests.faults.targets import ARM, LOGIN, Target, sibling
from tests.faults.tunnel import BREAKS

Json = dict[str, Any]
Bodies = Mapping[Target, Json]
Make = Callable[[Target, Bodies], list[Fault]]

ELSEWHERE = "https://management.azure.com.example.org/next"
UNREGISTERED = "The subscription is not registered to use namespace 'Microsoft.Web'. See https://aka.ms/rps-not-found"
BOMB = gzip.compress(bytes(65 * 1024 * 1024))
SIGN_IN = StatusFault(200, "<!DOCTYPE html><title>Sign in to your account</title>", {"Content-Type": "text/html"})
VAULT_REFUSALS = (
    "ForbiddenByRbac",
    "ForbiddenByPolicy",
    "ForbiddenByFirewall",
    "ForbiddenByConnection",
    "AccessDenied",
    "SecretDisabled",
)
# the codes with which Azure says 404; which of them are its word about what was asked, `own_word` says
MISSING = (
    "ResourceNotFound",
    "ResourceGroupNotFound",
    "ParentResourceNotFound",
    "SubscriptionNotFound",
    "SecretNotFound",
    "ContainerNotFound",
    "DeletedVaultNotFound",
    "NAME_UNKNOWN",
    "NotFound",
    "InvalidResourceType",
    "SomethingNew",
)
# and some with which it says 400: the first of them, of the list that takes a licence, is its word
BAD = ("AadPremiumLicenseRequired", "BadRequest", "InvalidFilterInQueryString", "SomethingNew")
LICENSED = "/microsoft.authorization/roleassignmentscheduleinstances"
# a resource of a group, or a slot, with what is a part of it; and the parts that may be missing though it is there
_OWNER = re.compile(r"(/subscriptions/[^/]+/resourcegroups/[^/]+/providers/[^/]+/[^/]+/[^/]+(?:/slots/[^/]+)?)/.+")
_ALONE = re.compile(r"/(slots|databases|secrets|containers|azureadonlyauthentications|identities)/[^/]+$")

_GAPS: Mapping[str, GapReason] = {
    "401": GapReason.UNAUTHENTICATED,
    "401 that asks for other claims": GapReason.UNAUTHENTICATED,
    "403 AuthorizationFailed": GapReason.FORBIDDEN,
    "403 from a gateway": GapReason.FORBIDDEN,
    "page two forbidden": GapReason.FORBIDDEN,
    "403 ForbiddenByRbac": GapReason.FORBIDDEN,
    "403 ForbiddenByPolicy": GapReason.ACCESS_POLICY,
    "403 AccessDenied": GapReason.ACCESS_POLICY,
    "403 ForbiddenByFirewall": GapReason.FIREWALL,
    "403 ForbiddenByConnection": GapReason.PRIVATE_ONLY,
    "403 SecretDisabled": GapReason.DISABLED,
    "404 SubscriptionNotFound": GapReason.NOT_VISIBLE,
    "409 MissingSubscriptionRegistration": GapReason.NOT_REGISTERED,
    "409 ScopeLocked": GapReason.LOCKED,
    "409 ReadOnlyDisabledSubscription": GapReason.LOCKED,
    "429": GapReason.THROTTLED,
    "429 with Retry-After": GapReason.THROTTLED,
    "429 by its number": GapReason.THROTTLED,
    "503 with Retry-After": GapReason.SERVER_ERROR,
    "500": GapReason.SERVER_ERROR,
    "503 in HTML": GapReason.SERVER_ERROR,
    "reset": GapReason.UNREACHABLE,
    "time-out": GapReason.TIMEOUT,
    **dict.fromkeys(BREAKS, GapReason.UNREACHABLE),
    "silent": GapReason.TIMEOUT,
}


def called_for(target: Target, fault: str) -> GapReason:
    """The reason whose cure would mend the fault: what a gap must say. What is not listed is an answer that the
    service does not document; what a service refuses for want of a token says so."""
    if own_word(target, fault):  # which says something only where another answer says otherwise
        return GapReason.CONTRADICTED
    return GapReason.UNAUTHENTICATED if target.later else _GAPS.get(fault, GapReason.MALFORMED)


def excused(target: Target, fault: str, answered: Iterable[Request]) -> bool:
    """Whether findings may change after that fault: it is Azure's own word, and nothing that the same run was answered
    says otherwise."""
    return bool(own_word(target, fault)) and not contradicted(target, fault, answered)


def contradicted(target: Target, fault: str, answered: Iterable[Request]) -> bool:
    """Whether the same run was answered by what is said not to be there, or by a part of it."""
    code, path = fault.removeprefix("404 "), target.path.casefold()
    if target.host != ARM:
        return any(_listed(target, each) for each in answered) if code == "SecretNotFound" else False
    owner = _OWNER.match(path)
    group = "/".join(path.split("/")[:5])
    above = owner[1] if owner else group
    gone = {"ResourceGroupNotFound": group, "ParentResourceNotFound": above}
    gone["ResourceNotFound"] = above if owner and not _ALONE.search(path) else path
    there = {each.path.casefold() for each in answered if each.host == ARM and each.status == 200} - {path}
    seen = {each for each in there if "/providers/microsoft.authorization/" not in each}
    return code in gone and any(f"{each}/".startswith(f"{gone[code]}/") for each in seen)


def _listed(target: Target, other: Request) -> bool:
    """Whether it is the list of the secrets of the vault that the target asks for one."""
    vault = target.host.split(".")[0]
    return other.status == 200 and other.path.casefold().endswith(f"/vaults/{vault}/secrets")


def own_word(target: Target, fault: str) -> str:
    """Why an error is Azure's own word about what was asked for (that it is not there); empty where it is not."""
    path = target.path.casefold()
    if fault == "400 AadPremiumLicenseRequired" and path.endswith(LICENSED):
        return "the tenant lacks the licence, so nothing is assigned for a time"
    code = fault.removeprefix("404 ")
    named = "/resourcegroups/" in path
    below = named and path.count("/") > 6 and not path.endswith("/microsoft.authorization/permissions")
    if target.host == ARM:
        if code == "ResourceGroupNotFound" and named:
            return "the group of the request is not there, so nothing in it is"
        if code in ("ResourceNotFound", "ParentResourceNotFound") and below and not _of_a_group(path):
            return "the resource of the request, or the one that it is a part of, is not there"
        if code == "ContainerNotFound" and "/blobservices/" in path:
            return "the storage service says so of a container"
        if code == "SecretNotFound" and "/secrets/" in path:
            return "the vault service says so of a secret"
        if code == "NotFound" and path.endswith("/configreferences/appsettings"):
            return "App Service says so of an app without references"
    if target.vault and code == "SecretNotFound" and path.startswith("/secrets/"):
        return "the vault says so of a secret"
    if target.registry and code == "NAME_UNKNOWN" and path.endswith("/_tags"):
        return "the registry says so of a repository that holds nothing"
    return ""


def _of_a_group(path: str) -> bool:
    """A list of all resources of one type in a group: no resource that could be missing is named."""
    return path.startswith("/subscriptions/") and path.split("/providers/")[-1].count("/") == 1


def _status(code: int, name: str = "", **headers: str) -> Make:
    sent = {key.replace("_", "-"): value for key, value in headers.items()}
    body = {"error": {"code": name, "message": "A simulated fault."}} if name else None
    return lambda target, _: target.fault(StatusFault(code, body, sent))


def _always(action: Hang | Html | Malformed | Recode | Reset | StatusFault | Truncated) -> Make:
    return lambda target, _: target.fault(action)


def _inner(code: str) -> Make:
    body = {"error": {"code": "Forbidden", "message": "no", "innererror": {"code": code}}}
    return lambda target, _: target.fault(StatusFault(403, body)) if target.vault else []


def _missing(code: str) -> Make:
    body = {"error": {"code": code, "message": "A simulated fault."}}
    listed = {"errors": [{"code": code, "message": "A simulated fault.", "detail": {}}]}
    return lambda target, _: target.fault(StatusFault(404, listed if target.registry else body))


def _unregistered(target: Target, _: Bodies) -> list[Fault]:
    body = {"error": {"code": "MissingSubscriptionRegistration", "message": UNREGISTERED}}
    return target.fault(StatusFault(409, body)) if target.host == ARM else []


def _locked(code: str) -> Make:
    """What Azure takes for a change: the lists by POST."""
    make = _status(409, code)
    return lambda target, bodies: make(target, bodies) if target.host == ARM and target.method == "POST" else []


def _put(text: str) -> Recode:
    """A member that nobody reads."""
    return Recode(lambda body: b"{" + text.encode() + b"," + body[1:])


def _other_types(target: Target, bodies: Bodies) -> list[Fault]:
    def turned(body: Json) -> Json:
        return {name: _turned(name, value) for name, value in body.items()}

    usual = bodies.get(target, {})
    if "error" in usual:  # turned as an error, it would only be one without a code
        return target.fault(StatusFault(200, turned(usual)))
    return target.fault(Alter(turned))


def _turned(name: str, value: Any) -> Any:
    """The same members; every value of another type, but for the ids, which say that it is the right answer."""
    match value:
        case str():
            return value if name == "id" else {"unexpected": [value]}
        case bool():
            return "yes"
        case int() | float() | None:
            return [value]
        case list():
            return [_turned("", item) for item in value] or {"unexpected": 0}
        case dict():
            return {key: _turned(key, inner) for key, inner in value.items()} or "unexpected"
        case _:
            raise AssertionError(type(value))


def _nothing(target: Target, bodies: Bodies) -> list[Fault]:
    """`value` is null where a list should be, by which App Service alone means none; else all is null."""
    listed = is_list(target, bodies) and "/microsoft.web/" not in target.path.casefold()
    return target.fault(StatusFault(200, {"value": None}) if listed else StatusFault(200, "null"))


def _other_resource(target: Target, bodies: Bodies) -> list[Fault]:
    return target.fault(StatusFault(200, sibling(target, bodies)))


def _linked(link: Callable[[Target], str], then: StatusFault | None = None, *, empty: bool = False) -> Make:
    """A page that links to another one; `then` is what that one answers."""

    def make(target: Target, bodies: Bodies) -> list[Fault]:
        if not is_list(target, bodies):
            return []
        after = link(target)
        if target.registry:
            body = {**bodies[target], "tags": [] if empty else bodies[target]["tags"]}
            path = after if after == ELSEWHERE else after.removeprefix(f"https://{target.host}")
            faults = target.fault(StatusFault(200, body, {"Link": f'<{path}>; rel="next"'}))
        else:
            kept: Json = {"value": []} if empty else {}
            faults = target.fault(Alter(lambda body: {**body, **kept, "nextLink": after}))
        return faults if then is None else [*faults, Fault(r".", then, query="skiptoken=none|last=none")]

    return make


def is_list(target: Target, bodies: Bodies) -> bool:
    """Whether the usual answer is a page of a list."""
    body = bodies.get(target, {})
    return isinstance(body.get("value"), list) or isinstance(body.get("tags"), list)


def _same(target: Target) -> str:
    pairs = [pair.partition("=") for pair in target.query.split("&")]
    query = "&".join(f"{name}={quote(value, safe='$')}" for name, _, value in pairs)
    return f"https://{target.host}{target.path}?{query}"


def _first_page(target: Target) -> str:
    token = base64.urlsafe_b64encode(b"page:0").decode()
    if target.registry:
        return re.sub(r"\bn=\d+", "n=50", _same(target))
    return f"{_same(target)}&$skiptoken={quote(token)}"


def _second_page(target: Target) -> str:
    return f"{_same(target)}&{'last' if target.registry else '$skiptoken'}=none"


_CLAIMS = base64.b64encode(b'{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}').decode()
_AGAIN = f'Bearer authorization_uri="https://{LOGIN}/common", error="insufficient_claims", claims="{_CLAIMS}"'

FAULTS: Mapping[str, Make] = {
    "401": _status(401),
    "401 that asks for other claims": _status(401, WWW_Authenticate=_AGAIN),
    "403 AuthorizationFailed": _status(403),
    "403 from a gateway": _always(Html(403)),
    **{f"403 {code}": _inner(code) for code in VAULT_REFUSALS},
    **{f"404 {code}": _missing(code) for code in MISSING},
    "404 in HTML": _always(Html(404)),
    "400 in HTML": _always(Html(400)),
    **{f"400 {code}": _status(400, code) for code in BAD},
    "409 MissingSubscriptionRegistration": _unregistered,
    "409 ScopeLocked": _locked("ScopeLocked"),
    "409 ReadOnlyDisabledSubscription": _locked("ReadOnlyDisabledSubscription"),
    "429": _status(429),
    "429 by its number": _status(429, "429"),
    "429 with Retry-After": _status(429, Retry_After="3600"),
    "500": _status(500),
    "503 in HTML": _always(Html(503)),
    "503 with Retry-After": _status(503, Retry_After="3600"),
    "gzip bomb": _always(Recode(lambda _: BOMB, {"Content-Encoding": "gzip"})),
    "no gzip": _always(Recode(lambda body: body, {"Content-Encoding": "gzip"})),
    "an unknown coding": _always(Recode(lambda body: body, {"Content-Encoding": "br"})),
    "nested too deeply": _always(_put('"odd": ' + "[" * 200_000 + "]" * 200_000)),
    "beyond infinity": _always(_put('"odd": 1e999')),
    "two values of one name": _always(_put('"odd": 1, "odd": 2')),
    "reset": _always(Reset()),
    "time-out": _always(Hang(60)),
    "truncated": _always(Truncated()),
    "malformed": _always(Malformed()),
    "wrong types": _other_types,
    "null": _nothing,
    "another resource": _other_resource,
    "empty page with nextLink": _linked(_first_page, empty=True),
    "nextLink loop": _linked(_same),
    "nextLink to another host": _linked(lambda _: ELSEWHERE),
    "page two forbidden": _linked(_second_page, StatusFault(403)),
    "sign-in page": _always(SIGN_IN),
}


def pairs(wanted: list[Target], bodies: Bodies) -> list[tuple[Target, str]]:
    """Every target with every fault that it can meet."""
    return [(target, name) for target in wanted for name, make in FAULTS.items() if make(target, bodies)]


def abandons(target: Target) -> bool:
    """Whether a run in which this request is never answered cannot begin: Resource Manager's token."""
    return target.host == LOGIN and not target.turns
