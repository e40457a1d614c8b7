"""Who changed a resource, over the wire: two records, their limits, what is refused, and what never leaves them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from mzaudit.azure import changes_of, choose
from mzaudit.azure.required_permissions import EVENTS
from mzaudit.simulator import Estate, Fault, Html, StatusFault, serve
from mzaudit.simulator.arm import activity_records
from mzaudit.snapshot.changes import Records
from mzaudit.snapshot.estate import Read
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import key
from tests.azure.estates import connection_to, login_env
from tests.doctor.nights import restrict
from tests.documented_estate import build

LOG, GRAPH = "GET .*/eventtypes/management/values.*", "POST .*/Microsoft.ResourceGraph/resources.*"
NAMES = ("app-monozu-manage-prd", "app-monozu-ingest-prd", "stmonozuprd", "sql-monozu-prd")


def ids(estate: Estate) -> tuple[str, ...]:
    found = [str(body["id"]) for body in estate.resources.values()]
    return tuple(next(i for i in found if i.endswith(f"/{name}") and i.count("/") == 8) for name in NAMES)


def ask(estate: Estate, *faults: Fault) -> tuple[Records, tuple[Read, ...]]:
    with serve(estate, faults=list(faults)) as sim:
        connection = connection_to(sim)
        login = choose(login_env(sim), connection)
        now = datetime.now(UTC)
        return asyncio.run(changes_of(ids(estate), login, connection, taken=now, tool_version="test", timeout=60))


def test_both_records_tell_within_their_limits() -> None:
    estate = build("drifted")
    found, reads = ask(estate)
    manage, ingest, account, server = map(key, ids(estate))
    assert not isinstance(found.history, Gap)
    assert set(found.history) == {manage}
    assert found.history[manage].caller == activity_records.PERSON
    assert [one.operation for one in found.activity[manage].items] == ["Microsoft.Web/sites/write"]
    assert len(found.activity[manage].items[0].ids) == 2
    assert [one.operation for one in found.activity[ingest].items] == ["Microsoft.Web/sites/config/write"]
    assert [len(found.activity[each].items) for each in (account, server)] == [0, 1]
    assert {read.outcome for read in reads} == {"ok"}
    assert "what was written" not in str(found)


def test_the_last_of_many_pages_counts() -> None:
    estate = build("compliant")
    manage = ids(estate)[0]
    for day in range(1, 11):
        activity_records.change(estate, manage, "Microsoft.Web/sites/write", day, f"person{day}@monozu.example", "o")
    found, _ = ask(estate)
    assert len(found.activity[key(manage)].items) == 10
    assert not isinstance(found.history, Gap)
    assert found.history[key(manage)].caller == "person1@monozu.example"


def test_the_recommended_role_is_enough_and_without_its_permission_the_log_is_a_gap() -> None:
    estate = build("drifted")
    restrict(estate)
    found, _ = ask(estate)
    assert [listing.gap for listing in found.activity.values()] == [None] * 4
    estate = build("drifted")
    restrict(estate, EVENTS)
    found, reads = ask(estate)
    gaps = [listing.gap for listing in found.activity.values()]
    assert {gap.permission for gap in gaps if gap is not None} == {EVENTS.permission}
    assert None not in gaps
    assert not isinstance(found.history, Gap)
    assert "forbidden" in {read.outcome for read in reads}


@pytest.mark.parametrize("fault", [StatusFault(403), StatusFault(429), Html(503)], ids=["refused", "throttled", "down"])
def test_a_record_that_does_not_answer_is_a_gap(fault: StatusFault | Html) -> None:
    without_history, _ = ask(build("drifted"), Fault(GRAPH, fault))
    assert isinstance(without_history.history, Gap)
    assert [listing.gap for listing in without_history.activity.values()] == [None] * 4
    without_log, _ = ask(build("drifted"), Fault(LOG, fault))
    assert not isinstance(without_log.history, Gap)
    assert None not in [listing.gap for listing in without_log.activity.values()]
