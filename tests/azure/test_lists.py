"""One list in place of many reads: the same findings, absence still from a direct read, and a list that fails or was
cut takes nothing away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mzaudit.azure import bulk_lists
from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.cli.simulation import documented
from mzaudit.cli.subscriptions import subscriptions_of
from mzaudit.drill.simulated_estates import build
from mzaudit.engine.results import Finding
from mzaudit.policy.loader.load import Loaded
from mzaudit.policy.models import Severity
from mzaudit.simulator import Fault, Html, Malformed, Request, Reset, Simulator, StatusFault, serve
from mzaudit.simulator.fault_injection import Action
from tests.azure.estates import take

WIDE = r"GET /subscriptions/[^/]+/providers/Microsoft\.(Web|KeyVault|Sql|Storage|Insights|Portal|AlertsManagement)/\w+$"
GROUPS = r"GET /subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Web/sites$"


def policy(estate: str) -> Loaded:
    """The shipped policy, or that of a large estate."""
    return documented(load_policy(None, shipped=True), estate)


def found(sim: Simulator, estate: str) -> tuple[Finding, ...]:
    """The findings about production, or about all of a large estate."""
    loaded = policy(estate)
    asked = tuple(loaded.policy.environments) if estate.startswith("large") else ("prd",)
    wanted = bind_policy(loaded, asked, subscriptions_of(loaded, asked, simulator=sim))
    return judge(loaded, wanted, take(sim, scope=scope_of(wanted)), fail_on=Severity.LOW).findings


def alone(monkeypatch: pytest.MonkeyPatch, estate: str, faults: Sequence[Fault] = ()) -> tuple[Finding, ...]:
    monkeypatch.setattr(bulk_lists, "MANY", 10_000)
    with serve(build(estate, policy(estate)), faults) as sim:
        return found(sim, estate)


def listed(
    monkeypatch: pytest.MonkeyPatch, estate: str, faults: Sequence[Fault] = ()
) -> tuple[tuple[Finding, ...], list[Request]]:
    monkeypatch.setattr(bulk_lists, "MANY", 1)
    with serve(build(estate, policy(estate)), faults) as sim:
        return found(sim, estate), sim.requests


@pytest.mark.parametrize("estate", ["compliant", "drifted", "blind", "empty", "large:6"])
def test_lists_find_what_reads_find(estate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = alone(monkeypatch, estate)
    seen, requests = listed(monkeypatch, estate)
    assert seen == read
    assert [request for request in requests if request.path.endswith("/providers/Microsoft.KeyVault/vaults")]


def test_what_is_listed_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, requests = listed(monkeypatch, "compliant")
    ends = ("/vaults/kv-mz-cloud-prd", "/sites/app-monozu-cloud-prd", "/slots", "/slots/staging", "/asp-monozu-prd")
    assert [request.path for request in requests if request.path.endswith(ends)] == []


def test_what_a_list_lacks_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _, requests = listed(monkeypatch, "empty")
    assert [request for request in requests if request.path.endswith("/vaults/kv-mz-cloud-prd")]


FAILING: dict[str, tuple[str, Action]] = {
    "forbidden": (WIDE, StatusFault(403)),
    "absent": (WIDE, StatusFault(404)),
    "failing": (WIDE, StatusFault(500)),
    "HTML": (WIDE, Html()),
    "malformed": (WIDE, Malformed()),
    "reset": (WIDE, Reset()),
    "forbidden in a group": (GROUPS, StatusFault(403)),
    "malformed in a group": (GROUPS, Malformed()),
    "trimmed": (WIDE, StatusFault(200, {"value": []})),
    "trimmed in a group": (GROUPS, StatusFault(200, {"value": []})),
}


@pytest.mark.parametrize("case", FAILING)
def test_a_list_that_fails_takes_nothing_away(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match, action = FAILING[case]
    read = alone(monkeypatch, "compliant")
    seen, _ = listed(monkeypatch, "compliant", [Fault(match, action)])
    # what processing rules do lies in a list of the subscription alone; and Azure says that the caller may read every
    # one of these, so that an empty list of a part is believed
    parts = {"OBS-004", "OBS-005"} if case == "trimmed" else {"OBS-004"}
    assert [each for each in seen if each.rule not in parts] == [each for each in read if each.rule not in parts]


def test_a_list_of_a_subscription_is_whole_only_to_whoever_may_read_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller may read each group and nothing above: what watches a component is asked for by group again."""
    at_top = Fault(
        r"GET /subscriptions/[^/]+/providers/Microsoft\.Authorization/permissions$", StatusFault(200, {"value": []})
    )
    read = alone(monkeypatch, "drifted", [at_top])
    seen, requests = listed(monkeypatch, "drifted", [at_top])
    assert seen == read
    assert [
        request
        for request in requests
        if request.path.endswith("rg-monozu-prd/providers/Microsoft.Insights/metricAlerts")
    ]


def test_few_are_read_one_by_one() -> None:
    loaded = load_policy(None, shipped=True)
    wanted = bind_policy(loaded, ("prd",), dict.fromkeys(loaded.policy.environments, "s"))
    assert bulk_lists.plan_lists(scope_of(wanted)) == {}
