"""Law 6 for the records of who changed what (`--attribute`): any one that fails is a gap, and takes nothing with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mzaudit.azure import changes_of, choose
from mzaudit.simulator import Fault, Simulator, serve
from mzaudit.snapshot.changes import Records
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import key
from tests.azure.estates import HURRIED, connection_to, login_env
from tests.documented_estate import build
from tests.faults.bench import Bench
from tests.faults.catalogue import FAULTS, called_for
from tests.faults.targets import LOGIN, Recorder, Target, targets, tells_of
from tests.virtual_time import VirtualTime

NOW = datetime.now(UTC).replace(microsecond=0)  # what is asked for is the same in every run
NAMES = ("app-monozu-manage-prd", "stmonozuprd")
PATIENCE = replace(HURRIED, budget=2.0)
HEALED = ("empty page with nextLink",)  # the items are on the page after the empty one


@dataclass
class Asked:
    """An estate that is asked who changed two of its resources, what it answers, and in which requests."""

    simulator: Simulator
    resources: tuple[str, ...]
    usual: Records
    history: Target
    activity: Target
    bodies: Mapping[Target, dict[str, Any]]

    def under(self, faults: Sequence[Fault]) -> Records:
        return _records(self.simulator, self.resources, faults)


def _records(simulator: Simulator, resources: tuple[str, ...], faults: Sequence[Fault] = ()) -> Records:
    connection = replace(connection_to(simulator, PATIENCE), session=simulator.session)
    login = choose(login_env(simulator), connection)
    simulator.faults[:] = faults
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        asking = changes_of(resources, login, connection, taken=NOW, tool_version="test", timeout=30)
        found, _ = runner.run(asking)
    return found


@pytest.fixture(scope="module")
def asked(benches: Mapping[str, Bench]) -> Iterator[Asked]:
    with serve(build("drifted")) as simulator:
        kept = [str(body["id"]) for body in simulator.estate.resources.values()]
        resources = tuple(next(each for each in kept if each.endswith(f"/{name}")) for name in NAMES)
        usual = _records(simulator, resources)
        sent = [each for each in targets(simulator.requests) if each.host != LOGIN]
        (history,) = (each for each in sent if each.method == "POST")
        activity = next(each for each in sent if resources[0] in each.query)
        recorder = Recorder((history, activity))
        _records(simulator, resources, recorder.faults)
        yield Asked(simulator, resources, usual, history, activity, {**benches["compliant"].bodies, **recorder.bodies})


def test_nothing_fails_by_itself(asked: Asked) -> None:
    assert not isinstance(asked.usual.history, Gap)
    assert asked.usual.history
    assert [listing.gap for listing in asked.usual.activity.values()] == [None, None]
    assert asked.usual.activity[key(asked.resources[0])].items


@pytest.mark.parametrize("fault", FAULTS)
def test_a_history_that_fails_is_a_gap_and_the_log_stands(asked: Asked, fault: str) -> None:
    faults = FAULTS[fault](asked.history, asked.bodies)
    found = asked.under(faults)
    assert found.activity == asked.usual.activity
    if faults:
        assert isinstance(found.history, Gap)
        _tells(found.history, asked.history, fault)
    else:
        assert found.history == asked.usual.history


@pytest.mark.parametrize("fault", FAULTS)
def test_a_log_that_fails_is_a_gap_and_the_others_stand(asked: Asked, fault: str) -> None:
    faults = FAULTS[fault](asked.activity, asked.bodies)
    found = asked.under(faults)
    first, other = map(key, asked.resources)
    assert found.history == asked.usual.history
    assert found.activity[other] == asked.usual.activity[other]
    items, gap = found.activity[first].items, found.activity[first].gap
    assert set(items) <= set(asked.usual.activity[first].items)
    if faults and fault not in HEALED:
        assert gap is not None
        _tells(gap, asked.activity, fault)
    else:
        assert gap is None


def _tells(gap: Gap, target: Target, fault: str) -> None:
    assert tells_of(gap, target)
    assert gap.reason is called_for(target, fault), gap
