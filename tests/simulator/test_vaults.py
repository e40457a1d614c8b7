"""The data plane of a vault: challenge, the forms of 403, and what a list shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mzaudit.simulator import Estate, SimulatedSecret, Simulator, Version, serve
from tests.documented_estate import build
from tests.simulator.wires import ARM, VAULT, ask

HOST = "https://kv-mz-cloud-prd.vault.azure.net"
QUERY = "api-version=2026-04-01"


def test_challenge(sim: Simulator) -> None:
    answer = ask(sim, f"{HOST}/secrets", audience=None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer authorization="https://login.microsoftonline.com/{sim.tenant_id}", resource="https://vault.azure.net"'
    )
    assert answer.body["error"]["message"] == "AKV10000: Request is missing a Bearer or PoP token."


def test_token_of_another_service_is_refused(sim: Simulator) -> None:
    answer = ask(sim, f"{HOST}/secrets?{QUERY}", audience=ARM)
    assert answer.status == 401
    assert answer.body["error"]["message"].startswith("AKV10022: Invalid audience.")


def _no_role(estate: Estate) -> None:
    estate.revoke(estate.auditor.oid, "Key Vault Secrets User")


def _policies(estate: Estate) -> None:
    estate.vault("kv-mz-cloud-prd")["properties"]["enableRbacAuthorization"] = False


def _firewall(estate: Estate) -> None:
    rules = {"defaultAction": "Deny", "bypass": "AzureServices", "ipRules": [{"value": "198.51.100.0/24"}]}
    estate.vault("kv-mz-cloud-prd")["properties"]["networkAcls"] = rules


def _private(estate: Estate) -> None:
    estate.vault("kv-mz-cloud-prd")["properties"]["publicNetworkAccess"] = "Disabled"


def _disabled(estate: Estate) -> None:
    estate.secrets["kv-mz-cloud-prd"]["SECRET-KEY"].current.enabled = False


@pytest.mark.parametrize(
    ("change", "inner"),
    [
        (_no_role, "ForbiddenByRbac"),
        (_policies, "ForbiddenByPolicy"),
        (_firewall, "ForbiddenByFirewall"),
        (_private, "ForbiddenByConnection"),
        (_disabled, "SecretDisabled"),
    ],
)
def test_forbidden_says_why(change: Callable[[Estate], None], inner: str) -> None:
    estate = build("compliant")
    change(estate)
    with serve(estate) as sim:
        answer = ask(sim, f"{HOST}/secrets/SECRET-KEY/?{QUERY}", audience=VAULT)
        assert answer.status == 403
        assert answer.body["error"]["code"] == "Forbidden"
        assert answer.body["error"]["innererror"]["code"] == inner
        # A disabled secret keeps nobody from the list.
        assert ask(sim, f"{HOST}/secrets?{QUERY}", audience=VAULT).status == (200 if inner == "SecretDisabled" else 403)


def test_firewall_lets_its_addresses_in() -> None:
    estate = build("compliant")
    rules = {"defaultAction": "Deny", "ipRules": [{"value": "203.0.113.0/24"}]}
    estate.vault("kv-mz-cloud-prd")["properties"]["networkAcls"] = rules
    with serve(estate) as sim:
        assert ask(sim, f"{HOST}/secrets?{QUERY}", audience=VAULT).status == 200


def test_list_shows_attributes_but_no_values_and_pages_with_a_port() -> None:
    estate = build("compliant")
    held = estate.secrets["kv-mz-cloud-prd"]
    held["SECRET-KEY"].deleted = estate.days(-1)
    held["A-CERTIFICATE"] = SimulatedSecret(
        [Version("0" * 32, "v", 1, expires=2)], "application/x-pkcs12", managed=True
    )
    with serve(estate) as sim:
        answer = ask(sim, f"{HOST}/secrets?{QUERY}&maxresults=2", audience=VAULT)
        first = answer.body["value"][0]
        assert first["managed"] is True
        assert first["attributes"]["exp"] == 2
        assert "exp" not in answer.body["value"][1]["attributes"]
        assert "value" not in first
        assert len(answer.body["value"]) == 2
        assert answer.body["nextLink"].startswith(f"{HOST}:443/secrets?")
        deleted = ask(sim, f"{HOST}/deletedsecrets?{QUERY}", audience=VAULT).body["value"]
        assert [one["recoveryId"] for one in deleted] == [f"{HOST}/deletedsecrets/SECRET-KEY"]
        assert ask(sim, f"{HOST}/secrets/SECRET-KEY?{QUERY}", audience=VAULT).code == "SecretNotFound"
        assert ask(sim, f"{HOST}/secrets?{QUERY}&maxresults=26", audience=VAULT).status == 400


def test_writes_are_refused(sim: Simulator) -> None:
    assert ask(sim, f"{HOST}/secrets/NEW?{QUERY}", method="PUT", audience=VAULT, body="{}").status == 403
