"""The table from answers and exceptions to gaps: every row, and that no exception of the SDK falls through."""

from __future__ import annotations

import json

import aiohttp
import pytest
from azure.core import exceptions as sdk

from mzaudit import kinds
from mzaudit.azure.client.call import Answer, Call
from mzaudit.azure.client.failures import TokenRefusedError, WriteRefusedError
from mzaudit.azure.client.gaps import from_answer, from_error
from mzaudit.azure.client.response_body import BodyError
from mzaudit.snapshot.observed import GapReason

GROUP = "/subscriptions/s/resourceGroups/g"
SITE = f"{GROUP}/providers/Microsoft.Web/sites/a"
SECRET = f"{GROUP}/providers/Microsoft.KeyVault/vaults/v/secrets/s"
CONTAINER = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c"
CALL = Call(SECRET, kinds.VAULT, "Microsoft.KeyVault/vaults/secrets/read", SECRET)
KEY, JWT = "Zk3Qv9xT1mR5pL7wB2", "eyJhbGciOi.eyJzdWIiOiI.c2lnbmF0dXJl"
HTML = "<html><body>Service unavailable</body></html>"


def body(code: str, inner: str = "", message: str = "") -> str:
    error: dict[str, object] = {"code": code, "message": message}
    if inner:
        error["innererror"] = {"code": inner}
    return json.dumps({"error": error})


ANSWERS: dict[str, tuple[int, str, GapReason | None]] = {
    "no role": (403, body("AuthorizationFailed"), GapReason.FORBIDDEN),
    "deny assignment": (403, body("DenyAssignmentAuthorizationFailed"), GapReason.DENIED),
    "deny assignment, of a vault": (
        403,
        json.dumps(
            {
                "error": {
                    "code": "Forbidden",
                    "message": "Assignment: (not found)\r\nDenyAssignmentId: 'd1'\r\n",
                    "innererror": {"code": "ForbiddenByRbac"},
                }
            }
        ),
        GapReason.DENIED,
    ),
    "no data role": (403, body("Forbidden", "ForbiddenByRbac"), GapReason.FORBIDDEN),
    "firewall": (403, body("Forbidden", "ForbiddenByFirewall"), GapReason.FIREWALL),
    "private link": (403, body("Forbidden", "ForbiddenByConnection"), GapReason.PRIVATE_ONLY),
    "access policy": (403, body("Forbidden", "ForbiddenByPolicy"), GapReason.ACCESS_POLICY),
    "access policy, older": (403, body("Forbidden", "AccessDenied"), GapReason.ACCESS_POLICY),
    "disabled secret": (403, body("Forbidden", "SecretDisabled"), GapReason.DISABLED),
    "disabled secret by its text": (
        403,
        body("Forbidden", "", "Operation get is not allowed on a disabled secret."),
        GapReason.DISABLED,
    ),
    "registry firewall": (
        403,
        json.dumps({"errors": [{"code": "DENIED", "message": "client with IP '192.0.2.1' is not allowed access"}]}),
        GapReason.FIREWALL,
    ),
    "registry denied": (403, json.dumps({"errors": [{"code": "DENIED"}]}), GapReason.FORBIDDEN),
    "403 in HTML": (403, HTML, GapReason.FORBIDDEN),
    "token refused": (401, body("InvalidAuthenticationToken"), GapReason.UNAUTHENTICATED),
    "no resource": (404, body("ResourceNotFound"), None),
    "no group": (404, body("ResourceGroupNotFound"), None),
    "no parent": (404, body("ParentResourceNotFound"), None),
    "no secret": (404, body("SecretNotFound"), None),
    "no resource, in capitals of its own": (404, json.dumps({"Code": "ResourceNotFound", "Message": None}), None),
    "two codes": (404, json.dumps({"error": {"code": "Gone", "Code": "ResourceNotFound"}}), GapReason.MALFORMED),
    "two errors": (
        404,
        json.dumps({"Error": {"code": "ResourceNotFound"}, "error": {"code": "Gone"}}),
        GapReason.MALFORMED,
    ),
    "no subscription": (404, body("SubscriptionNotFound"), GapReason.NOT_VISIBLE),
    "two codes, one of them outside": (
        404,
        json.dumps({"Error": {"code": "Gone"}, "error": {"code": "Gone"}, "code": "ResourceNotFound"}),
        GapReason.MALFORMED,
    ),
    "an error and errors": (
        404,
        json.dumps({"errors": [{"code": "TAG_UNKNOWN"}], "error": {"code": "Gone"}}),
        GapReason.MALFORMED,
    ),
    "several errors": (
        404,
        json.dumps({"errors": [{"code": "ResourceNotFound"}, {"code": "Gone"}]}),
        GapReason.MALFORMED,
    ),
    "the same error several times": (404, json.dumps({"errors": [{"code": "ResourceNotFound"}] * 2}), None),
    "404 of an unknown type": (404, body("InvalidResourceType"), GapReason.MALFORMED),
    "404 without a code": (404, json.dumps({"error": {"message": "no"}}), GapReason.MALFORMED),
    "404 in HTML": (404, HTML, GapReason.MALFORMED),
    "404 without a body": (404, "", GapReason.MALFORMED),
    "404 with a list": (404, "[]", GapReason.MALFORMED),
    "read, but not to be": (200, "", None),
    "not registered": (409, body("MissingSubscriptionRegistration"), GapReason.NOT_REGISTERED),
    "locked": (409, body("ScopeLocked", message="is locked"), GapReason.LOCKED),
    "disabled": (409, body("ReadOnlyDisabledSubscription"), GapReason.LOCKED),
    "locked, and forbidden": (403, body("ScopeLocked", message="is locked"), GapReason.LOCKED),
    "disabled, and forbidden": (403, body("ReadOnlyDisabledSubscription"), GapReason.LOCKED),
    "throttled, by its number": (429, body("429"), GapReason.THROTTLED),
    "conflict": (409, body("AnotherOperationInProgress"), GapReason.SERVER_ERROR),
    "throttled": (429, body("TooManyRequests"), GapReason.THROTTLED),
    "throttled without a body": (429, "", GapReason.THROTTLED),
    "timed out": (408, "", GapReason.TIMEOUT),
    "server error": (500, body("InternalServerError"), GapReason.SERVER_ERROR),
    "bad gateway": (502, HTML, GapReason.SERVER_ERROR),
    "front door": (503, HTML, GapReason.SERVER_ERROR),
    "gateway timeout": (504, body("GatewayTimeout"), GapReason.SERVER_ERROR),
    "bad request": (400, body("InvalidApiVersionParameter"), GapReason.MALFORMED),
    "redirect": (307, "", GapReason.REFUSED),
    "accepted": (202, "", GapReason.MALFORMED),
    "no content": (204, "", GapReason.MALFORMED),
    "proxy login": (407, "", GapReason.UNREACHABLE),
    "teapot": (418, "", GapReason.MALFORMED),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers(case: str) -> None:
    status, text, expected = ANSWERS[case]
    gap = from_answer(CALL, Answer(status, {}, text.encode()))
    assert (None if gap is None else gap.reason) == expected


# what names nothing of that sort cannot be missing for the want of it: such a 404 is a gap
ABSENCES: dict[str, tuple[str, ...]] = {
    SITE: ("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound"),
    f"{SITE}/config/web": ("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound"),
    SECRET: ("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound", "SecretNotFound"),
    CONTAINER: ("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound", "ContainerNotFound"),
    "https://v.vault.azure.net/secrets/s": ("SecretNotFound",),
    f"{SITE}/providers/Microsoft.Authorization/locks/keep": (
        *("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound", "LockNotFound"),
    ),
    f"{GROUP}/providers/Microsoft.Authorization/locks/keep": (
        *("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound", "LockNotFound"),
    ),
    f"{SITE}/providers/Microsoft.Authorization/roleAssignments/1": (
        *("ResourceNotFound", "ResourceGroupNotFound", "ParentResourceNotFound", "RoleAssignmentNotFound"),
    ),
    f"{GROUP}/providers/Microsoft.Insights/metricAlerts": ("ResourceGroupNotFound",),
    f"{GROUP}/providers/Microsoft.Authorization/permissions": ("ResourceGroupNotFound",),
    "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments": (),
    "https://r.azurecr.io/acr/v1/a/_tags": (),
}


@pytest.mark.parametrize("target", ABSENCES)
def test_a_404_is_an_absence_only_of_what_the_call_names(target: str) -> None:
    call = Call(target, kinds.SITE, "Microsoft.Web/sites/read", target)
    every = {code for codes in ABSENCES.values() for code in codes} | {"NotFound", "DeletedVaultNotFound"}
    said = {code for code in every if from_answer(call, Answer(404, {}, body(code).encode())) is None}
    assert said == set(ABSENCES[target])


def test_a_gap_names_call_scope_permission_and_code() -> None:
    gap = from_answer(CALL, Answer(403, {}, body("AuthorizationFailed", message="client oid secret").encode()))
    assert gap is not None
    assert (gap.call, gap.scope, gap.permission) == (f"GET {SECRET}", CALL.scope, CALL.permission)
    assert gap.detail.startswith("AuthorizationFailed")


def test_a_lock_is_named_only_where_the_call_lies_under_it() -> None:
    words = "The scope '{}' cannot perform write operation because following scope(s) are locked: '{}'. Remove it."
    for locked, named in ((GROUP.upper(), GROUP), (SITE, None), ("/subscriptions/other", None), (SECRET, SECRET)):
        gap = from_answer(CALL, Answer(409, {}, body("ScopeLocked", message=words.format(SECRET, locked)).encode()))
        assert gap is not None
        assert gap.detail.endswith(f"at {named}" if named else "at it or above it")


@pytest.mark.parametrize("code", [*("hunter2 hunter2", "<b>", "a" * 200, "", "x\ny", "'; drop"), KEY, JWT])
def test_only_what_looks_like_a_code_is_repeated(code: str) -> None:
    for status in (400, 403, 404, 500):
        gap = from_answer(CALL, Answer(status, {}, body(code, message="hunter2").encode()))
        assert gap is not None
        assert "hunter2" not in gap.detail
        assert "<" not in gap.detail
        assert "aaa" not in gap.detail
        assert code not in gap.detail or not code


ERRORS: dict[str, tuple[BaseException, GapReason]] = {
    "connect timeout": (sdk.ServiceRequestTimeoutError("x"), GapReason.TIMEOUT),
    "read timeout": (sdk.ServiceResponseTimeoutError("x"), GapReason.TIMEOUT),
    "our timeout": (TimeoutError(), GapReason.TIMEOUT),
    "no connection": (sdk.ServiceRequestError("x"), GapReason.UNREACHABLE),
    "reset": (sdk.ServiceResponseError("x"), GapReason.UNREACHABLE),
    "cut short": (sdk.IncompleteReadError("x"), GapReason.MALFORMED),
    "cut short below the SDK": (aiohttp.ClientPayloadError("x"), GapReason.MALFORMED),
    "not JSON": (sdk.DecodeError("x"), GapReason.MALFORMED),
    "no token": (TokenRefusedError("x"), GapReason.UNAUTHENTICATED),
    "refused by the SDK": (sdk.ClientAuthenticationError("x"), GapReason.UNAUTHENTICATED),
    "a challenge of another host": (ValueError("x"), GapReason.MALFORMED),
    "a body that is not to be read": (BodyError("x"), GapReason.MALFORMED),
    "our own attribute": (AttributeError("x"), GapReason.INTERNAL),
    "our own type": (TypeError("x"), GapReason.INTERNAL),
    "our own key": (KeyError("service"), GapReason.INTERNAL),
    "a write": (WriteRefusedError("PUT", "/x"), GapReason.REFUSED),
    "a registration": (WriteRefusedError("POST", "/x/register"), GapReason.NOT_REGISTERED),
    "certificate": (OSError("x"), GapReason.UNREACHABLE),
    "our own defect": (ZeroDivisionError("x"), GapReason.INTERNAL),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    error, expected = ERRORS[case]
    assert from_error(CALL, error).reason is expected


def test_every_exception_of_the_sdk_has_a_reason_of_its_own() -> None:
    kinds = [each for each in vars(sdk).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(kinds) > 15
    response_only = {sdk.TooManyRedirectsError, sdk.ODataV4Error}
    state_errors = {sdk.AzureError, sdk.StreamConsumedError, sdk.StreamClosedError, sdk.ResponseNotReadError}
    for kind in set(kinds) - response_only - state_errors:
        assert from_error(CALL, kind("x")).reason is not GapReason.INTERNAL, kind
    for kind in state_errors - {sdk.AzureError}:
        assert from_error(CALL, kind.__new__(kind)).reason is GapReason.INTERNAL, kind


def test_the_text_of_an_exception_is_never_passed_on() -> None:
    for error, _ in ERRORS.values():
        error.args = ("hunter2",)
        if not isinstance(error, TokenRefusedError | BodyError):
            assert "hunter2" not in from_error(CALL, error).detail
