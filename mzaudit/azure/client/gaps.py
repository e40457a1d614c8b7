"""The one table from what Azure answered, or how the call broke, to what a rule is told: the facts. What fixes a gap
is said by the reports alone (`report/gap_advice.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from traceback import walk_tb
from types import MappingProxyType

import aiohttp
from azure.core import exceptions as sdk
from azure.core.rest import AsyncHttpResponse

from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.client.failures import HostRefusedError, TokenRefusedError, WriteRefusedError
from mzaudit.azure.client.response_body import BodyError
from mzaudit.connection_failures import why_unreachable
from mzaudit.snapshot.observed import Gap, GapReason

_OF_A_RESOURCE = frozenset({"ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound"})
_OF_A_GROUP = frozenset({"ResourceGroupNotFound"})
# What these services say of a part of theirs, by the collection that holds it. LockNotFound is recorded by
# Azure/azure-powershell (TestResourceLockNonExisting), RoleAssignmentNotFound by Azure/azure-service-operator.
OF_A_PART: Mapping[str, str] = MappingProxyType(
    {
        "SecretNotFound": "/secrets/",
        "ContainerNotFound": "/containers/",
        "LockNotFound": "/providers/microsoft.authorization/locks/",
        "RoleAssignmentNotFound": "/providers/microsoft.authorization/roleassignments/",
    }
)

FORBIDDEN: Mapping[str, tuple[GapReason, str]] = MappingProxyType(
    {
        "ForbiddenByFirewall": (GapReason.FIREWALL, "the vault's network rules do not admit this address"),
        "ForbiddenByConnection": (GapReason.PRIVATE_ONLY, "public network access is off"),
        "ForbiddenByPolicy": (GapReason.ACCESS_POLICY, "the vault uses access policies and has none for the caller"),
        "AccessDenied": (GapReason.ACCESS_POLICY, "the vault uses access policies and has none for the caller"),
        "SecretDisabled": (GapReason.DISABLED, "the secret is disabled"),
        "ForbiddenByRbac": (GapReason.FORBIDDEN, "no role of the caller has this data action"),
        "DenyAssignmentAuthorizationFailed": (GapReason.DENIED, "a deny assignment blocks it"),
    }
)

_DISABLED = frozenset({"ReadOnlyDisabledSubscription", "DisabledSubscription", "SubscriptionDisabled"})
_UNREGISTERED = "MissingSubscriptionRegistration: the resource provider is not registered"
_NO_ROLE = "no role of the caller has this permission"

_STATUS: Mapping[int, tuple[GapReason, str]] = MappingProxyType(
    {
        400: (GapReason.MALFORMED, "the service did not understand the request"),
        401: (GapReason.UNAUTHENTICATED, "the service refused the token"),
        404: (GapReason.MALFORMED, "a 404 that does not say that the resource is missing"),
        407: (GapReason.UNREACHABLE, "the proxy wants a login"),
        408: (GapReason.TIMEOUT, "the service gave up waiting"),
        409: (GapReason.SERVER_ERROR, "in conflict with another operation there"),
        429: (GapReason.THROTTLED, "too many requests"),
    }
)

_ERRORS: tuple[tuple[type[BaseException], GapReason, str], ...] = (
    (sdk.ServiceRequestTimeoutError, GapReason.TIMEOUT, "no connection in time"),
    (sdk.ServiceResponseTimeoutError, GapReason.TIMEOUT, "no answer in time"),
    (TimeoutError, GapReason.TIMEOUT, "no answer in time"),
    (sdk.ServiceRequestError, GapReason.UNREACHABLE, "no connection"),
    (sdk.IncompleteReadError, GapReason.MALFORMED, "the answer was cut short"),
    (aiohttp.ClientPayloadError, GapReason.MALFORMED, "the answer was cut short"),
    (sdk.ServiceResponseError, GapReason.UNREACHABLE, "the connection broke"),
    (sdk.DecodeError, GapReason.MALFORMED, "the answer could not be decoded"),
    (sdk.ClientAuthenticationError, GapReason.UNAUTHENTICATED, "no token for this service"),
    (sdk.HttpResponseError, GapReason.MALFORMED, "the answer is not what the service documents"),
    (sdk.SerializationError, GapReason.MALFORMED, "the answer is not what the service documents"),
    (sdk.DeserializationError, GapReason.MALFORMED, "the answer is not what the service documents"),
    (aiohttp.ClientError, GapReason.UNREACHABLE, "the connection broke"),
    (OSError, GapReason.UNREACHABLE, "the connection broke"),
    # the SDK raises it where a challenge names another host
    (ValueError, GapReason.MALFORMED, "the service's challenge or answer cannot be trusted"),
)
_OURS = Path(__file__).parents[2]


def from_answer(call: Call, answer: Answer) -> Gap | None:
    """The gap that an answer leaves; `None` for one to read, and for one that says that the thing does not exist."""
    status = answer.status
    if status == 200:
        return call.gap(GapReason.MALFORMED, answer.fault) if answer.fault else None
    code, codes = answer.code(), answer.codes()
    if status == 404:
        if "SubscriptionNotFound" in codes:
            return call.gap(GapReason.NOT_VISIBLE, "SubscriptionNotFound: wrong id, or no role in it")
        if any(each in call.absent or says_absent(call, each) for each in codes):
            return None
    if status == 409 and "MissingSubscriptionRegistration" in codes:
        return call.gap(GapReason.NOT_REGISTERED, _UNREGISTERED)
    if status in (403, 409) and code == "ScopeLocked":
        return call.gap(GapReason.LOCKED, f"ScopeLocked: a ReadOnly lock {_locked(call, answer)}")
    if status in (403, 409) and code in _DISABLED:
        return call.gap(GapReason.LOCKED, f"{code}: the subscription is disabled, and so read-only")
    if status == 403:
        return call.gap(*_forbidden(answer))
    if status == 401 and "insufficient_scope" in answer.headers.get("www-authenticate", ""):
        # how a registry refuses a token that it took, but that lacks the right
        return call.gap(GapReason.FORBIDDEN, f"{code or 'HTTP 401'}: insufficient scope: {_NO_ROLE}")
    reason, phrase = _STATUS.get(status) or _family(status)
    return call.gap(reason, f"{code or f'HTTP {status}'}: {phrase}")


def _locked(call: Call, answer: Answer) -> str:
    """Where the lock is: of the scopes above the call the one that the answer names."""
    parts = call.target.split("/")
    above = ("/".join(parts[:end]) for end in range(3, len(parts) + 1))
    found = [scope for scope in above if answer.says(f"locked: '{scope}'")]
    return f"at {found[0]}" if found else "at it or above it"


def says_absent(call: Call, code: str) -> bool:
    """Whether the code of a 404 says that what the call names, or what holds it, does not exist.

    A code about something that the call does not name (a resource, of a list for a whole subscription) says nothing.
    """
    target = call.target.casefold()
    if code in OF_A_PART:
        return OF_A_PART[code] in target
    group, _, below = target.partition("/providers/")
    if "/resourcegroups/" not in group:
        return False
    return code in (_OF_A_RESOURCE if below.count("/") > 1 else _OF_A_GROUP)


def from_error(call: Call, error: BaseException) -> Gap:
    """The gap that a broken call leaves: of what no service or network causes, INTERNAL. Told are the exception's
    type, what the system and OpenSSL say of a connection, and our own line, never the exception's text."""
    if isinstance(error, BodyError):
        return call.gap(GapReason.MALFORMED, error.why)
    if isinstance(error, WriteRefusedError):
        if error.path.endswith("/register"):
            return call.gap(GapReason.NOT_REGISTERED, _UNREGISTERED)
        return call.gap(GapReason.REFUSED, "mzaudit only reads, and this request might not")
    if isinstance(error, HostRefusedError):
        return call.gap(GapReason.REFUSED, f"the host is not one of {error.home}: no token was sent there")
    if isinstance(error, TokenRefusedError):
        return call.gap(GapReason.UNAUTHENTICATED, f"no token for this service: {error.why}")
    if isinstance(error, sdk.HttpResponseError) and error.status_code is not None:
        gap = from_answer(call, answer_of(error, error.status_code))
        if gap is not None and not isinstance(error, sdk.DecodeError):
            return gap
    for kind, reason, phrase in _ERRORS:
        if isinstance(error, kind):
            return call.gap(reason, f"{_name(error)}: {why_unreachable(error) or phrase}")
    return internal(call, error)


def internal(call: Call, error: BaseException) -> Gap:
    """The gap that a defect of ours leaves: the exception's type, and our line nearest to it."""
    lines = [line for line in _lines(error) if line is not None]
    return call.gap(GapReason.INTERNAL, " at ".join((type(error).__name__, *lines[-1:])))


def raised_by_us(error: BaseException) -> str | None:
    """Our line that raised an exception, `FILE:LINE`; none where it comes out of a library."""
    return next(reversed(_lines(error)), None)


def _lines(error: BaseException) -> list[str | None]:
    """The lines that an exception passed, the one that raised it last; none for those of libraries."""
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in walk_tb(error.__traceback__)]
    return [f"{path.relative_to(_OURS.parent)}:{line}" if path.is_relative_to(_OURS) else None for path, line in frames]


def answer_of(error: sdk.HttpResponseError, status: int) -> Answer:
    """The answer inside an exception that the SDK raised on the way (a token exchange)."""
    response = error.response
    if not isinstance(response, AsyncHttpResponse):
        return Answer(status, {}, b"")
    headers = {name.casefold(): value for name, value in response.headers.items()}
    try:
        return Answer(status, headers, response.content)
    except sdk.ResponseNotReadError:
        return Answer(status, headers, b"")


def _forbidden(answer: Answer) -> tuple[GapReason, str]:
    if answer.says("DenyAssignmentId: '"):  # a vault's way to say so; it says null where there is none
        return GapReason.DENIED, f"{answer.code()}: a deny assignment blocks it"
    for code in reversed(answer.codes()):
        if code in FORBIDDEN:
            reason, phrase = FORBIDDEN[code]
            return reason, f"{code}: {phrase}"
    if answer.says("client with ip"):  # a registry's way to say that its network rules refuse
        return GapReason.FIREWALL, f"{answer.code()}: the registry's network rules do not admit this address"
    if answer.says("disabled secret"):
        return GapReason.DISABLED, f"{answer.code()}: the secret is disabled"
    if not answer.code():
        return GapReason.FORBIDDEN, "HTTP 403 without an Azure error code: a proxy or gateway may have answered"
    return GapReason.FORBIDDEN, f"{answer.code()}: {_NO_ROLE}"


def _family(status: int) -> tuple[GapReason, str]:
    if status >= 500:
        return GapReason.SERVER_ERROR, "the service failed"
    if 300 <= status < 400:
        return GapReason.REFUSED, "mzaudit follows no redirect"
    return GapReason.MALFORMED, "an answer that the service does not document"


def _name(error: BaseException) -> str:
    cause = getattr(error, "inner_exception", None)
    return type(cause).__name__ if isinstance(cause, BaseException) else type(error).__name__
