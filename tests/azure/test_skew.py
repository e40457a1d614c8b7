"""This machine's clock against the services': what is concluded from the `Date` of their answers, and what is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from mzaudit.azure.client.clock_skew import Skew
from mzaudit.simulator import Fault, Recode, Simulator, serve
from mzaudit.snapshot.clock import words
from mzaudit.snapshot.observed import Gap, GapReason
from tests.azure.estates import take
from tests.documented_estate import build


def date(**ahead: float) -> timedelta:
    return timedelta(**ahead)


def headers(answer: Mapping[str, str] | timedelta) -> Mapping[str, str]:
    """The headers of an answer, made when it is heard: a test may run long after it was collected."""
    if isinstance(answer, timedelta):
        return {"date": format_datetime(datetime.now(UTC) + answer, usegmt=True)}
    return answer


TOLD: dict[str, tuple[Sequence[Mapping[str, str] | timedelta], str]] = {
    "nothing": ([], ""),
    "no date": ([{}], ""),
    "the same time": ([date()], ""),
    "four minutes": ([date(minutes=4)], ""),
    "six and a half": ([date(minutes=6.5)], "6 minutes slow"),
    "a day and a half": ([date(days=1.5)], "slow"),
    "a year slow": ([date(days=365.5)] * 9, "365 days slow"),
    "a year fast": ([date(days=-0.5), *[date(days=-0.5)] * 3], "fast"),
    "no date that is one": ([{"date": "yesterday"}, {"date": "Mon, 99 Nov 2026 25:00:00 GMT"}], ""),
    "no zone": ([{"date": "Sun, 29 Nov 2037 10:00:00"}], ""),
    "an absurd one": ([{"date": "Thu, 01 Jan 1970 00:00:00 GMT"}, {"date": "Thu, 01 Jan 9999 00:00:00 GMT"}], ""),
    "absurd ones beside a true one": ([{"date": "Thu, 01 Jan 1970 00:00:00 GMT"}, date(days=9.5)], "9 days slow"),
    "out of a cache": ([{"date": "Sat, 29 Nov 2025 10:00:00 GMT", "age": "777600"}], ""),
    "one in twenty is wrong": ([*[date(days=9.5)] * 19, date()], "9 days slow"),
    "one in four is right": ([*[date(days=9.5)] * 3, date()], "9 days slow"),
    "each its own": ([date(days=days) for days in range(10)], "4 days slow"),
    "most are right": ([date(days=-400), date(), date(), date(minutes=90), date()], ""),
}


@pytest.mark.parametrize("case", TOLD)
def test_what_the_answers_tell(case: str) -> None:
    answers, said = TOLD[case]
    skew = Skew()
    for answer in answers:
        skew.heard(headers(answer))
    assert bool(skew.minutes()) == bool(said)
    assert said in words(skew.minutes())


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with serve(build("compliant")) as simulator:
        yield simulator


CLOCKS: dict[str, tuple[timedelta, int]] = {
    "right": (timedelta(), 0),
    "four minutes slow": (timedelta(minutes=4), 0),
    "days slow": (timedelta(days=3), 3 * 24 * 60),
    "a year slow": (timedelta(days=365), 365 * 24 * 60),
    "an hour fast": (timedelta(hours=-1), -60),
}


@pytest.mark.parametrize("case", CLOCKS)
def test_a_run_knows_how_wrong_its_clock_is(case: str, sim: Simulator) -> None:
    sim.clock, skew = CLOCKS[case]
    seen = take(sim)
    assert seen.skew == skew
    assert isinstance(seen.now, Gap) == bool(skew)
    if isinstance(seen.now, Gap):
        assert seen.now.reason is GapReason.CLOCK
    assert abs(seen.today - (seen.taken + sim.clock).date()) <= (timedelta() if skew else timedelta(days=1))


def test_one_service_that_tells_another_time_is_no_wrong_clock(sim: Simulator) -> None:
    sim.clock = timedelta()
    wrong = {"Date": "Sun, 29 Nov 2037 10:00:00 GMT"}
    sim.faults[:] = [Fault("GET .*/sites/[^/]+$", Recode(lambda body: body, wrong))]
    try:
        assert take(sim).skew == 0
    finally:
        sim.faults.clear()
