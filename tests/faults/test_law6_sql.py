"""Law 6 inside the databases: every login and query, failing in every way, decides nothing that it did not before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mzaudit import rules
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding, Status
from mzaudit.simulator import Hang, Malformed, Reset, ServerError, Simulator, SqlFault, Truncated, serve
from mzaudit.simulator.fault_injection import SqlAction
from tests.azure.estates import HURRIED, Names, take
from tests.built_estate import POLICIES
from tests.documented_estate import build

Findings = dict[tuple[str, str], Finding]
DATABASE = "db-monozu-cloud-prd"
QUERIES = {
    "login": f"LOGIN .*{DATABASE}",
    "permissions": "HAS_PERMS_BY_NAME",
    "principals": "SELECT p.name, p.type",
    "role members": "database_role_members",
    "permissions granted": "sys.database_permissions",
    "security policies": "sys.security_policies",
    "tenant tables": "sys.columns",
    "history": "installed_rank",
}
FAULTS: dict[str, SqlAction] = {
    "login refused": ServerError(18456, "Login failed.", 14),
    "permission missing": ServerError(229, "denied", 14),
    "throttled": ServerError(40501, "busy", 20),
    "unavailable": ServerError(40613, "not available", 17),
    "an unknown number": ServerError(50000, "##vso[task.complete result=Succeeded;]", 16),
    "reset": Reset(),
    "reset mid-result": Truncated(),
    "garbage token stream": Malformed(),
    "time-out": Hang(20),
}
# Databases are waited for in truth: long enough for a busy machine, but for what never answers.
PATIENCE, HURRY = (replace(HURRIED, budget=budget) for budget in (60.0, 3.0))
SQL = tuple(rule for rule in rules.load() if rule.area in ("SQL", "APP"))


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with serve(build("compliant")) as served:
        yield served


@pytest.fixture(scope="module")
def straight(simulator: Simulator) -> Findings:
    """Nothing fails."""
    return findings(simulator)


def findings(sim: Simulator, *faults: SqlFault) -> Findings:
    """What the SQL rules say of the documented estate under those faults."""
    loaded = load_policy(POLICIES, shipped=False)
    sim.sql_faults[:] = faults
    scope = replace(Names(sim.subscription_id).scope(), vaults=(), registries=(), resources=(), components=())
    dev = tuple(each.replace("stg", "dev") for each in scope.identities_of)
    scope = replace(scope, identities_of=(*scope.identities_of, *dev))
    silent = any(isinstance(fault.action, Hang) for fault in faults)
    seen = take(sim, scope=scope, retry=HURRY if silent else PATIENCE)
    wanted = bind_policy(loaded, ("prd",), subscriptions_of(loaded, ("prd",), given=sim.subscription_id))
    return {(f.rule, f.subject.name): f for f in evaluate(wanted, seen, SQL) if f.rule.startswith("SQL")}


def test_nothing_fails_by_itself(straight: Findings) -> None:
    assert {finding.status for finding in straight.values()} == {Status.PASS}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("query", QUERIES)
def test_a_fault_inside_a_database_concludes_nothing_new(
    query: str, fault: str, simulator: Simulator, straight: Findings
) -> None:
    after = findings(simulator, SqlFault(QUERIES[query], FAULTS[fault]))
    assert after.keys() == straight.keys()
    changed = {key: finding for key, finding in after.items() if finding.status is not straight[key].status}
    assert changed, "what was not read cannot have been judged"
    for finding in changed.values():
        assert finding.status is Status.INCONCLUSIVE
        assert all(gap.call.startswith("SQL ") and gap.detail for gap in finding.gaps)
        assert not any("vso" in gap.detail for gap in finding.gaps), "the server's words go no further"
    if query != "login":
        untouched = ("SQL-001", "SQL-002")
        assert not any(rule in untouched for rule, _ in changed)
