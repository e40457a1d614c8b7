"""RBAC as Azure tells it: roles that are assignable in one group alone, roles that no list shows, lists left out,
members that are missing, and a subscription that does not tell the caller's own permissions."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.engine.results import Finding
from mzaudit.policy.models import Severity
from mzaudit.report.gap_advice import advice
from mzaudit.simulator import Alter, Fault, Simulator, StatusFault, grant_custom_role, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import GapReason
from tests.azure.estates import Names, take
from tests.documented_estate import build

READS_SECRETS = ("Microsoft.KeyVault/vaults/secrets/getSecret/action",)
ROLES = r"GET /subscriptions/[^/]+/providers/Microsoft\.Authorization/roleDefinitions$"
ASSIGNED = r"GET /subscriptions/[^/]+/providers/Microsoft\.Authorization/roleAssignments$"
OWN_RIGHTS = r"GET /subscriptions/[^/]+/providers/Microsoft\.Authorization/permissions$"


@pytest.fixture(scope="module")
def served() -> Iterator[Simulator]:
    """The compliant estate: a role of each resource group, and one at `/` that no list shows, are held in it."""
    with serve(build("compliant")) as simulator:
        yield simulator


@pytest.fixture
def sim(served: Simulator) -> Simulator:
    served.estate, served.faults[:] = build("compliant"), []
    return served


def judged(sim: Simulator) -> tuple[Snapshot, dict[str, Finding]]:
    """What was seen of production, and the findings about access, by rule and subject."""
    loaded = load_policy(None, shipped=True)
    wanted = bind_policy(loaded, ("prd",), subscriptions_of(loaded, ("prd",), simulator=sim))
    seen = take(sim, scope=scope_of(wanted))
    findings = judge(loaded, wanted, seen, fail_on=Severity.LOW).findings
    return seen, {f"{f.rule} {f.subject.name}": f for f in findings if f.rule.startswith(("RBAC", "IMG-007"))}


def open_or_failed(found: dict[str, Finding]) -> dict[str, str]:
    return {name: f.status.value for name, f in found.items() if f.status.value in ("fail", "inconclusive")}


def test_roles_of_one_group_are_listed_and_those_of_no_list_read_by_id(sim: Simulator) -> None:
    before = len(sim.requests)
    seen, found = judged(sim)
    assert open_or_failed(found) == {}
    names = {role.name for role in seen.access(f"/subscriptions/{sim.subscription_id}").roles.items}
    assert {"operator of rg-monozu-prd", "tickets for the whole tenant"} <= names
    asked = [r for r in sim.requests[before:] if "/roleDefinitions" in r.path]
    by_id = [r.path for r in asked if not r.path.endswith("/roleDefinitions")]
    assert [path.rpartition("/")[0] for path in by_id] == ["/providers/Microsoft.Authorization/roleDefinitions"]


def test_a_role_of_one_group_that_reads_secrets_is_no_doubt_but_a_way_in(sim: Simulator) -> None:
    group = Names(sim.subscription_id).group
    role = grant_custom_role(sim.estate, "reads secrets of one group", (), READS_SECRETS, (group,))
    sim.estate.assign(sim.estate.principal_of("app-monozu-manage-prd"), role, group)
    failed = {name for name, status in open_or_failed(judged(sim)[1]).items() if status == "fail"}
    assert {"RBAC-002 kv-mz-cloud-prd"} <= failed


def test_a_role_that_azure_does_not_find_names_the_call_that_was_made(sim: Simulator) -> None:
    gone = "deadbeef-0000-4000-8000-000000000000"
    group = Names(sim.subscription_id).group
    sim.estate.assign(sim.estate.principal_of("app-monozu-manage-prd"), gone, group)
    seen, found = judged(sim)
    gap = seen.access(group).undefined[gone]
    call = f"GET /subscriptions/{sim.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/{gone}"
    assert (gap.reason, gap.call) == (GapReason.NOT_VISIBLE, call)
    assert found["RBAC-002 kv-mz-cloud-prd"].gaps == (gap,)
    assert call in {read.call for read in seen.reads}
    assert call.removeprefix("GET ") in {request.path for request in sim.requests}


def test_where_the_list_is_refused_nothing_is_asked_by_id(sim: Simulator) -> None:
    sim.faults[:] = [Fault(ROLES, StatusFault(403))]
    before = len(sim.requests)
    _, found = judged(sim)
    assert found["RBAC-001 cloud/kv-mz-cloud-prd"].status.value == "inconclusive"
    assert not [r for r in sim.requests[before:] if "/roleDefinitions/" in r.path]


def _definitions(change: Callable[[dict[str, Any]], object], name: str = "AcrPush") -> Fault:
    """The list in which one definition is bent."""

    def mutate(answer: Any) -> Any:
        body = copy.deepcopy(answer)
        for item in body["value"]:
            if item["properties"]["roleName"] == name:
                change(item["properties"])
        return body

    return Fault(ROLES, Alter(mutate))


def _silent(*members: str) -> Callable[[dict[str, Any]], object]:
    return lambda properties: [properties["permissions"][0].pop(each) for each in members]


SILENT: dict[str, tuple[Fault, set[str]]] = {
    "no dataActions: it may read secrets": (
        _definitions(_silent("dataActions")),
        {"RBAC-002 kv-mz-cloud-prd"},
    ),
    "dataActions null": (
        _definitions(lambda p: p["permissions"][0].update(dataActions=None)),
        {"RBAC-002 kv-mz-cloud-prd"},
    ),
    "no actions: no secret is read by one": (_definitions(_silent("actions")), set()),
    "no notDataActions: nothing is granted that they could take away": (_definitions(_silent("notDataActions")), set()),
    "no permissions at all": (
        _definitions(lambda p: p.pop("permissions")),
        {"RBAC-002 kv-mz-cloud-prd"},
    ),
    "neither name nor type": (_definitions(lambda p: [p.pop("roleName"), p.pop("type")]), set()),
}


@pytest.mark.parametrize("case", SILENT)
def test_what_a_definition_leaves_out_is_not_none(case: str, sim: Simulator) -> None:
    """A foreign identity holds the role on the vault, where it grants nothing."""
    fault, undecided = SILENT[case]
    vault = Names(sim.subscription_id).cloud_vault
    sim.estate.assign(sim.estate.principal_of("app-monozu-manage-prd"), "AcrPush", vault)
    sim.faults[:] = [fault]
    _, found = judged(sim)
    told = {name for name, f in found.items() if f.status.value == "inconclusive"}
    assert told & {"RBAC-002 kv-mz-cloud-prd", "RBAC-006 manage"} == undecided
    assert found["RBAC-006 manage"].status.value == "fail"
    if undecided:
        assert "AcrPush does not say its dataActions" in found["RBAC-002 kv-mz-cloud-prd"].gaps[0].detail


def _assignments(change: Callable[[dict[str, Any]], object], which: str = ASSIGNED) -> Fault:
    def mutate(answer: Any) -> Any:
        body = copy.deepcopy(answer)
        for item in body["value"]:
            change(item["properties"])
        return body

    return Fault(which, Alter(mutate))


ODD: dict[str, tuple[Fault, set[str]]] = {
    "no scope: the id has it": (_assignments(lambda p: p.pop("scope")), set()),
    "no principalType": (_assignments(lambda p: p.pop("principalType")), set()),
    "a principalType of another kind": (
        _assignments(lambda p: p.update(principalType="MSI") if p["principalType"] == "ServicePrincipal" else None),
        set(),
    ),
    "empty conditions": (_assignments(lambda p: p.update(condition="", conditionVersion="")), set()),
}


@pytest.mark.parametrize("case", ODD)
def test_members_that_may_be_missing(case: str, sim: Simulator) -> None:
    fault, undecided = ODD[case]
    sim.faults[:] = [fault]
    assert set(open_or_failed(judged(sim)[1])) == undecided


def test_a_deny_assignment_without_a_scope_is_where_its_id_says(sim: Simulator) -> None:
    group = Names(sim.subscription_id).group
    everybody = [{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}]
    denied = {"actions": ["*/delete"], "notActions": [], "dataActions": [], "notDataActions": []}
    members = {
        "denyAssignmentName": "stack",
        "permissions": [denied],
        "scope": group,
        "principals": everybody,
        "excludePrincipals": [],
        "doNotApplyToChildScopes": False,
    }
    place = f"{group}/providers/Microsoft.Authorization/denyAssignments/aaaaaaaa-0000-4000-8000-000000000001"
    sim.estate.deny_assignments.append({"id": place, "name": place.rsplit("/", 1)[1], "properties": members})
    sim.faults[:] = [_assignments(lambda p: p.pop("scope"), ASSIGNED.replace("roleAss", "denyAss"))]
    seen, found = judged(sim)
    assert open_or_failed(found) == {}
    assert [deny.scope for deny in seen.access(group).denies.items] == [group]


def test_a_condition_of_another_version_is_undecided(sim: Simulator) -> None:
    vault = Names(sim.subscription_id).cloud_vault
    held = sim.estate.assign(sim.estate.principal_of("app-monozu-manage-prd"), "Key Vault Secrets User", vault)
    closed = "@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'kv-other'"
    for version, status in (("2.0", "pass"), ("9.9", "inconclusive"), (None, "pass")):
        held["properties"].update(condition=closed, conditionVersion=version)
        assert judged(sim)[1]["RBAC-002 kv-mz-cloud-prd"].status.value == status, version


def _no_group_tells(sim: Simulator) -> None:
    sim.faults[:] = [
        *sim.faults,
        Fault(OWN_RIGHTS.replace("providers", "resourceGroups/rg-monozu-prd/providers"), StatusFault(403)),
    ]


@pytest.mark.parametrize("code", [403, 404, 400, 405])
def test_a_subscription_that_does_not_tell_the_callers_permissions(code: int, sim: Simulator) -> None:
    """They are documented for groups and resources alone: then every group of the run tells them."""
    sim.faults[:] = [Fault(OWN_RIGHTS, StatusFault(code))]
    seen, found = judged(sim)
    assert open_or_failed(found) == {}
    assert [
        read.outcome
        for read in seen.reads
        if read.call.endswith(f"{sim.subscription_id}/{'/'.join(OWN_RIGHTS[:-1].split('/')[-3:])}".replace("\\", ""))
    ] != ["ok"]
    _no_group_tells(sim)
    told = judged(sim)[1]["RBAC-003 kv-mz-cloud-prd"]
    assert told.status.value == "inconclusive"
    assert {gap.reason for gap in told.gaps} == {GapReason.PARTIAL}


def test_an_account_with_a_hierarchical_namespace_is_left_open(sim: Simulator) -> None:
    names = Names(sim.subscription_id)
    sim.estate.resource(names.account)["properties"].update(isHnsEnabled=True, isSftpEnabled=True, isNfsV3Enabled=True)
    _, found = judged(sim)
    assert open_or_failed(found) == {"RBAC-005 stmonozuprd/snaps": "inconclusive"}
    gaps = found["RBAC-005 stmonozuprd/snaps"].gaps
    assert [gap.call.split(" ")[0] for gap in gaps] == ["access", "SFTP", "NFS"]
    assert "az storage fs access show --account-name stmonozuprd" in gaps[0].detail
    assert "the detail says what would" in advice(gaps[0])


def test_a_vault_that_serves_deployments_lets_a_foreign_contributor_in(sim: Simulator) -> None:
    names = Names(sim.subscription_id)
    sim.estate.resource(names.cloud_vault)["properties"]["enabledForTemplateDeployment"] = True
    sim.estate.assign(sim.estate.principal_of("app-monozu-manage-prd"), "Contributor", names.group)
    _, found = judged(sim)
    assert found["RBAC-002 kv-mz-cloud-prd"].status.value == "fail"
    assert "Contributor (for deployments)" in found["RBAC-002 kv-mz-cloud-prd"].note
