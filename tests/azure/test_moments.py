"""Moments at the ends of time, wherever Azure may say one: read, and no end of the run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from mzaudit.azure import changes_of, choose
from mzaudit.azure.client.call import Answer
from mzaudit.azure.client.session import _retry_after
from mzaudit.azure.readers.wire_models import Moment, Seconds
from mzaudit.simulator import Alter, Fault, serve
from mzaudit.snapshot.observed import Gap, Observed
from tests.azure.estates import Names, connection_to, login_env, take
from tests.azure.gapped import asked
from tests.documented_estate import build

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
MOMENTS = {
    "0001-01-01T00:00:00Z": FIRST,
    "0001-01-01T00:00:00+01:00": FIRST,
    "0001-01-01T00:00:00": FIRST,
    "9999-12-31T23:59:59.9999999Z": LAST,
    "9999-12-31T23:59:59.9999999-02:00": LAST,
    "2026-11-23T02:00:00+02:00": datetime(2026, 11, 23, tzinfo=UTC),
}
ENDS = ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.9999999-02:00")


@pytest.mark.parametrize("text", MOMENTS)
def test_a_moment(text: str) -> None:
    assert TypeAdapter(Moment).validate_json(f'"{text}"') == MOMENTS[text]


@pytest.mark.parametrize("text", ["10000-01-01T00:00:00Z", "2026-11-23T00:00:00+99:99", "", "now"])
def test_no_moment(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_json(f'"{text}"')


@pytest.mark.parametrize("number", [10**12, -(10**12), 10**30, 1.5, True])
def test_no_count_of_seconds(number: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Seconds).validate_python(number)


@pytest.mark.parametrize(
    ("after", "date", "seconds"),
    [
        ("Mon, 23 Nov 2026 02:00:07 GMT", "Mon, 23 Nov 2026 02:00:00 GMT", 7),
        ("Mon, 23 Nov 2026 02:00:07 +9999", "Mon, 23 Nov 2026 02:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 23 Nov 2026 02:00:00 GMT", 251606987939),
        ("Mon, 23 Nov 2026 02:00:07 GMT", "Mon, 23 Nov 2026 02:00:00", 0),
        ("1e999", "", 0),
        ("-5", "", 0),
        ("99999999999999999999", "", 999_999_999),
    ],
)
def test_retry_after(after: str, date: str, seconds: float) -> None:
    assert _retry_after(Answer(429, {"retry-after": after, "date": date}, b"")) == seconds


def turned(body: Any, moment: str) -> Any:
    """A body with every moment that it holds at an end of time."""
    match body:
        case dict():
            named = {"lastUpdateTime", "endDateTime", "eventTimestamp", "at"}
            return {k: moment if k in named and v is not None else turned(v, moment) for k, v in body.items()}
        case list():
            return [turned(each, moment) for each in body]
        case _:
            return body


@pytest.mark.parametrize("moment", ENDS)
def test_ends_of_time_on_the_wire(moment: str) -> None:
    def change(body: Mapping[str, Any]) -> dict[str, Any]:
        altered: dict[str, Any] = turned(body, moment)
        return altered

    with serve(build("drifted"), faults=[Fault("_tags|Instances|eventtypes|ResourceGraph", Alter(change))]) as sim:
        snapshot = take(sim)
        connection = connection_to(sim)
        asking = changes_of(
            [Names(sim.subscription_id).cloud],
            choose(login_env(sim), connection),
            connection,
            taken=datetime.now(UTC),
            tool_version="0",
            timeout=60,
        )
        records, reads = asyncio.run(asking)
    tags = snapshot.registry(Names(sim.subscription_id).registry).tags["cloud-backend"]
    assert isinstance(tags, Observed)
    assert tags.value is not None
    assert {tag.pushed for tag in tags.value.items} <= {FIRST, LAST}
    assert [gap for gap in asked(snapshot) if gap.detail.startswith("Overflow")] == []
    assert not isinstance(records.history, Gap)
    assert [read for read in reads if read.outcome != "ok"] == []
