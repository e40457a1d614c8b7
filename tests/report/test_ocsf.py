"""OCSF: an event a finding, valid by the schemas, and never a verdict that was not reached."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mzaudit.engine.results import BaselineNote, BaselineState, Finding, Report, Status
from mzaudit.report import render
from tests.report import golden_files
from tests.report.sample import HOSTILE, MISSING, UNREADABLE, WAIVER, compared, finding, hostile, night, report
from tests.report.schemas import OCSF, json_validator


def events(made: Report) -> list[Any]:
    return [json.loads(line) for line in render("ocsf", made).splitlines()]


def test_golden() -> None:
    golden_files.check("night.ocsf.jsonl", render("ocsf", night()))


@pytest.mark.parametrize("schema", OCSF)
def test_valid(schema: str) -> None:
    validator = json_validator(schema)
    for made in (night(), compared(), *map(hostile, HOSTILE.values())):
        for event in events(made):
            validator.validate(event)


STATUSES = {
    "pass": (finding("KV-001", "a", Status.PASS), 1, 1, 1),
    "violation": (MISSING, 3, 1, 5),
    "inconclusive": (finding("KV-001", "a", Status.INCONCLUSIVE, gaps=(UNREADABLE,)), 2, 1, 5),
    "waived": (finding("KV-001", "a", Status.WAIVED, note="n", waiver=WAIVER), 3, 3, 5),
    "waived, and not seen": (finding("KV-001", "a", Status.WAIVED, gaps=(UNREADABLE,), waiver=WAIVER), 2, 3, 5),
    "not applicable": (finding("KV-001", "a", Status.NOT_APPLICABLE, note="n"), 99, 1, 1),
}


@pytest.mark.parametrize(("made", "check", "status", "severity"), STATUSES.values(), ids=STATUSES.keys())
def test_status(made: Finding, check: int, status: int, severity: int) -> None:
    (event,) = events(report((made,)))
    assert event["compliance"]["status_id"] == check
    assert (event["status_id"], event["severity_id"]) == (status, severity)
    assert event["finding_info"]["uid"] == made.fingerprint
    assert event["type_uid"] == 200301


@pytest.mark.parametrize(
    ("state", "status", "activity"),
    [
        (BaselineState.NEW, Status.FAIL, 1),
        (BaselineState.UNCHANGED, Status.FAIL, 2),
        (BaselineState.RESOLVED, Status.PASS, 3),
    ],
)
def test_activity(state: BaselineState, status: Status, activity: int) -> None:
    first = report(()).run.started
    (event,) = events(report((replace(MISSING, status=status, baseline=BaselineNote(state, first)),)))
    assert (event["activity_id"], event["type_uid"]) == (activity, 200300 + activity)
    assert event["finding_info"]["first_seen_time"] == event["time"] == 1_795_401_000_000


def test_the_subscription_is_the_account() -> None:
    (event,) = events(report((MISSING,)))
    assert event["cloud"]["account"]["uid"] == "00000000-0000-0000-0000-000000000001"
    assert "account" not in events(report((replace(MISSING, subject=replace(MISSING.subject, id="x")),)))[0]["cloud"]
