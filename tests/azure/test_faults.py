"""What goes wrong on the wire, and the gap that each leaves; everything beside it is still read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from mzaudit.azure.client.rate_limiter import RateLimiter
from mzaudit.azure.readers import read
from mzaudit.simulator import (
    Alter,
    Fault,
    Hang,
    Html,
    Malformed,
    Reset,
    Simulator,
    StatusFault,
    Truncated,
    grant_custom_role,
    serve,
)
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed, need
from tests.azure.estates import HURRIED, MANAGE, Names, take
from tests.azure.gapped import asked
from tests.documented_estate import build
from tests.virtual_time import VirtualTime

CONFIG = r"GET /subscriptions/.*/sites/app-monozu-cloud-prd/config/web$"
SLOTS = r"GET /subscriptions/.*/sites/app-monozu-cloud-prd/slots$"
SECRETS = r"GET /subscriptions/.*/vaults/kv-mz-cloud-prd/secrets$"
VALUE = r"GET https://kv-mz-cloud-prd.vault.azure.net/secrets/SECRET-KEY"
JSON = Mapping[str, Any]

REASONS: dict[str, tuple[Fault, GapReason]] = {
    "401": (Fault(CONFIG, StatusFault(401)), GapReason.UNAUTHENTICATED),
    "403": (Fault(CONFIG, StatusFault(403)), GapReason.FORBIDDEN),
    "404 in HTML": (Fault(CONFIG, Html(404)), GapReason.MALFORMED),
    "404 of an unknown type": (
        Fault(CONFIG, StatusFault(404, {"error": {"code": "InvalidResourceType"}})),
        GapReason.MALFORMED,
    ),
    "404 of the subscription": (
        Fault(CONFIG, StatusFault(404, {"error": {"code": "SubscriptionNotFound"}})),
        GapReason.NOT_VISIBLE,
    ),
    "409": (Fault(CONFIG, StatusFault(409)), GapReason.SERVER_ERROR),
    "409 of a lock": (Fault(CONFIG, StatusFault(409, {"error": {"code": "ScopeLocked"}})), GapReason.LOCKED),
    "429": (Fault(CONFIG, StatusFault(429)), GapReason.THROTTLED),
    "429 by its number": (Fault(CONFIG, StatusFault(429, {"error": {"code": "429"}})), GapReason.THROTTLED),
    "429 for too long": (Fault(CONFIG, StatusFault(429, None, {"Retry-After": "3600"})), GapReason.THROTTLED),
    "500": (Fault(CONFIG, StatusFault(500)), GapReason.SERVER_ERROR),
    "503 in HTML": (Fault(CONFIG, Html(503)), GapReason.SERVER_ERROR),
    "200 in HTML": (Fault(CONFIG, Html(200)), GapReason.MALFORMED),
    "204": (Fault(CONFIG, StatusFault(204, "")), GapReason.MALFORMED),
    "307": (Fault(CONFIG, StatusFault(307, "", {"Location": "https://management.azure.com/"})), GapReason.REFUSED),
    "reset": (Fault(CONFIG, Reset()), GapReason.UNREACHABLE),
    "truncated": (Fault(CONFIG, Truncated()), GapReason.MALFORMED),
    "malformed": (Fault(CONFIG, Malformed()), GapReason.MALFORMED),
    "empty body": (Fault(CONFIG, StatusFault(200, "")), GapReason.MALFORMED),
    "a list for a body": (Fault(CONFIG, StatusFault(200, "[]")), GapReason.MALFORMED),
    "null": (Fault(CONFIG, StatusFault(200, "null")), GapReason.MALFORMED),
    "another body": (
        Fault(CONFIG, Alter(lambda body: {**body, "id": body["id"].replace("-cloud-", "-manage-")})),
        GapReason.MALFORMED,
    ),
    "a wrong type": (
        Fault(CONFIG, Alter(lambda body: {**body, "properties": {"linuxFxVersion": 5}})),
        GapReason.MALFORMED,
    ),
    "no properties": (
        Fault(CONFIG, Alter(lambda body: {name: value for name, value in body.items() if name != "properties"})),
        GapReason.MALFORMED,
    ),
    "hang": (Fault(CONFIG, Hang(30)), GapReason.TIMEOUT),
}


@pytest.mark.parametrize("case", REASONS)
def test_one_failing_call_is_one_gap(case: str) -> None:
    fault, reason = REASONS[case]
    with serve(build("compliant"), faults=[fault]) as sim:
        snapshot = take(sim, retry=replace(HURRIED, budget=4.0))
    site = snapshot.site(Names(sim.subscription_id).cloud)
    assert isinstance(site.config, Gap)
    assert site.config.reason is reason
    assert site.config.call.endswith("/config/web")
    assert site.config.permission == "Microsoft.Web/sites/config/read"
    assert asked(snapshot) == [site.config]
    assert [read.outcome for read in snapshot.reads if read.call == site.config.call] == [reason.value]


VAULT_ANSWERS = {
    "ForbiddenByRbac": GapReason.FORBIDDEN,
    "ForbiddenByFirewall": GapReason.FIREWALL,
    "ForbiddenByConnection": GapReason.PRIVATE_ONLY,
    "AccessDenied": GapReason.ACCESS_POLICY,
    "SecretDisabled": GapReason.DISABLED,
}


@pytest.mark.parametrize("code", VAULT_ANSWERS)
def test_a_vault_says_why_it_refuses(code: str) -> None:
    body = {"error": {"code": "Forbidden", "message": "no", "innererror": {"code": code}}}
    with serve(build("compliant"), faults=[Fault(VALUE, StatusFault(403, body))]) as sim:
        snapshot = take(sim)
    gap = snapshot.vault(Names(sim.subscription_id).cloud_vault).value("SECRET-KEY")
    assert isinstance(gap, Gap)
    assert gap.reason is VAULT_ANSWERS[code]
    assert asked(snapshot) == [gap]


def test_a_passing_failure_is_not_seen() -> None:
    faults = [
        Fault(CONFIG, StatusFault(503), nth=1),
        Fault(SLOTS, Reset(), nth=1),
        Fault(SECRETS, Truncated(), nth=1),
        Fault(VALUE, StatusFault(429, None, {"Retry-After": "1"}), nth=1),
    ]
    with serve(build("compliant"), faults=faults) as sim:
        assert asked(take(sim)) == []


@pytest.mark.parametrize(
    "code", ["429", "TooManyRequests", "ResourceRequestsThrottled", "SubscriptionRequestsThrottled"]
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_throttle_pauses_all_that_it_may_be_about(code: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its code; only of a bucket that is known to be shared the rest goes on more slowly."""
    pauses: list[tuple[float, bool]] = []

    def refused(_: RateLimiter, seconds: float, *, shared: bool = True) -> None:
        pauses.append((seconds, shared))

    monkeypatch.setattr(RateLimiter, "refused", refused)
    answer = StatusFault(status, {"error": {"code": code, "message": "Retry after 1 seconds."}}, {"Retry-After": "1"})
    with serve(build("compliant"), faults=[Fault("identities/default", answer, nth=1)]) as sim:
        assert asked(take(sim, retry=replace(HURRIED, longest=1.0))) == []
    assert pauses == [(1.0, code.endswith("RequestsThrottled"))]


def test_a_lock_is_no_reason_to_ask_again() -> None:
    locked = StatusFault(409, {"error": {"code": "ScopeLocked", "message": "is locked"}})
    with serve(build("compliant"), faults=[Fault("config/appsettings/list", locked)]) as sim:
        gaps = asked(take(sim))
        asking = [each.path for each in sim.requests if each.path.endswith("config/appsettings/list")]
    assert {gap.reason for gap in gaps} == {GapReason.LOCKED}
    assert len(asking) == len(set(asking)) == len(gaps)


def test_retry_after_is_waited_for() -> None:
    with serve(build("compliant"), faults=[Fault(CONFIG, StatusFault(429, None, {"Retry-After": "2"}), nth=1)]) as sim:
        loop = VirtualTime()
        assert asked(take(sim, loop=lambda: loop)) == []
        assert loop.time() >= 2.0


def test_tries_are_counted() -> None:
    with serve(build("compliant"), faults=[Fault(CONFIG, StatusFault(500))]) as sim:
        take(sim, retry=replace(HURRIED, tries=4))
        assert len([each for each in sim.requests if each.path.casefold().endswith("cloud-prd/config/web")]) == 4


def listing_of(fault: Fault) -> Listing[Any]:
    with serve(build("compliant"), faults=[fault]) as sim:
        snapshot = take(sim)
        hosts = {request.host for request in sim.requests} | set(sim.refused)
    assert not [host for host in hosts if "example" in host]
    listing = snapshot.vault(Names(sim.subscription_id).cloud_vault).secrets
    assert asked(snapshot) == [listing.gap]
    return listing


def link(target: str) -> Callable[[JSON], dict[str, Any]]:
    return lambda body: {**body, "nextLink": target}


def test_a_failing_page_keeps_the_pages_before_it() -> None:
    listing = listing_of(Fault(SECRETS, StatusFault(403), nth=2))
    assert listing.gap is not None
    assert listing.gap.reason is GapReason.FORBIDDEN
    assert 0 < len(listing.items) < 8


@pytest.mark.parametrize(
    "target",
    [
        "https://management.azure.com.example.org/next",
        "https://example.org/next",
        "http://management.azure.com/next",
        "https://management.azure.com:8443/next",
        "https://user@management.azure.com/next",
    ],
)
def test_a_link_to_another_host_is_not_followed(target: str) -> None:
    listing = listing_of(Fault(SECRETS, Alter(link(target)), nth=1))
    assert listing.gap is not None
    assert listing.gap.reason is GapReason.MALFORMED
    assert len(listing.items) > 0


def test_pages_that_go_round_in_a_circle_end() -> None:
    seen: list[str] = []

    def again(body: JSON) -> dict[str, Any]:
        seen.append(str(body.get("nextLink") or seen[0]))
        return {**body, "nextLink": seen[0]}

    listing = listing_of(Fault(SECRETS, Alter(again)))
    assert listing.gap is not None
    assert listing.gap.reason is GapReason.MALFORMED


def test_pages_that_do_not_end_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_MOST_PAGES", 30)
    links: list[str] = []

    def further(body: JSON) -> dict[str, Any]:
        links.append(str(body.get("nextLink") or links[0]))
        return {**body, "nextLink": f"{links[0]}&page={len(links)}"}

    listing = listing_of(Fault(SECRETS, Alter(further)))
    assert listing.gap is not None
    assert (listing.gap.reason, listing.gap.detail) == (GapReason.TIMEOUT, "the pages do not end")
    assert len(links) == 30


def test_a_page_that_is_refused_at_first_uses_up_the_time_of_its_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a service that refuses each page once could hold up a run for as long as it has pages."""
    patient = replace(HURRIED, tries=2, first=1.0, longest=1.0)
    monkeypatch.setattr(read, "_LONGEST_LIST", 0.9 / patient.budget)
    with serve(build("compliant"), faults=[Fault(SECRETS, StatusFault(503), nth=1)]) as sim:
        listing = take(sim, retry=patient).vault(Names(sim.subscription_id).cloud_vault).secrets
    assert listing.gap is not None
    assert (listing.gap.reason, listing.gap.detail) == (GapReason.TIMEOUT, "the pages do not end")
    assert len(listing.items) > 0


@pytest.mark.parametrize("change", [lambda body: {}, lambda body: {"value": None}, lambda body: {"value": {}}])
def test_a_list_without_its_value_is_malformed(change: Callable[[JSON], dict[str, Any]]) -> None:
    listing = listing_of(Fault(SECRETS, Alter(change), nth=1))
    assert listing.gap is not None
    assert listing.gap.reason is GapReason.MALFORMED


def test_items_of_another_list_are_malformed() -> None:
    def foreign(body: JSON) -> dict[str, Any]:
        return {**body, "value": [{**item, "id": item["id"].replace("cloud", "manage")} for item in body["value"]]}

    listing = listing_of(Fault(SECRETS, Alter(foreign), nth=1))
    assert listing.gap is not None
    assert listing.gap.reason is GapReason.MALFORMED


def test_what_hangs_past_the_deadline_is_a_gap_and_no_hang() -> None:
    with serve(build("compliant"), faults=[Fault(r"GET /subscriptions/", Hang(60))]) as sim:
        loop = VirtualTime()
        snapshot = take(sim, seconds=6, retry=replace(HURRIED, budget=60.0), loop=lambda: loop)
        assert loop.time() < 7
    reasons = {gap.reason for gap in asked(snapshot)}
    assert GapReason.TIMEOUT in reasons
    site = snapshot.site(Names(sim.subscription_id).cloud)
    assert isinstance(site.config, Gap)
    assert site.config.reason is GapReason.TIMEOUT


def test_a_service_that_always_throttles_ends_soon() -> None:
    with serve(build("compliant"), faults=[Fault(r" /subscriptions/", StatusFault(429))]) as sim:
        loop = VirtualTime()
        patience = replace(HURRIED, tries=8, first=0.5, longest=0.5, budget=10)
        snapshot = take(sim, retry=patience, loop=lambda: loop)
        assert loop.time() < 30
    assert GapReason.THROTTLED in {gap.reason for gap in asked(snapshot)}
    assert "ok" not in {read.outcome for read in snapshot.reads if read.call.startswith("GET /subscriptions")}


def test_a_provider_that_is_not_registered_is_not_registered_by_us() -> None:
    body = {
        "error": {
            "code": "MissingSubscriptionRegistration",
            "message": "The subscription is not registered to use namespace 'Microsoft.Web'.",
        }
    }
    with serve(build("compliant"), faults=[Fault(CONFIG, StatusFault(409, body))]) as sim:
        snapshot = take(sim)
        assert [request for request in sim.requests if "/register" in request.path] == []
    config = snapshot.site(Names(sim.subscription_id).cloud).config
    assert isinstance(config, Gap)
    assert config.reason is GapReason.NOT_REGISTERED


def test_the_uri_of_another_vault_is_no_fact_and_its_host_is_not_asked() -> None:
    estate = build("compliant")
    estate.vault("kv-mz-cloud-prd")["properties"]["vaultUri"] = "https://kv-mz-manage-prd.vault.azure.net/"
    with serve(estate) as sim:
        snapshot = take(sim)
        asked = [each for each in sim.requests if each.host == "kv-mz-manage-prd.vault.azure.net"]
    vault = snapshot.vault(Names(sim.subscription_id).cloud_vault)
    assert isinstance(vault.properties, Gap)
    assert (vault.properties.reason, vault.properties.detail) == (
        GapReason.CONTRADICTED,
        "vaultUri is that of another vault",
    )
    assert {each.path for each in asked} == {f"/secrets/{name}" for name in MANAGE}


def test_a_list_that_another_answer_contradicts_is_listed_again_and_is_a_gap() -> None:
    """Site containers of which `linuxFxVersion` tells, and secrets that can be read, that no list holds."""
    told = Alter(lambda body: {**body, "properties": {**body["properties"], "linuxFxVersion": "sitecontainers"}})
    faults = [Fault(CONFIG, told), Fault(SECRETS, StatusFault(200, {"value": []}))]
    with serve(build("compliant"), faults=faults) as sim:
        snapshot = take(sim)
        names = Names(sim.subscription_id)
        site, vault = snapshot.site(names.cloud), snapshot.vault(names.cloud_vault)
        for listing, path in (
            (site.containers, f"{names.cloud}/sitecontainers"),
            (vault.secrets, f"{vault.id}/secrets"),
        ):
            assert listing.items == ()
            assert listing.gap is not None
            assert (listing.gap.reason, listing.gap.call) == (GapReason.CONTRADICTED, f"GET {path}")
            assert sum(request.path == path for request in sim.requests) == 2
        assert need(vault.secret("SECRET-KEY")) is not None


def test_a_vault_that_hides_its_body_is_still_asked_for_values() -> None:
    fault = Fault(r"GET /subscriptions/.*/vaults/kv-mz-cloud-prd$", StatusFault(403))
    with serve(build("compliant"), faults=[fault]) as sim:
        snapshot = take(sim)
    vault = snapshot.vault(Names(sim.subscription_id).cloud_vault)
    assert isinstance(vault.properties, Gap)
    assert need(vault.value("SECRET-KEY")) is not None


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (StatusFault(400, {"error": {"code": "AadPremiumLicenseRequired"}}), Listing()),
        (StatusFault(400, {"error": {"code": "TenantNotOnboarded"}}), Listing()),
        (StatusFault(400, {"error": {"code": "SomethingNew"}}), GapReason.MALFORMED),
        (StatusFault(403, {"error": {"code": "AadPremiumLicenseRequired"}}), GapReason.FORBIDDEN),
        (StatusFault(403), GapReason.FORBIDDEN),
        (StatusFault(400, {"error": {"code": "InvalidApiVersionParameter"}}), GapReason.MALFORMED),
    ],
)
def test_time_bound_assignments_may_not_be_offered(fault: StatusFault, outcome: object) -> None:
    with serve(build("compliant"), faults=[Fault("roleAssignmentScheduleInstances", fault)]) as sim:
        snapshot = take(sim)
    expiring = snapshot.access(f"/subscriptions/{sim.subscription_id}").expiring
    assert outcome in (expiring, None if expiring.gap is None else expiring.gap.reason)


def test_an_app_without_references_may_answer_404() -> None:
    fault = Fault(
        r"app-monozu-ingest-prd/config/configreferences", StatusFault(404, {"Code": "NotFound", "Message": "Not found"})
    )
    with serve(build("compliant"), faults=[fault]) as sim:
        snapshot = take(sim)
    assert asked(snapshot) == []
    assert snapshot.site(Names(sim.subscription_id).ingest).references == Listing()


LISTS = {
    "Microsoft.KeyVault/vaults/secrets/read": "vaults/kv-mz-cloud-prd/secrets",
    "Microsoft.Web/sites/slots/read": "sites/app-monozu-cloud-prd/slots",
    "Microsoft.Insights/metricAlerts/read": "metricAlerts",
    "Microsoft.Insights/workbooks/read": "workbooks",
    "Microsoft.Sql/servers/databases/read": "databases",
    "Microsoft.Authorization/roleAssignments/read": "roleAssignments",
    "Microsoft.Authorization/roleDefinitions/read": "roleDefinitions",
}


def test_a_list_is_partial_unless_the_caller_may_read_all_of_it() -> None:
    """Azure answers each list, and the caller's own permissions deny it each: the answers cannot be trusted whole."""
    permissions = r"/providers/Microsoft\.Authorization/permissions$"
    held = {"value": [{"actions": ["*/read"], "notActions": list(LISTS)}]}
    with serve(build("compliant"), faults=[Fault(permissions, StatusFault(200, held))]) as sim:
        snapshot = take(sim)
    partial = asked(snapshot)
    assert {gap.reason for gap in partial} == {GapReason.PARTIAL}
    assert {gap.permission for gap in partial} == set(LISTS)
    for permission, path in LISTS.items():
        assert any(path in gap.call for gap in partial if gap.permission == permission)
    assert {read.permission for read in snapshot.reads if read.outcome == "partial"} == set(LISTS)


def test_a_right_at_the_resource_is_enough() -> None:
    groups = r"/resourceGroups/[^/]*/providers/Microsoft\.Authorization/permissions$"
    with serve(build("compliant"), faults=[Fault(groups, StatusFault(200, {"value": []}))]) as sim:
        snapshot = take(sim)
    names = Names(sim.subscription_id)
    assert snapshot.vault(names.cloud_vault).secrets.gap is None
    assert snapshot.site(names.cloud).slots.gap is None
    assert snapshot.component(names.component).alerts.gap is None  # listed in the subscription, where the right is


def test_unreadable_permissions_leave_lists_partial() -> None:
    permissions = r"/providers/Microsoft\.Authorization/permissions$"
    with serve(build("compliant"), faults=[Fault(permissions, StatusFault(403))]) as sim:
        snapshot = take(sim)
    secrets = snapshot.vault(Names(sim.subscription_id).cloud_vault).secrets
    assert len(secrets.items) == 8
    assert secrets.gap is not None
    assert secrets.gap.reason is GapReason.PARTIAL


def test_without_the_right_to_list_settings_the_rest_is_read() -> None:
    estate = build("compliant")
    guid = grant_custom_role(estate, "reader of all", ["*/read"])
    assignments = [each for each in estate.role_assignments if each["properties"]["principalId"] != estate.auditor.oid]
    estate.role_assignments[:] = assignments
    for subscription in estate.subscriptions:
        estate.assign(estate.auditor.oid, guid, f"/subscriptions/{subscription}")
    with serve(estate) as sim:
        snapshot = take(sim, values=False)
    permissions = {gap.permission for gap in asked(snapshot)}
    assert permissions == {"Microsoft.Web/sites/config/list/action", "Microsoft.Web/sites/slots/config/list/action"}
    assert snapshot.site(Names(sim.subscription_id).cloud).references.gap is None


def whole(snapshot: Snapshot, sim: Simulator) -> bool:
    return snapshot.site(Names(sim.subscription_id).cloud).properties != Observed(None)


def test_a_registry_that_refuses_is_a_gap_of_its_tags_alone() -> None:
    for path in ("/oauth2/exchange", "/oauth2/token", "/acr/v1/"):
        with serve(build("compliant"), faults=[Fault(f"https://acrmonozu.azurecr.io{path}", StatusFault(403))]) as sim:
            snapshot = take(sim)
        assert whole(snapshot, sim)
        gaps = asked(snapshot)
        assert len(gaps) == 3
        assert {gap.permission for gap in gaps} == {"Microsoft.ContainerRegistry/registries/pull/read"}
        assert {gap.reason for gap in gaps} <= {GapReason.FORBIDDEN, GapReason.MALFORMED}
