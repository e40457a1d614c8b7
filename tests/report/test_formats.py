"""Laws over every format: each shows every finding, and the same report gives the same bytes."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace

import pytest

from mzaudit.engine.gate import exit_code
from mzaudit.engine.results import Finding, Status
from mzaudit.errors import InputError
from mzaudit.report import FORMATS, find, render
from mzaudit.report.gap_advice import advice
from mzaudit.snapshot.observed import Gap, GapReason
from tests.report.sample import compared, finding, night, report
from tests.report.test_junit import combinations

EVERY_FINDING = tuple(name for name in FORMATS if name not in ("fix", "sarif-alerts"))  # these hold what is wrong


def _shown(finding: Finding, text: str) -> bool:
    return finding.rule in text and finding.subject.name in text


@pytest.mark.parametrize("name", EVERY_FINDING)
def test_every_format_shows_every_finding(name: str) -> None:
    distinct = [
        replace(f, rule=f"{f.rule}{place}", subject=replace(f.subject, name=f"thing-{place:02}-"), cause=None)
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
def test_every_format_says_that_the_clock_was_wrong(name: str) -> None:
    made = replace(night(), run=replace(night().run, skew=3 * 24 * 60))
    text = " ".join(html.unescape(render(name, made)).split())
    assert "this machine's clock was 3 days slow" in text or '"skew": 4320' in text


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert render(name, night()) == render(name, night())


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_begins_as_it_is_known_by(name: str) -> None:
    text = render(name, night())
    assert text.startswith(FORMATS[name].begins)
    assert "mzaudit" in text[:4096]


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


def _exit_of(verdict: str) -> int:
    return {"GATE PASSED": 0, "INCOMPLETE, allowed": 0, "GATE FAILED": 1, "INCOMPLETE": 3}[verdict]


def _exit_of_head(text: str) -> int | None:
    return int(re.findall(r"\(exit (\d)\)", text)[0])


def _exit_of_sarif(text: str) -> int | None:
    (run,) = json.loads(text)["runs"]
    red = any(result["properties"]["breaksGate"] for result in run["results"])
    code = int(run["invocations"][0]["exitCode"])
    assert code == _exit_of(run["properties"]["verdict"])
    assert red == bool(code) or not red
    return code


def _exit_of_csv(text: str) -> int | None:
    rows = list(csv.DictReader(io.StringIO(text)))
    return _agreed({_exit_of(row["verdict"]) for row in rows}, any(row["breaks_gate"] == "yes" for row in rows))


def _exit_of_ocsf(text: str) -> int | None:
    events = [json.loads(line)["unmapped"] for line in text.splitlines()]
    return _agreed({_exit_of(event["verdict"]) for event in events}, any(event["breaks_gate"] for event in events))


def _agreed(codes: set[int], red: bool) -> int | None:
    """The one code that all rows tell, if there are any; where one breaks the gate, it is not 0."""
    assert len(codes) <= 1
    assert not red or 0 not in codes
    return min(codes, default=None)


GATE = {
    "jsonl": lambda text: {"passed": 0, "failed": 1}.get(json.loads(text.splitlines()[0])["summary"]["gate"]),
    "sarif": _exit_of_sarif,
    "sarif-alerts": _exit_of_sarif,
    "csv": _exit_of_csv,
    "ocsf": _exit_of_ocsf,
    "markdown": _exit_of_head,
    "terminal": _exit_of_head,
}


@pytest.mark.parametrize("name", GATE)
def test_every_format_tells_the_gate_as_the_exit_code_does(name: str) -> None:
    told = {0: 0, 1: 0, 3: 0}
    for made in combinations()[::17]:
        code = GATE[name](render(name, made))
        assert code in (None, exit_code(made)), made.summary
        told[exit_code(made)] += code is not None
    assert min(told[0], told[1]) > 0, "a reader that never reads anything agrees with everything"


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="unknown format 'xml': expected one of json, jsonl, junit"):
        find("xml")


@pytest.mark.parametrize("reason", GapReason)
def test_every_gap_has_its_own_cure(reason: GapReason) -> None:
    others = [advice(Gap(other, "GET x", "scope", "perm")) for other in GapReason if other is not reason]
    said = advice(Gap(reason, "GET x", "scope", "perm"))
    assert said not in others
    assert said.endswith(".")


@pytest.mark.parametrize(
    ("permission", "cure"), [("CONNECT", "REVOKE the DENY of CONNECT"), ("SELECT", "REVOKE any DENY")]
)
def test_a_right_that_a_database_refuses_may_be_denied(permission: str, cure: str) -> None:
    assert cure in advice(Gap(GapReason.FORBIDDEN, "SQL host/db history", "db", permission))


@pytest.mark.parametrize("reason", [GapReason.FORBIDDEN, GapReason.PARTIAL, GapReason.ACCESS_POLICY])
def test_a_missing_right_is_named_with_its_scope(reason: GapReason) -> None:
    said = advice(Gap(reason, "GET x", "the-scope", "the/permission/read"))
    assert "the/permission/read" in said
    assert "the-scope" in said
