"""Azure Resource Manager's refusals, word for word, and how its lists are cut."""

from __future__ import annotations

import pytest

from mzaudit.simulator import Simulator, serve
from mzaudit.simulator.services.entra import token
from tests.documented_estate import build
from tests.simulator.wires import API, ARM, VAULT, arm, ask, everything

PRD = "/resourceGroups/rg-monozu-prd"
WEB = f"{PRD}/providers/Microsoft.Web"
SNAPS = f"{PRD}/providers/Microsoft.Storage/storageAccounts/stmonozuprd/blobServices/default/containers/snaps"

MISSING = {
    "group": (f"{PRD}x", 404, "ResourceGroupNotFound"),
    "resource in a missing group": (f"{PRD}x/providers/Microsoft.Web/sites/a", 404, "ResourceGroupNotFound"),
    "list in a missing group": (f"{PRD}x/providers/Microsoft.Web/sites", 404, "ResourceGroupNotFound"),
    "site": (f"{WEB}/sites/absent", 404, "ResourceNotFound"),
    "config of a missing site": (f"{WEB}/sites/absent/config/web", 404, "ParentResourceNotFound"),
    "database": (f"{PRD}/providers/Microsoft.Sql/servers/sql-monozu-prd/databases/absent", 404, "ResourceNotFound"),
    "container": (SNAPS.replace("snaps", "absent"), 404, "ContainerNotFound"),
    "container of a missing account": (SNAPS.replace("stmonozuprd", "absent"), 404, "ParentResourceNotFound"),
    "list below a missing server": (
        f"{PRD}/providers/Microsoft.Sql/servers/absent/databases",
        404,
        "ResourceNotFound",
    ),
    "identity of a missing site": (
        f"{WEB}/sites/absent/providers/Microsoft.ManagedIdentity/identities/default",
        404,
        "ResourceNotFound",
    ),
    "assignments of a missing vault": (
        f"{PRD}/providers/Microsoft.KeyVault/vaults/absent/providers/Microsoft.Authorization/roleAssignments",
        404,
        "ResourceNotFound",
    ),
    "type": (f"{PRD}/providers/Microsoft.Web/unheardOf", 404, "InvalidResourceType"),
    "provider": (f"{PRD}/providers/Microsoft.Unheard/of", 404, "InvalidResourceNamespace"),
    "role definition": (
        "/providers/Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-00000000000a",
        404,
        "RoleDefinitionDoesNotExist",
    ),
    "deleted vault": (
        "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/absent",
        404,
        "DeletedVaultNotFound",
    ),
}


@pytest.mark.parametrize(("path", "status", "code"), MISSING.values(), ids=MISSING.keys())
def test_what_is_missing_is_named(sim: Simulator, path: str, status: int, code: str) -> None:
    answer = arm(sim, path)
    assert (answer.status, answer.code) == (status, code)


def test_missing_slot_is_told_in_pascal_case(sim: Simulator) -> None:
    answer = arm(sim, f"{WEB}/sites/app-monozu-cloud-prd/slots/absent")
    assert answer.status == 404
    assert answer.body["Code"] == "NotFound"


def test_unknown_subscription(sim: Simulator) -> None:
    answer = ask(sim, f"{ARM}/subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups?{API}")
    assert (answer.status, answer.code) == (404, "SubscriptionNotFound")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MissingApiVersionParameter"),
        ("api-version=latest", "InvalidApiVersionParameter"),
        ("api-version=2025-5-1", "InvalidApiVersionParameter"),
    ],
)
def test_api_version_is_required_and_well_formed(sim: Simulator, query: str, code: str) -> None:
    answer = arm(sim, WEB + "/sites", query=query)
    assert (answer.status, answer.code) == (400, code)


def test_any_well_formed_api_version_is_taken(sim: Simulator) -> None:
    assert arm(sim, WEB + "/sites", query="api-version=2031-12-31-preview").status == 200


def test_paths_ignore_case_and_double_slashes(sim: Simulator) -> None:
    path = "/RESOURCEgroups/RG-monozu-prd//providers/microsoft.WEB/Sites/APP-monozu-cloud-prd"
    assert arm(sim, path).body["name"] == "app-monozu-cloud-prd"
    assert ask(sim, f"{ARM}//subscriptions/{sim.subscription_id}{WEB}/sites?{API}").status == 200


def test_tokens_are_checked(sim: Simulator) -> None:
    auditor = sim.estate.auditor
    url = f"{ARM}/subscriptions?{API}"
    cases = {
        "AuthenticationFailed": ask(sim, url, audience=None),
        "InvalidAuthenticationToken": ask(sim, url, bearer="nonsense"),
        "InvalidAuthenticationTokenAudience": ask(sim, url, audience=VAULT),
        "ExpiredAuthenticationToken": ask(sim, url, bearer=token(sim.estate, auditor, ARM, lifetime=-1)),
    }
    for code, answer in cases.items():
        assert (answer.status, answer.code) == (401, code)
        assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")
    assert ask(sim, url, audience="https://management.core.windows.net/").status == 200


def test_lists_come_in_pages_with_an_empty_one_among_them(sim: Simulator) -> None:
    sizes, answer = [], arm(sim, "/providers/Microsoft.Web/sites")
    while True:
        sizes.append(len(answer.body["value"]))
        if "nextLink" not in answer.body:
            break
        assert answer.body["nextLink"].startswith(ARM)
        assert "%24skiptoken=" in answer.body["nextLink"]
        answer = ask(sim, answer.body["nextLink"])
    assert sizes == [3, 0, 3, 3]


@pytest.mark.parametrize(
    ("path", "end"),
    [
        (f"{WEB}/sites", {}),
        (f"{WEB}/serverfarms", {"nextLink": None, "id": None}),
        (f"{PRD}/providers/Microsoft.Insights/components", {"nextLink": None}),
        (SNAPS.rpartition("/")[0], {"nextLink": ""}),
    ],
)
def test_last_pages_end_differently(sim: Simulator, path: str, end: dict[str, None]) -> None:
    body = arm(sim, path).body
    assert {key: value for key, value in body.items() if key != "value"} == end


def test_page_size_is_the_estates() -> None:
    estate = build("compliant")
    estate.page_size = 100
    with serve(estate) as own:
        assert len(arm(own, "/providers/Microsoft.Web/sites").body["value"]) == 9


@pytest.mark.parametrize(
    ("filter_", "count"),
    [
        ("", 59),
        ("resourceType eq 'Microsoft.Web/sites'", 9),
        ("resourceType eq 'microsoft.keyvault/vaults' and resourceGroup eq 'rg-monozu-prd'", 2),
        ("name eq 'acrmonozu'", 1),
        ("resourceType eq 'Microsoft.Portal/dashboards'", 0),
    ],
)
def test_generic_resources(sim: Simulator, filter_: str, count: int) -> None:
    quoted = filter_.replace(" ", "%20").replace("'", "%27")
    assert len(everything(sim, "/resources", f"{API}&%24filter={quoted}")) == count


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
def test_nothing_can_be_written(method: str) -> None:
    estate = build("compliant")
    with serve(estate) as own:
        path = f"{WEB}/sites/app-monozu-cloud-prd"
        before = dict(estate.site("app-monozu-cloud-prd"))
        answer = arm(own, path + ("/restart" if method == "POST" else ""), method=method)
        assert (answer.status, answer.code) == (403, "AuthorizationFailed")
        estate.assign(estate.auditor.oid, "Owner", "/")
        assert arm(own, path + ("/restart" if method == "POST" else ""), method=method).status == 405
        assert estate.site("app-monozu-cloud-prd") == before
        assert [one.method for one in own.requests] == [method, method]


def test_deleted_vault_is_told() -> None:
    estate = build("compliant")
    vault_id = str(estate.vault("kv-mz-cloud-prd")["id"])
    estate.remove(vault_id)
    listed = f"/subscriptions/{estate.subscriptions[0]}/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults"
    estate.deleted_vaults.append(
        {
            "id": f"{listed}/kv-mz-cloud-prd",
            "name": "kv-mz-cloud-prd",
            "type": "Microsoft.KeyVault/deletedVaults",
            "properties": {"vaultId": vault_id, "location": "westeurope", "deletionDate": "2026-01-01T00:00:00Z"},
        }
    )
    with serve(estate) as own:
        assert arm(own, "/providers/Microsoft.KeyVault/deletedVaults").body["value"] == estate.deleted_vaults
        one = arm(own, "/providers/Microsoft.KeyVault/locations/westeurope/deletedVaults/kv-mz-cloud-prd")
        assert one.body["properties"]["vaultId"] == vault_id
        assert arm(own, vault_id.split(estate.subscriptions[0])[1]).code == "ResourceNotFound"
