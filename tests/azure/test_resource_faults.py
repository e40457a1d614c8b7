"""Each request for a resource of any type, broken in every way a call can be: findings stay, or are inconclusive."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import pytest

from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.drill.simulated_estates import build, subscriptions_of
from mzaudit.engine.results import Status
from mzaudit.policy.bind import bind
from mzaudit.policy.loader.load import Loaded, load
from mzaudit.policy.models import Severity
from mzaudit.rules import vocabulary
from mzaudit.simulator import Alter, Fault, Html, Malformed, Reset, StatusFault, Truncated, serve
from mzaudit.simulator.fault_injection import Action
from tests.azure.estates import take

NORTHWIND = Path(__file__).parent.parent / "estates" / "northwind"
NEW = (
    r"/providers/Microsoft\.Cache/redis/[^/]+$",
    r"/providers/Microsoft\.Cache$",
    r"/providers/Microsoft\.ServiceBus/namespaces/",
    r"/locks/keep$",
    r"/diagnosticSettings/to-workspace$",
    r"/config/web$",
)
FAULTS: dict[str, Action] = {
    "refused": StatusFault(403),
    "not found, by a proxy": Html(404),
    "not found, in other words": StatusFault(404, {"error": {"code": "SomethingNotFound", "message": "no"}}),
    "subscription not found": StatusFault(404, {"error": {"code": "SubscriptionNotFound", "message": "no"}}),
    "version refused": StatusFault(400, {"error": {"code": "NoRegisteredProviderFound", "message": "no"}}),
    "at odds": StatusFault(409, {"error": {"code": "MissingSubscriptionRegistration", "message": "no"}}),
    "throttled": StatusFault(429, headers={"Retry-After": "1"}),
    "broken": StatusFault(500),
    "no answer": Reset(),
    "cut short": Truncated(),
    "no JSON": Malformed(),
    "a list": Alter(lambda body: {"value": [body]}),
    "nothing": Alter(lambda body: {}),
    "another's": Alter(lambda body: body | {"id": f"{body.get('id')}-2", "name": f"{body.get('name')}-2"}),
}


@functools.cache
def policy() -> Loaded:
    return load(NORTHWIND, vocabulary())


def found(faults: Sequence[Fault] = ()) -> dict[tuple[str, str], Status]:
    """The findings of live about resources, by rule and subject."""
    loaded = policy()
    wanted = bind(loaded.policy, loaded.where, ("live",), subscriptions_of(loaded.policy))
    with serve(build("compliant", loaded), list(faults)) as sim:
        report = judge(loaded, wanted, take(sim, scope=scope_of(wanted), values=False), fail_on=Severity.LOW)
    return {(one.rule, one.subject.name): one.status for one in report.findings if one.rule.startswith("RES-")}


@functools.cache
def healthy() -> dict[tuple[str, str], Status]:
    return found()


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_of_a_new_request_concludes_anything(fault: str) -> None:
    assert set(healthy().values()) == {Status.PASS}
    seen = found([Fault(match, FAULTS[fault]) for match in NEW])
    changed = {about: status for about, status in seen.items() if status is not healthy()[about]}
    assert set(changed.values()) <= {Status.INCONCLUSIVE}, changed
    assert changed or fault in ("another's",)
