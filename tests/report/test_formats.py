"""Laws over every format: each shows every finding, and the same report gives the same bytes."""

from __future__ import annotations

import html
from dataclasses import replace

import pytest

from mzaudit.audit.results import Finding
from mzaudit.errors import InputError
from mzaudit.report import FORMATS, find
from mzaudit.report.prose import cures
from mzaudit.snapshot.observed import Gap, GapReason
from tests.report.sample import night, report

EVERY_FINDING = ("json", "jsonl", "junit", "markdown", "terminal")


def _shown(finding: Finding, text: str) -> bool:
    return finding.rule in text and finding.subject.name in text


@pytest.mark.parametrize("name", EVERY_FINDING)
def test_every_format_shows_every_finding(name: str) -> None:
    distinct = [
        replace(f, rule=f"{f.rule}{place}", subject=replace(f.subject, name=f"thing-{place:02}-"), cause="")
        for place, f in enumerate(night().findings)
    ]
    text = html.unescape(find(name)(report(distinct)))
    assert [f.rule for f in distinct if not _shown(f, text)] == []


@pytest.mark.parametrize("name", EVERY_FINDING)
def test_every_format_shows_what_follows_from_a_cause(name: str) -> None:
    text = html.unescape(find(name)(night()))
    assert [f.rule for f in night().findings if not _shown(f, text)] == []


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert find(name)(night()) == find(name)(night())


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
