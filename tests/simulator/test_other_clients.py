"""What only other clients ask: Microsoft Graph, locations, diagnostics, App Service's sign-in, the registry's v2."""

from __future__ import annotations

import pytest

from mzaudit.simulator import Simulator
from mzaudit.simulator.http_messages import Json
from mzaudit.simulator.services.entra import token
from tests.simulator.wires import ARM, arm, ask

GROUP = "/resourceGroups/rg-monozu-prd"
APP = f"{GROUP}/providers/Microsoft.Web/sites/app-monozu-cloud-prd"
DIAGNOSTICS = "/providers/Microsoft.Insights/diagnosticSettings"
GRAPH = "https://graph.microsoft.com"
OLD_GRAPH = "https://graph.windows.net"
REGISTRY = "https://acrmonozu.azurecr.io"

EMPTY = {
    "diagnostic settings of the subscription": DIAGNOSTICS,
    "diagnostic settings of an app": APP + DIAGNOSTICS,
    "managed HSMs": "/providers/Microsoft.KeyVault/managedHSMs",
    "keys of a vault": f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd/keys",
}


@pytest.mark.parametrize("path", EMPTY.values(), ids=EMPTY.keys())
def test_there_are_none(sim: Simulator, path: str) -> None:
    answer = arm(sim, path)
    assert (answer.status, answer.body["value"]) == (200, [])


MISSING = {
    "diagnostic settings of a missing app": (f"{APP}x{DIAGNOSTICS}", "ResourceNotFound"),
    "sign-in of a missing app": (f"{APP}x/config/authsettingsV2/list", "ResourceNotFound"),
}


@pytest.mark.parametrize(("path", "code"), MISSING.values(), ids=MISSING.keys())
def test_what_is_missing_is_named(sim: Simulator, path: str, code: str) -> None:
    answer = arm(sim, path)
    assert (answer.status, answer.code) == (404, code)


def test_locations(sim: Simulator) -> None:
    names = [one["name"] for one in arm(sim, "/locations").body["value"]]
    assert names == ["westeurope", "northeurope"]


def test_no_app_has_a_sign_in_of_its_own(sim: Simulator) -> None:
    answer = arm(sim, f"{APP}/config/authsettingsV2/list")
    assert (answer.status, answer.body["properties"]["platform"]) == (200, {"enabled": False})


@pytest.mark.parametrize(
    ("audience", "status", "code"),
    [
        (None, 401, "InvalidAuthenticationToken"),
        (ARM, 401, "InvalidAuthenticationToken"),
        (GRAPH, 403, "Authorization_RequestDenied"),
    ],
)
def test_nobody_may_read_the_directory(sim: Simulator, audience: str | None, status: int, code: str) -> None:
    answer = ask(sim, f"{GRAPH}/v1.0/domains", audience=audience)
    assert (answer.status, answer.code) == (status, code)


def test_the_old_graph_refuses_in_its_own_shape(sim: Simulator) -> None:
    url = f"{OLD_GRAPH}/{sim.tenant_id}/getObjectsByObjectIds?api-version=1.6"
    answer = ask(sim, url, method="POST", audience=f"{OLD_GRAPH}/", body="{}")
    assert (answer.status, answer.body["odata.error"]["code"]) == (403, "Authorization_RequestDenied")


def _in_registry(sim: Simulator, path: str, *, may: bool = True) -> tuple[int, Json]:
    bearer = token(sim.estate, sim.estate.auditor, "acrmonozu.azurecr.io/access") if may else None
    answer = ask(sim, REGISTRY + path, audience=None, bearer=bearer)
    return answer.status, answer.body


def test_the_registry_by_the_distribution_protocol(sim: Simulator) -> None:
    assert _in_registry(sim, "/v2/", may=False)[0] == 401
    assert _in_registry(sim, "/v2/") == (200, {})
    assert _in_registry(sim, "/v2/_catalog")[1]["repositories"] == sorted(sim.estate.images)
    assert _in_registry(sim, "/v2/unheard/of")[0] == 404
