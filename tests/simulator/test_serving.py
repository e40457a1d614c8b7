"""The way in and what can be let go wrong: proxy, login, faults, records."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from urllib.parse import urlencode

import pytest
from azure.core.exceptions import (
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
)
from azure.keyvault.secrets import SecretClient
from azure.mgmt.web import WebSiteManagementClient

from mzaudit.simulator import Alter, Fault, Hang, Html, Malformed, Reset, Simulator, Slow, StatusFault, Truncated, serve
from mzaudit.simulator.services.entra import token
from tests.documented_estate import build
from tests.simulator.wires import API, ARM, arm, ask, credential, way

SITES = "/providers/Microsoft.Web/sites"


@pytest.mark.parametrize("host", ["example.com", "kv-nowhere.vault.azure.net"])
def test_other_hosts_are_refused_and_remembered(host: str) -> None:
    with serve(build("compliant")) as sim:
        with pytest.raises(OSError, match="403" if host == "example.com" else "502"):
            ask(sim, f"https://{host}/")
        assert sim.refused == [host]
        assert sim.requests == []


def test_unknown_vault_fails_as_a_name_that_does_not_resolve(sim: Simulator) -> None:
    client = SecretClient("https://kv-nowhere.vault.azure.net", credential(sim), **way(sim))
    with client, pytest.raises(ServiceRequestError):
        client.get_secret("SECRET-KEY")


def test_tls_port_serves_the_real_names(sim: Simulator) -> None:
    context = ssl.create_default_context(cafile=sim.ca_file)
    connection = http.client.HTTPSConnection("127.0.0.1", sim.tls_port, context=context, timeout=300)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.connect()
    connection.close()


def test_requests_are_recorded_in_order(sim: Simulator) -> None:
    start = len(sim.requests)
    arm(sim, SITES)
    arm(sim, "/nowhere")
    first, second = sim.requests[start:]
    assert (first.method, first.host, first.status, first.query) == ("GET", "management.azure.com", 200, API)
    assert (second.number, second.status) == (first.number + 1, 404)


def _expect_no_answer(sim: Simulator) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(sim, f"{ARM}/subscriptions?{API}")


def test_close_ends_the_thread_even_while_a_request_hangs() -> None:
    alive = threading.active_count()
    with serve(build("empty"), [Fault("GET .*/subscriptions", Hang(3600))]) as sim:
        caller = threading.Thread(target=_expect_no_answer, args=(sim,))
        caller.start()
        while not sim.requests:
            time.sleep(0.01)
    caller.join()
    assert threading.active_count() == alive


CASES = {
    "status": (StatusFault(429, headers={"Retry-After": "7"}), HttpResponseError, "TooManyRequests"),
    "body": (StatusFault(409, {"error": {"code": "Odd", "message": "m"}}), HttpResponseError, "Odd"),
    "text": (StatusFault(503, "busy"), HttpResponseError, "busy"),
    "reset": (Reset(), ServiceRequestError, "RemoteDisconnected"),
    "hang": (Hang(0.05), ServiceRequestError, "RemoteDisconnected"),
    "truncated": (Truncated(), IncompleteReadError, "IncompleteRead"),
    "malformed": (Malformed(), DecodeError, "invalid"),
    "html": (Html(503), HttpResponseError, "Service Unavailable"),
}


@pytest.mark.parametrize(("action", "raised", "text"), CASES.values(), ids=CASES.keys())
def test_faults_reach_the_client(action: StatusFault, raised: type[Exception], text: str) -> None:
    fault = Fault(r"GET .*/Microsoft\.Web/sites$", action, nth=2)
    with (
        serve(build("compliant"), [fault]) as sim,
        WebSiteManagementClient(credential(sim), sim.subscription_id, **way(sim)) as client,
    ):
        assert list(client.web_apps.list_by_resource_group("rg-monozu-shared")) == []
        with pytest.raises(raised, match=text):
            list(client.web_apps.list_by_resource_group("rg-monozu-shared"))
        assert list(client.web_apps.list_by_resource_group("rg-monozu-shared")) == []


def test_slow_and_altered_answers() -> None:
    foreign = {"value": [], "nextLink": "https://evil.example/"}
    faults = [
        Fault(f"^GET /subscriptions/.*{SITES}$", Slow(0.2), nth=1),
        Fault(SITES, Alter(lambda body: body | foreign), nth=2),
    ]
    with serve(build("compliant"), faults) as sim:
        started = time.monotonic()
        assert len(arm(sim, SITES).body["value"]) == 3
        assert time.monotonic() - started >= 0.2
        assert arm(sim, SITES).body == foreign
        sim.faults.append(Fault(SITES, StatusFault(500)))
        assert arm(sim, SITES).status == 500


def test_entra_refuses(sim: Simulator) -> None:
    good = {
        "grant_type": "client_credentials",
        "client_id": sim.client_id,
        "client_secret": sim.client_secret,
        "scope": f"{ARM}/.default",
    }
    cases: list[tuple[dict[str, str], str, int, int]] = [
        ({"client_secret": "wrong"}, sim.tenant_id, 401, 7000215),
        ({"client_id": "00000000-0000-0000-0000-000000000009"}, sim.tenant_id, 400, 700016),
        ({"scope": "https://unknown.example/.default"}, sim.tenant_id, 400, 500011),
        ({"grant_type": "password"}, sim.tenant_id, 400, 70003),
        ({}, "00000000-0000-0000-0000-000000000009", 400, 90002),
    ]
    for change, tenant, status, number in cases:
        url = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        answer = ask(sim, url, method="POST", audience=None, body=urlencode(good | change))
        assert (answer.status, answer.body["error_codes"]) == (status, [number])
    url = f"https://login.microsoftonline.com/{sim.tenant_id}/oauth2/v2.0/token"
    by_assertion = {name: value for name, value in good.items() if name != "client_secret"} | {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": token(sim.estate, sim.estate.auditor, "api://AzureADTokenExchange"),
    }
    for form in (good, by_assertion):
        answer = ask(sim, url, method="POST", audience=None, body=urlencode(form))
        assert answer.status == 200
        assert answer.body.keys() == {"token_type", "expires_in", "ext_expires_in", "access_token"}


def test_discovery(sim: Simulator) -> None:
    known = ask(sim, "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1", audience=None)
    assert json.dumps(known.body).count("login.microsoftonline.com") >= 2
