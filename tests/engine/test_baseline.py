"""A run against an earlier report: what is new, known and resolved, and that a baseline hides nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mzaudit.engine.baseline import Earlier, comparable, dropped, mark
from mzaudit.engine.gate import breaks, summarise, violates
from mzaudit.engine.results import (
    Baseline,
    BaselineNote,
    BaselineState,
    Cause,
    Finding,
    Gate,
    Report,
    Status,
    WaiverNote,
)
from mzaudit.engine.verdict import Evidence
from mzaudit.errors import InputError
from mzaudit.policy.models import Severity
from tests.report.sample import UNREADABLE, finding, report

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
THEN = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)  # when the sample's reports were read
LONG_AGO = datetime(2026, 11, 1, 2, 30, tzinfo=UTC)

SEEN = (Evidence("vault/readers", (), ("group a",)),)
FAILS = finding("RBAC-003", "kv", Status.FAIL, severity=Severity.MEDIUM, note="n", evidence=SEEN)
WAIVER = WaiverNote("why", "who", "2026-12-31", "MZ-1", "w.yaml:3", False)
WAIVED = replace(FAILS, status=Status.WAIVED, waiver=WAIVER)
EXPIRED = replace(FAILS, waiver=replace(WAIVER, expires="2026-11-20", expired=True))
PASSES = replace(FAILS, status=Status.PASS)
UNSEEN = replace(FAILS, status=Status.INCONCLUSIVE, evidence=(), gaps=(UNREADABLE,))
EXPLAINED = replace(FAILS, status=Status.NOT_APPLICABLE, cause=Cause("KV-001", "kv"))
OTHERWISE = replace(FAILS, evidence=(Evidence("vault/readers", (), ("group a", "group b")),))
SINCE_LONG_AGO = replace(FAILS, baseline=BaselineNote(BaselineState.UNCHANGED, LONG_AGO))
NEW, UNCHANGED, RESOLVED = BaselineState

CASES: dict[str, tuple[Finding | None, Finding, BaselineNote | None]] = {
    "fails as it did": (FAILS, FAILS, BaselineNote(UNCHANGED, THEN)),
    "fails as it did since long ago": (SINCE_LONG_AGO, FAILS, BaselineNote(UNCHANGED, LONG_AGO)),
    "fails and passed": (PASSES, FAILS, BaselineNote(NEW, NOW)),
    "fails and was not there": (None, FAILS, BaselineNote(NEW, NOW)),
    "fails and could not be seen": (UNSEEN, FAILS, BaselineNote(NEW, NOW)),
    "fails and was explained by another": (EXPLAINED, FAILS, BaselineNote(NEW, NOW)),
    "one more reader than before": (FAILS, OTHERWISE, BaselineNote(NEW, THEN)),
    "one reader less than before": (OTHERWISE, FAILS, BaselineNote(NEW, THEN)),
    "the same in other words": (FAILS, replace(FAILS, note="m", policy="p:2"), BaselineNote(UNCHANGED, THEN)),
    "the document asks for more now": (
        FAILS,
        replace(FAILS, evidence=(replace(SEEN[0], expected=("group c",)),)),
        BaselineNote(UNCHANGED, THEN),
    ),
    "more severe than before": (FAILS, replace(FAILS, severity=Severity.HIGH), BaselineNote(NEW, THEN)),
    "less severe than before": (FAILS, replace(FAILS, severity=Severity.LOW), BaselineNote(UNCHANGED, THEN)),
    "of another subscription": (
        FAILS,
        replace(FAILS, subject=replace(FAILS.subject, id="/subscriptions/2/kv")),
        BaselineNote(NEW, THEN),
    ),
    "an id in another case": (
        FAILS,
        replace(FAILS, subject=replace(FAILS.subject, id=FAILS.subject.id.upper())),
        BaselineNote(UNCHANGED, THEN),
    ),
    "waived as before": (WAIVED, WAIVED, BaselineNote(UNCHANGED, THEN)),
    "waived now": (FAILS, WAIVED, BaselineNote(UNCHANGED, THEN)),
    "waived before, and the waiver is gone": (WAIVED, FAILS, BaselineNote(NEW, THEN)),
    "waived before, and the waiver has expired": (WAIVED, EXPIRED, BaselineNote(NEW, THEN)),
    "the waiver had expired before": (EXPIRED, EXPIRED, BaselineNote(UNCHANGED, THEN)),
    "unseen as before": (UNSEEN, UNSEEN, BaselineNote(UNCHANGED, THEN)),
    "unseen, and failed before": (FAILS, UNSEEN, BaselineNote(NEW, NOW)),
    "passes and failed": (FAILS, PASSES, BaselineNote(RESOLVED, THEN)),
    "passes and was waived": (WAIVED, PASSES, BaselineNote(RESOLVED, THEN)),
    "passes and failed since long ago": (SINCE_LONG_AGO, PASSES, BaselineNote(RESOLVED, LONG_AGO)),
    "passes and passed": (PASSES, PASSES, None),
    "passes and could not be seen": (UNSEEN, PASSES, None),
    "explained by another, and failed": (FAILS, EXPLAINED, None),
}


@pytest.mark.parametrize("case", CASES)
def test_what_became_of_a_finding(case: str) -> None:
    before, now, note = CASES[case]
    (marked,) = mark((now,), NOW, report((before,) if before else ()))
    assert marked == replace(now, baseline=note)


GATES: dict[str, tuple[Finding | None, Finding, Gate]] = {
    "known": (FAILS, FAILS, Gate.INCOMPLETE),
    "new": (PASSES, FAILS, Gate.FAILED),
    "another observation": (FAILS, OTHERWISE, Gate.FAILED),
    "its waiver expired since": (WAIVED, EXPIRED, Gate.FAILED),
    "its waiver expired before": (EXPIRED, EXPIRED, Gate.FAILED),
    "its waiver is gone": (WAIVED, FAILS, Gate.FAILED),
    "waived": (FAILS, WAIVED, Gate.INCOMPLETE),
    "below the gate": (None, replace(FAILS, severity=Severity.LOW), Gate.INCOMPLETE),
}


@pytest.mark.parametrize("case", GATES)
def test_the_gate_for_new_violations_never_hides_what_was_not_seen(case: str) -> None:
    before, now, gate = GATES[case]
    other = finding("SQL-007", "db", Status.INCONCLUSIVE, gaps=(UNREADABLE,))
    marked = mark((now, other), NOW, report((before, other) if before else (other,)))
    assert summarise(marked, Severity.MEDIUM, only_new=True).gate is gate
    seen = mark((now, finding("KV-001", "kv", Status.PASS)), NOW, report((before,) if before else ()))
    whole = Gate.PASSED if gate is Gate.INCOMPLETE else gate
    assert summarise(seen, Severity.MEDIUM, only_new=True).gate is whole


@pytest.mark.parametrize("status", Status)
def test_what_is_unmarked_breaks_the_gate_as_ever(status: Status) -> None:
    unmarked = replace(FAILS, status=status)
    assert breaks(unmarked, Severity.LOW, only_new=True) is violates(unmarked, Severity.LOW)


HELD = st.sampled_from([FAILS, WAIVED, EXPIRED, PASSES, UNSEEN, EXPLAINED, OTHERWISE, SINCE_LONG_AGO])


@given(HELD, HELD, st.sampled_from(Severity))
def test_a_baseline_only_ever_opens_the_gate_for_what_it_saw_fail(
    before: Finding, now: Finding, fail_on: Severity
) -> None:
    (marked,) = mark((replace(now, baseline=None),), NOW, report((before,)))
    if violates(marked, fail_on) and not breaks(marked, fail_on, only_new=True):
        assert before.status is Status.FAIL
        assert before.evidence == now.evidence
    assert breaks(marked, fail_on, only_new=False) is violates(marked, fail_on)
    assert replace(marked, baseline=None) == replace(now, baseline=None)


def test_days_go_on_from_report_to_report() -> None:
    first = report((FAILS,))
    second = _next(first, FAILS, THEN + timedelta(days=1))
    third = _next(second, FAILS, THEN + timedelta(days=2))
    mended = _next(third, PASSES, THEN + timedelta(days=3))
    again = _next(mended, FAILS, THEN + timedelta(days=4))
    notes = [made.findings[0].baseline for made in (first, second, third, mended, again)]
    assert notes == [
        None,
        BaselineNote(UNCHANGED, THEN),
        BaselineNote(UNCHANGED, THEN),
        BaselineNote(RESOLVED, THEN),
        BaselineNote(NEW, THEN + timedelta(days=4)),
    ]


def _next(before: Report, now: Finding, started: datetime) -> Report:
    made = report(mark((now,), started, before))
    run = replace(made.run, started=started, baseline=Baseline("r.json", before.run.started, False))
    return replace(made, run=run)


def test_times_are_in_utc() -> None:
    earlier = report((FAILS,))
    run = replace(earlier.run, started=THEN.astimezone(timezone(timedelta(hours=9))))
    (marked,) = mark((FAILS,), NOW, replace(earlier, run=run))
    assert marked.baseline is not None
    assert marked.baseline.first_seen.isoformat() == "2026-11-23T02:30:00+00:00"


REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "another environment": (
        {"environments": ("stg",)},
        "b.json: run.env: expected a baseline of stg, found one of prd",
    ),
    "one more environment": ({"environments": ("prd", "stg")}, "run.env: expected a baseline of stg"),
    "another policy": (
        {"policy": "other.yaml"},
        "run.policy: expected a baseline by other.yaml, found one by policies",
    ),
    "a simulated estate": ({"source": "simulated"}, "run.source: expected a baseline of simulated, found one of azure"),
    "a later day": ({"started": LONG_AGO}, "run.started: expected a baseline no later than 2026-11-01T02:30:00+00:00"),
}
SAME = {"environments": ("prd",), "policy": "policies/monozu.yaml", "source": "azure", "started": NOW}


@pytest.mark.parametrize("case", REFUSED)
def test_a_report_of_something_else_is_refused(case: str) -> None:
    change, words = REFUSED[case]
    earlier = Earlier("b.json", report((FAILS,)))
    comparable(earlier, **SAME)  # type: ignore[arg-type]  # the table holds arguments by name
    with pytest.raises(InputError) as refused:
        comparable(earlier, **(SAME | change))  # type: ignore[arg-type]  # the same
    assert words in str(refused.value)


def test_a_baseline_of_more_environments_will_do() -> None:
    comparable(Earlier("b.json", report((FAILS,), env=("prd", "stg"))), **SAME)  # type: ignore[arg-type]  # the same


def test_what_is_not_asked_any_more_is_said_and_not_called_resolved() -> None:
    others = [replace(FAILS, fingerprint=f"{number}") for number in range(12)]
    elsewhere = replace(FAILS, env="stg", fingerprint="stg")
    of_another_rule = replace(FAILS, rule="KV-009", fingerprint="rule")
    unasked = replace(FAILS, status=Status.NOT_APPLICABLE, note="The policy names nothing.")
    earlier = Earlier("b.json", report((FAILS, *others, elsewhere, of_another_rule)))
    (said,) = dropped((unasked,), earlier)
    assert said.startswith("b.json: failed there and is no longer checked, so it may still fail: RBAC-003 kv,")
    assert said.endswith(" and 3 more")
    assert dropped((EXPLAINED, *others), earlier) == ()
    assert dropped((PASSES, *others), earlier) == ()
