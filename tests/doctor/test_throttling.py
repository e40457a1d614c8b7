"""Under Azure's throttling: the same findings a little later, and an end in time where it never lets up."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from mzaudit.simulator import Throttle, serve
from tests.doctor.conftest import Outcome
from tests.doctor.nights import night
from tests.documented_estate import build

SIXTH = Throttle(reads=(250 / 6, 25 / 6), requests=(33, 10 / 6), vault=(4000 / 6, 400 / 6))
SMALL = Throttle(reads=(5, 20), requests=(2, 5), vault=(3, 5))


@pytest.mark.parametrize("throttle", [SIXTH, SMALL], ids=["a sixth of the documented", "small buckets"])
def test_a_throttled_run_finds_the_same(throttle: Throttle) -> None:
    estate = build("drifted")
    with serve(estate) as simulator:
        free = night(simulator)
    with serve(estate, throttle=throttle) as simulator:
        slow = night(simulator)
        assert [request for request in simulator.requests if request.status == 429]
    assert slow.findings == free.findings
    assert slow.seen.reads == free.seen.reads


def test_a_service_that_always_throttles_ends_incomplete_before_the_deadline(mzaudit: Callable[..., Outcome]) -> None:
    with serve(build("compliant"), throttle=Throttle(reads=(0, 0.2), requests=(0, 0.2))) as simulator:
        started = time.monotonic()
        outcome = mzaudit("check", "--env", "prd", "--timeout", "20s", "-o", "json", to=simulator)
        took = time.monotonic() - started
    assert outcome.code == 3, outcome.err
    assert took < 25
    report = json.loads(outcome.out)
    assert {read["outcome"] for read in report["reads"]} <= {"throttled", "timeout"}
    assert {finding["status"] for finding in report["findings"]} <= {"inconclusive", "not-applicable"}
