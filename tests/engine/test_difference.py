"""What differs between two sets of findings, and what it means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine.report_diff import Turn, by_turn, differences
from mzaudit.engine.results import Cause, Finding, Status, WaiverNote
from mzaudit.engine.verdict import Evidence, Fix
from mzaudit.policy.models import Severity
from tests.report.sample import UNREADABLE, finding

FAILS = finding("KV-003", "kv/A", Status.FAIL, note="n", evidence=(Evidence("kv/A", "exists", "absent"),))
PASSES = replace(FAILS, status=Status.PASS)
UNSEEN = replace(FAILS, status=Status.INCONCLUSIVE, gaps=(UNREADABLE,))
WAIVED = replace(FAILS, status=Status.WAIVED, waiver=WaiverNote("r", "o", "2026-12-31", "t", "w.yaml:3", False))
EXPLAINED = replace(FAILS, status=Status.NOT_APPLICABLE, cause=Cause("KV-001", "kv"))

TURNS: dict[str, tuple[Finding | None, Finding | None, Turn | None]] = {
    "the same": (FAILS, FAILS, None),
    "neither": (None, None, None),
    "asked in another line": (FAILS, replace(FAILS, policy="p:9"), None),
    "mended in another way": (FAILS, replace(FAILS, remediation="x", fix=Fix("Owner")), None),
    "waived in another line": (WAIVED, replace(WAIVED, waiver=replace(WAIVED.waiver, where="w.yaml:9")), None),  # type: ignore[type-var]  # it has a waiver
    "passed, fails": (PASSES, FAILS, Turn.APPEARS),
    "not asked, fails": (None, FAILS, Turn.APPEARS),
    "unseen, fails": (UNSEEN, FAILS, Turn.APPEARS),
    "waived, fails": (WAIVED, FAILS, Turn.APPEARS),
    "fails otherwise": (FAILS, replace(FAILS, note="m"), Turn.CHANGES),
    "fails more severely": (FAILS, replace(FAILS, severity=Severity.LOW), Turn.CHANGES),
    "more is asked": (FAILS, replace(FAILS, evidence=(Evidence("kv/A", "both", "absent"),)), Turn.CHANGES),
    "failed, passes": (FAILS, PASSES, Turn.DISAPPEARS),
    "failed, is waived": (FAILS, WAIVED, Turn.DISAPPEARS),
    "failed, is explained": (FAILS, EXPLAINED, Turn.LOST),
    "failed, is not asked": (FAILS, None, Turn.LOST),
    "failed, is unseen": (FAILS, UNSEEN, Turn.UNSEEN),
    "passed, is unseen": (PASSES, UNSEEN, Turn.UNSEEN),
    "unseen in another way": (UNSEEN, replace(UNSEEN, gaps=()), Turn.UNSEEN),
    "unseen, passes": (UNSEEN, PASSES, Turn.OTHER),
    "not asked, passes": (None, PASSES, Turn.OTHER),
    "passed, not asked": (PASSES, None, Turn.OTHER),
}


@pytest.mark.parametrize("case", TURNS)
def test_turn(case: str) -> None:
    before, after, turn = TURNS[case]
    found = differences((before,) if before else (), (after,) if after else ())
    assert [one.turn for one in found] == ([] if turn is None else [turn])
    assert by_turn(found) == {each: found if each is turn else () for each in Turn}


def test_each_obligation_is_told_once_and_in_order() -> None:
    others = [replace(FAILS, rule=f"KV-00{n}", fingerprint=str(n)) for n in (3, 1, 2)]
    found = differences(others[:2], others[1:])
    assert [(one.before and one.before.rule, one.after and one.after.rule) for one in found] == [
        (None, "KV-002"),
        ("KV-003", None),
    ]
