"""The terminal report: nothing cut, nothing alive, clear without colour, the verdict last."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mzaudit.engine.results import Report, Status
from mzaudit.report.ansi import fold
from mzaudit.report.escaping import plain
from mzaudit.report.formats.terminal import chunks
from tests.report import golden_files
from tests.report.sample import HOSTILE, UNREADABLE, compared, finding, hostile, night, report
from tests.report.test_neutral import assert_inert_log

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def render(made: Report, *, width: int = 100, colour: bool = False) -> str:
    return "".join(chunks(made, width=width, colour=colour))


@pytest.mark.parametrize("width", [80, 100])
def test_golden(width: int) -> None:
    golden_files.check(f"night-{width}.txt", render(night(), width=width))


def test_colour_adds_nothing_but_colour() -> None:
    assert COLOUR.sub("", render(night(), colour=True)) == render(night())
    assert "\x1b" not in render(night())


@pytest.mark.parametrize("width", [20, 80, 200])
def test_lines_keep_the_width_but_for_words_that_are_longer(width: int) -> None:
    table = render(night(), width=width).index("\narea ")
    for line in render(night(), width=width)[:table].splitlines():
        opening = re.match(r"\s*(?:[a-z]+ +)?", line)
        assert opening is not None
        assert len(line) <= width or " " not in line[opening.end() :].strip() or "run  " in line or width == 20, line


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("colour", [False, True], ids=["plain", "colour"])
def test_hostile_text_is_whole_and_inert(text: str, colour: bool) -> None:
    rendered = render(hostile(text), colour=colour)
    assert_inert_log(COLOUR.sub("", rendered) if colour else rendered)
    bare = COLOUR.sub("", rendered) if colour else rendered
    assert "\x1b" not in bare
    assert plain(bare.replace("\n", "")) == bare.replace("\n", "")
    for status in Status:
        words = re.sub(r"\s+", "", plain(f"{text}{status}"))
        found = re.sub(r"\s+", "", bare)
        assert words in found, status


ENDINGS = {
    "passed": (report([finding("KV-001", "a", Status.PASS)]), r"GATE PASSED  .*\(exit 0\)"),
    "failed": (night(), r"GATE FAILED  3 violations at or above medium; 3 findings are inconclusive  \(exit 1\)"),
    "only new ones": (
        compared(only_new=True),
        r"GATE FAILED  2 new violations at or above medium, 1 known from the baseline; 3 findings are inconclusive  "
        r"\(exit 1\)",
    ),
    "incomplete": (
        report([finding("KV-001", "a", Status.INCONCLUSIVE, gaps=(UNREADABLE,))]),
        r"INCOMPLETE  no violation at or above medium, but 1 finding is inconclusive  \(exit 3\)",
    ),
    "nothing": (report(()), r"INCOMPLETE  no violation at or above medium, but nothing was evaluated  \(exit 3\)"),
    "allowed": (report((), allow_incomplete=True), r"INCOMPLETE, allowed  .*\(exit 0\)"),
}


@pytest.mark.parametrize(("made", "ending"), ENDINGS.values(), ids=ENDINGS.keys())
def test_the_verdict_is_the_last_line(made: object, ending: str) -> None:
    assert isinstance(made, type(night()))
    assert re.fullmatch(ending, render(made, width=200).splitlines()[-1])


def test_the_head_says_what_must_be_known_first() -> None:
    rendered = render(report((), source="simulated:drifted", allow_incomplete=True))
    assert "SIMULATED: " in rendered
    assert "ALLOW-INCOMPLETE: " in rendered
    assert "SIMULATED" not in render(night())


def test_what_follows_stands_below_its_cause_once() -> None:
    rendered = render(night(), width=200)
    assert "2 more follow from this: SET-002 reference-resolved: cloud/SECRET_KEY; SET-003 ref" in rendered
    assert rendered.count("SET-003") == 1


def test_what_follows_from_nothing_in_the_report_is_still_shown() -> None:
    alone = report(f for f in night().findings if f.rule != "KV-003")
    assert "- SET-003 reference-current" in render(alone)


def test_a_finding_without_a_gap_is_still_shown() -> None:
    rendered = render(report([finding("KV-004", "a/b", Status.INCONCLUSIVE)]))
    assert "No reason was recorded." in rendered
    assert "KV-004 secret-present: a/b" in rendered


def test_several_environments_are_told_apart() -> None:
    both = [replace(f, env=env) for env in ("prd", "stg") for f in night().findings]
    rendered = render(report(both, env=("prd", "stg")), width=200)
    assert "stg: kv-mz-cloud-prd/SECRET_KEY" in rendered
    assert "2 more follow from this: SET-002 reference-resolved: stg: cloud/SECRET_KEY; SET-003" in rendered
    assert re.search(r"^stg KV +0 +1 +2 +1 +0$", rendered, re.MULTILINE)


FOLDS = {
    "short": ("a b", 10, "> ", ["> a b"]),
    "folded under its start": ("aaa bbb ccc", 9, "> ", ["> aaa bbb", "  ccc"]),
    "long word is kept whole": ("a " + "x" * 20 + " b", 9, "> ", ["> a", "  " + "x" * 20, "  b"]),
    "empty": ("", 9, "> ", [">"]),
}


@pytest.mark.parametrize(("text", "width", "start", "lines"), FOLDS.values(), ids=FOLDS.keys())
def test_fold(text: str, width: int, start: str, lines: list[str]) -> None:
    assert list(fold(text, width, start)) == lines


def test_what_became_since_the_baseline_is_said_with_its_age() -> None:
    rendered = render(compared(only_new=True), width=200)
    assert "baseline        reports/last.json, read 2026-11-01 02:30:00 UTC: 7 new, 1 unchanged, 1 resolved" in rendered
    assert "baseline      unchanged, first seen on 2026-11-01, 22 days before this report" in rendered
    assert "baseline      new in this form; it failed otherwise before (first seen on 2026-11-01, 22 days" in rendered
    assert "waiting       3 findings (3 new since the baseline)" in rendered
    sections = [line.split(" (")[0] for line in rendered.splitlines() if line[:3].isupper() and " (" in line]
    assert [s for s in sections if "BASELINE" in s] == ["RESOLVED SINCE THE BASELINE", "KNOWN FROM THE BASELINE"]
    assert "KNOWN FROM" not in render(compared())
