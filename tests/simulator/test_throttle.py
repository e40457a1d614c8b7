"""Throttling: buckets that empty and fill, the headers that say so, and the refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.simulator import Estate, Throttle, serve
from mzaudit.simulator.arm.throttle import Buckets
from mzaudit.simulator.http_messages import HttpRequest
from mzaudit.simulator.services.entra import token
from tests.documented_estate import build
from tests.simulator.wires import ARM, VAULT, arm, ask

READS = "x-ms-ratelimit-remaining-subscription-global-reads"
REQUESTS = "x-ms-ratelimit-remaining-subscription-resource-requests"
LIMITS = Throttle(reads=(2, 0.5), writes=(1, 1), requests=(2, 1), vault=(1, 1))


@pytest.fixture
def estate() -> Estate:
    return build("compliant")


def call(estate: Estate, method: str = "GET", subscription: str = "s") -> HttpRequest:
    bearer = token(estate, estate.auditor, ARM)
    path = f"/subscriptions/{subscription}/resourceGroups"
    return HttpRequest(method, "management.azure.com", path, {}, {"authorization": f"Bearer {bearer}"}, b"")


def test_a_bucket_empties_and_fills(estate: Estate) -> None:
    now = [0.0]
    buckets = Buckets(LIMITS, lambda: now[0])
    assert [buckets.admit(call(estate)).headers[READS] for _ in range(2)] == ["131", "130"]
    refused = buckets.admit(call(estate))
    assert (refused.status, refused.headers["Retry-After"], READS in refused.headers) == (429, "2", False)
    now[0] = 1.0
    assert buckets.admit(call(estate)).headers["Retry-After"] == "1"
    now[0] = 2.0
    assert buckets.admit(call(estate)).status == 200
    now[0] = 100.0
    assert [buckets.admit(call(estate)).status for _ in range(3)] == [200, 200, 429]


def test_reads_writes_and_subscriptions_have_buckets_of_their_own(estate: Estate) -> None:
    buckets = Buckets(LIMITS, lambda: 0.0)
    kinds = [("GET", "s"), ("GET", "s"), ("POST", "s"), ("GET", "t"), ("POST", "t")]
    assert [buckets.admit(call(estate, *kind)).status for kind in kinds] == [200] * 5
    assert [buckets.admit(call(estate, *kind)).status for kind in kinds[1:3]] == [429, 429]


def test_lists_by_post_are_no_writes(estate: Estate) -> None:
    buckets = Buckets(LIMITS, lambda: 0.0)
    site = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a"
    lists = replace(call(estate, "POST"), path=f"{site}/config/appsettings/list")
    assert buckets.admit(call(estate, "POST")).status == 200
    assert [buckets.admit(lists).headers.get(REQUESTS) for _ in range(3)] == ["1", "0", None]
    assert buckets.admit(call(estate, "POST")).status == 429
    assert buckets.admit(call(estate)).status == 200


def test_resource_manager_says_what_is_left_and_refuses_the_next(estate: Estate) -> None:
    with serve(estate, throttle=LIMITS) as sim:
        assert arm(sim, "/resourcegroups").headers[READS] == "131"
        arm(sim, "/resourcegroups")
        refused = arm(sim, "/resourcegroups")
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (
            429,
            "SubscriptionRequestsThrottled",
            "2",
        )


def test_a_vault_has_a_bucket_of_its_own(estate: Estate) -> None:
    with serve(estate, throttle=LIMITS) as sim:
        hosts = ("kv-mz-cloud-prd", "kv-mz-cloud-prd", "kv-mz-manage-prd")
        urls = [f"https://{host}.vault.azure.net/secrets/SECRET-KEY?api-version=7.6" for host in hosts]
        answers = [ask(sim, url, audience=VAULT) for url in urls]
        assert [answer.status for answer in answers] == [200, 429, 200]
        assert answers[1].code == "Throttled"
        assert answers[1].headers["retry-after"] == "1"


def test_without_a_throttle_nothing_is_counted(estate: Estate) -> None:
    with serve(estate) as sim:
        assert [arm(sim, "/resourcegroups").headers[READS] for _ in range(2)] == ["16499"] * 2


def test_a_subscription_without_any_role_is_not_there(estate: Estate) -> None:
    auditor = estate.auditor.oid
    estate.role_assignments[:] = [a for a in estate.role_assignments if a["properties"]["principalId"] != auditor]
    with serve(estate) as sim:
        for path in ("", "/resourcegroups", "/resourceGroups/rg-monozu-prd/providers/Microsoft.Web/sites"):
            assert (arm(sim, path).status, arm(sim, path).code) == (404, "SubscriptionNotFound")
        # any role below it shows it, and what else is there is refused
        group = f"/subscriptions/{sim.subscription_id}/resourceGroups/rg-monozu-prd"
        estate.assign(auditor, "Key Vault Secrets User", f"{group}/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd")
        assert arm(sim, "/resourceGroups/rg-monozu-prd/providers/Microsoft.Web/sites").code == "AuthorizationFailed"
