"""Role-based access: what the caller is refused, what is trimmed, and which assignments a filter lists."""

from __future__ import annotations

import json

import pytest

from mzaudit.simulator import Estate, Simulator, serve
from mzaudit.simulator.arm import activity_records
from mzaudit.simulator.arm.rbac import covers, may
from mzaudit.simulator.estates.compliant import SETTINGS_LISTER_GUID
from tests.documented_estate import build
from tests.simulator.wires import API, ARM, VAULT, arm, ask, everything

PRD = "/resourceGroups/rg-monozu-prd"
SITE = f"{PRD}/providers/Microsoft.Web/sites/app-monozu-cloud-prd"
CHANGED = (("Microsoft.Storage/storageAccounts", "stmonozuprd"), ("Microsoft.KeyVault/vaults", "kv-mz-cloud-prd"))
DATA = "Microsoft.KeyVault/vaults/secrets/getSecret/action"


@pytest.fixture
def estate() -> Estate:
    return build("compliant")


def _scope(estate: Estate) -> str:
    return f"/subscriptions/{estate.subscriptions[0]}"


def test_refusal_names_the_caller_the_action_and_the_scope(estate: Estate) -> None:
    estate.revoke(estate.auditor.oid, SETTINGS_LISTER_GUID)
    with serve(estate) as sim:
        answer = arm(sim, f"{SITE}/config/appsettings/list", method="POST")
        assert (answer.status, answer.code) == (403, "AuthorizationFailed")
        auditor = estate.auditor
        assert answer.body["error"]["message"] == (
            f"The client '{auditor.client_id}' with object id '{auditor.oid}' does not have authorization to perform "
            f"action 'Microsoft.Web/sites/config/list/action' over scope '{_scope(estate)}{SITE}/config/appsettings' "
            "or the scope is invalid. If access was recently granted, please refresh your credentials."
        )
        # Whether a reference resolves can still be read.
        assert arm(sim, f"{SITE}/config/configreferences/appsettings").status == 200


READS = (
    f"{PRD}",
    f"{PRD}/providers/Microsoft.Web/sites",
    SITE,
    f"{SITE}/config/web",
    f"{SITE}/config/slotConfigNames",
    f"{SITE}/slots",
    f"{SITE}/sitecontainers",
    f"{SITE}/config/configreferences/appsettings",
    f"{SITE}/config/configreferences/connectionstrings",
    f"{SITE}/providers/Microsoft.ManagedIdentity/identities/default",
    f"{SITE}/providers/Microsoft.Authorization/permissions",
    f"{PRD}/providers/Microsoft.Web/serverfarms/asp-monozu-prd",
    f"{PRD}/providers/Microsoft.KeyVault/vaults",
    f"{PRD}/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd/secrets",
    "/providers/Microsoft.KeyVault/deletedVaults",
    "/providers/Microsoft.Authorization/roleAssignments",
    "/providers/Microsoft.Authorization/denyAssignments",
    "/providers/Microsoft.Authorization/roleDefinitions",
    "/providers/Microsoft.Authorization/roleAssignmentScheduleInstances",
    f"{PRD}/providers/Microsoft.Sql/servers/sql-monozu-prd/databases",
    f"{PRD}/providers/Microsoft.Storage/storageAccounts/stmonozuprd/blobServices/default/containers",
    f"{PRD}/providers/Microsoft.Insights/components",
    f"{PRD}/providers/Microsoft.Insights/workbooks",
    "/providers/Microsoft.AlertsManagement/smartDetectorAlertRules",
    "/providers/Microsoft.Portal/dashboards",
    f"{PRD}/providers/Microsoft.Insights/scheduledQueryRules",
)


def test_reader_is_enough_for_every_read_and_needed_for_each(estate: Estate) -> None:
    with serve(estate) as sim:
        assert {path: arm(sim, path).status for path in READS} == dict.fromkeys(READS, 200)
        estate.revoke(estate.auditor.oid, "Reader")
        assert {path: arm(sim, path).status for path in READS} == dict.fromkeys(READS, 403)
        # 403 comes before 404: who may not read does not learn what is there.
        assert arm(sim, f"{PRD}/providers/Microsoft.Web/sites/absent").code == "AuthorizationFailed"


def test_generic_lists_are_trimmed_silently(estate: Estate) -> None:
    estate.revoke(estate.auditor.oid, "Reader")
    group = f"{_scope(estate)}{PRD}"
    estate.assign(estate.auditor.oid, "Reader", group)
    with serve(estate) as sim:
        assert [one["name"] for one in everything(sim, "/resourcegroups")] == ["rg-monozu-prd"]
        names = {one["id"].split("/")[4].casefold() for one in everything(sim, "/resources")}
        assert names == {"rg-monozu-prd"}
        assert arm(sim, "/providers/Microsoft.Web/sites").code == "AuthorizationFailed"
        assert arm(sim, f"{PRD}/providers/Microsoft.Web/sites").status == 200


def test_the_change_history_is_trimmed_silently(estate: Estate) -> None:
    """Resource Graph answers 200 whatever the caller may read, and leaves out the rest."""
    account, vault = (str(estate.named(kind, name)["id"]) for kind, name in CHANGED)
    for changed in (account, vault):
        activity_records.change(estate, changed, "write", 1.0, "who", "oid")
    query = f'resourcechanges | where target in~ ("{account}", "{vault}")'.casefold()
    question = json.dumps({"query": query, "subscriptions": list(estate.subscriptions)})
    url = f"{ARM}/providers/Microsoft.ResourceGraph/resources?{API}"
    with serve(estate) as sim:
        seen = ask(sim, url, method="POST", body=question).body
        assert {row["target"] for row in seen["data"]} == {account.casefold(), vault.casefold()}
        estate.revoke(estate.auditor.oid, "Reader")
        estate.assign(estate.auditor.oid, "Reader", account)
        answer = ask(sim, url, method="POST", body=question)
        assert answer.status == 200
        assert [row["target"] for row in answer.body["data"]] == [account.casefold()]
        assert (answer.body["count"], answer.body["resultTruncated"]) == (1, "false")


def test_a_subscription_is_hidden_from_who_has_no_role_in_it(estate: Estate) -> None:
    """404, in the words for one that does not exist, whatever is asked below it."""
    below = ("", "/resourcegroups", "/resources", *READS)
    with serve(estate) as sim:
        auditor = estate.auditor.oid
        estate.role_assignments[:] = [
            one for one in estate.role_assignments if one["properties"]["principalId"] != auditor
        ]
        codes = {path: (arm(sim, path).status, arm(sim, path).code) for path in below}
        assert codes == dict.fromkeys(below, (404, "SubscriptionNotFound"))
        there = arm(sim, "").body["error"]["message"]
        absent = "00000000-0000-0000-0000-000000000001"
        assert ask(sim, f"{ARM}/subscriptions/{absent}?{API}").body["error"]["message"] == there.replace(
            sim.subscription_id, absent
        )
        assert ask(sim, f"{ARM}/subscriptions?{API}").body["value"] == []


def test_blind_estate_shows_groups_and_sites_only() -> None:
    with serve(build("blind")) as sim:
        seen = {path for path in READS if arm(sim, path).status == 200}
        assert seen == {PRD, f"{PRD}/providers/Microsoft.Web/sites", SITE}


@pytest.mark.parametrize(
    ("upper", "scope", "covered"),
    [
        ("/", "/subscriptions/s", True),
        ("/providers/Microsoft.Management/managementGroups/m", "/subscriptions/s/resourceGroups/g", True),
        ("/subscriptions/s/resourceGroups/g", "/SUBSCRIPTIONS/S/resourcegroups/G/providers/x", True),
        ("/subscriptions/s/resourceGroups/g/", "/subscriptions/s/resourceGroups/g", True),
        ("/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g2", False),
        ("/subscriptions/s/resourceGroups/g", "/subscriptions/s", False),
    ],
)
def test_scopes_are_compared_by_segments(upper: str, scope: str, covered: bool) -> None:
    assert covers(upper, scope) is covered


def test_owner_reads_no_secrets(estate: Estate) -> None:
    vault = str(estate.vault("kv-mz-cloud-prd")["id"])
    estate.assign("owner", "Owner", "/")
    assert may(estate, "owner", "Microsoft.KeyVault/vaults/write", vault)
    assert not may(estate, "owner", DATA, vault, data=True)


def test_not_actions_subtract_within_a_role(estate: Estate) -> None:
    estate.assign("one", "Contributor", "/")
    assert not may(estate, "one", "Microsoft.Authorization/roleAssignments/write", _scope(estate))
    estate.assign("one", "User Access Administrator", "/")
    assert may(estate, "one", "Microsoft.Authorization/roleAssignments/write", _scope(estate))


def test_access_through_nested_groups(estate: Estate) -> None:
    vault = str(estate.vault("kv-mz-cloud-prd")["id"])
    estate.group_members |= {"inner": {"member"}, "outer": {"inner"}}
    estate.assign("outer", "Key Vault Secrets User", vault, principal_type="Group")
    assert may(estate, "member", DATA, f"{vault}/secrets/SECRET-KEY", data=True)
    assert not may(estate, "member", DATA, str(estate.vault("kv-mz-manage-prd")["id"]), data=True)


@pytest.mark.parametrize(
    ("principals", "excluded", "child_too", "denied"),
    [
        (["00000000-0000-0000-0000-000000000000"], [], True, True),
        (["00000000-0000-0000-0000-000000000000"], ["auditor"], True, False),
        (["auditor"], [], True, True),
        (["somebody-else"], [], True, False),
        (["auditor"], [], False, False),
    ],
)
def test_deny_assignments_win(
    estate: Estate, principals: list[str], excluded: list[str], child_too: bool, denied: bool
) -> None:
    real = {"auditor": estate.auditor.oid}
    permission = {"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}
    estate.deny_assignments.append(
        {
            "properties": {
                "scope": _scope(estate),
                "doNotApplyToChildScopes": not child_too,
                "principals": [{"id": real.get(one, one), "type": "SystemDefined"} for one in principals],
                "excludePrincipals": [{"id": real.get(one, one), "type": "ServicePrincipal"} for one in excluded],
                "permissions": [permission],
            },
        }
    )
    scope = f"{_scope(estate)}{SITE}"
    assert may(estate, estate.auditor.oid, "Microsoft.Web/sites/read", scope) is not denied


@pytest.mark.parametrize("everyone", [True, False], ids=["everyone", "the auditor"])
def test_a_deny_assignment_is_refused_in_words_of_its_own(estate: Estate, everyone: bool) -> None:
    who = "00000000-0000-0000-0000-000000000000" if everyone else estate.auditor.oid
    everything_ = {"actions": ["*/read"], "notActions": [], "dataActions": ["*"], "notDataActions": []}
    estate.deny_assignments.append(
        {
            "id": f"{_scope(estate)}/providers/Microsoft.Authorization/denyAssignments/d1",
            "name": "d1",
            "type": "Microsoft.Authorization/denyAssignments",
            "properties": {
                "denyAssignmentName": "lock",
                "scope": _scope(estate),
                "doNotApplyToChildScopes": False,
                "principals": [{"id": who, "type": "SystemDefined"}],
                "excludePrincipals": [],
                "permissions": [everything_],
            },
        }
    )
    with serve(estate) as sim:
        answer = arm(sim, SITE)
        assert (answer.status, answer.code) == (403, "DenyAssignmentAuthorizationFailed")
        assert "deny assignment with name 'lock' and Id 'd1'" in answer.body["error"]["message"]
        secret = ask(sim, "https://kv-mz-cloud-prd.vault.azure.net/secrets/SECRET-KEY?api-version=7.4", audience=VAULT)
        assert secret.status == 403
        assert "DenyAssignmentId: 'd1'" in secret.body["error"]["message"]


class TestAssignmentFilters:
    """At one vault: who is listed under each filter."""

    VAULT = f"{PRD}/providers/Microsoft.KeyVault/vaults/kv-mz-cloud-prd"

    def _scopes(self, sim: Simulator, filter_: str, at: str = VAULT) -> set[str]:
        path = f"{at}/providers/Microsoft.Authorization/roleAssignments"
        quoted = filter_.replace(" ", "%20").replace("'", "%27")
        found = everything(sim, path, f"{API}&$filter={quoted}" if filter_ else API)
        return {str(one["properties"]["scope"]).rsplit("/", 1)[-1] for one in found}

    @pytest.fixture
    def own(self, estate: Estate) -> Estate:
        oid = estate.principal_of("app-monozu-cloud-prd")
        secret = f"{estate.vault('kv-mz-cloud-prd')['id']}/secrets/SECRET-KEY"
        estate.assign(oid, "Key Vault Reader", secret)
        estate.group_members["22222222-2222-4222-8222-222222222222"] = {oid}
        estate.assign("22222222-2222-4222-8222-222222222222", "Reader", "/", principal_type="Group")
        return estate

    def test_each_filter(self, own: Estate) -> None:
        oid = own.principal_of("app-monozu-cloud-prd")
        above = {own.tenant_id, own.subscriptions[0], "", "rg-monozu-prd"}
        with serve(own) as sim:
            assert self._scopes(sim, "") == above | {"kv-mz-cloud-prd", "SECRET-KEY"}
            assert self._scopes(sim, "atScope()") == above | {"kv-mz-cloud-prd"}
            assert self._scopes(sim, f"principalId eq '{oid}'") == {"kv-mz-cloud-prd", "SECRET-KEY"}
            assert self._scopes(sim, f"assignedTo('{oid}')") == {"", "kv-mz-cloud-prd", "SECRET-KEY"}
            assert self._scopes(sim, f"atScope() and assignedTo('{oid}')") == {"", "kv-mz-cloud-prd"}
            whole = self._scopes(sim, f"assignedTo('{oid}')", at="")
            assert whole == {"", "kv-mz-cloud-prd", "SECRET-KEY", "acrmonozu", "snaps"}

    @pytest.mark.parametrize("filter_", ["atScope() and principalId eq '{oid}'", "nonsense", "assignedTo('me')"])
    def test_other_filters_are_rejected(self, own: Estate, filter_: str) -> None:
        text = filter_.replace("{oid}", own.auditor.oid).replace(" ", "%20").replace("'", "%27")
        with serve(own) as sim:
            path = f"{self.VAULT}/providers/Microsoft.Authorization/roleAssignments"
            assert arm(sim, path, query=f"{API}&$filter={text}").status == 400
