"""Laws over every format: each shows every finding, and the same report gives the same bytes."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from mzaudit.audit.results import Finding, Status
from mzaudit.errors import InputError
from mzaudit.report import FORMATS, find, render
from mzaudit.report.prose import cures
from mzaudit.snapshot.observed import Gap, GapReason
from tests.report.sample import compared, finding, night, report

EVERY_FINDING = ("json", "jsonl", "junit", "markdown", "terminal")


def _shown(finding: Finding, text: str) -> bool:
    return finding.rule in text and finding.subject.name in text


@pytest.mark.parametrize("name", EVERY_FINDING)
def test_every_format_shows_every_finding(name: str) -> None:
    distinct = [
        replace(f, rule=f"{f.rule}{place}", subject=replace(f.subject, name=f"thing-{place:02}-"), cause="")
        for place, f in enumerate(night().findings)
    ]
    text = html.unescape(render(name, report(distinct)))
    assert [f.rule for f in distinct if not _shown(f, text)] == []


@pytest.mark.parametrize("name", EVERY_FINDING)
def test_every_format_shows_what_follows_from_a_cause(name: str) -> None:
    text = html.unescape(render(name, night()))
    assert [f.rule for f in night().findings if not _shown(f, text)] == []


@pytest.mark.parametrize("name", EVERY_FINDING)
def test_every_format_shows_what_the_baseline_had_and_what_is_resolved(name: str) -> None:
    made = compared(only_new=True)
    text = html.unescape(render(name, made))
    assert [f.rule for f in made.findings if not _shown(f, text)] == []
    assert "reports/last.json" in text
    assert "2026-11-01" in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert render(name, night()) == render(name, night())


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_is_written_in_whole_lines(name: str) -> None:
    assert [piece for piece in find(name)(night()) if not piece.endswith("\n")] == []


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.startswith("markdown")])
def test_no_piece_grows_with_the_report(name: str) -> None:
    longest = [
        max(
            map(len, find(name)(report([finding("KV-003", f"vault/{n}", Status.FAIL, note="no") for n in range(many)])))
        )
        for many in (200, 2_000)
    ]
    assert longest[1] < longest[0] * 1.1


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown format 'xml': expected one of json, jsonl, junit"):
        find("xml")


@pytest.mark.parametrize("reason", GapReason)
def test_every_gap_has_its_own_cure(reason: GapReason) -> None:
    others = [cures(Gap(other, "GET x", "scope", "perm")) for other in GapReason if other is not reason]
    said = cures(Gap(reason, "GET x", "scope", "perm"))
    assert said not in others
    assert said.endswith(".")


@pytest.mark.parametrize("reason", [GapReason.FORBIDDEN, GapReason.PARTIAL, GapReason.ACCESS_POLICY])
def test_a_missing_right_is_named_with_its_scope(reason: GapReason) -> None:
    said = cures(Gap(reason, "GET x", "the-scope", "the/permission/read"))
    assert "the/permission/read" in said
    assert "the-scope" in said
