"""The JSON report comes back as it was, fits its own schema, and refuses what is not one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mzaudit.engine.gate import summarise
from mzaudit.engine.results import SCHEMA_VERSION, Baseline, BaselineNote, BaselineState, Report
from mzaudit.errors import SnapshotError
from mzaudit.report import render
from mzaudit.report.formats import json as json_report
from tests.report import golden_files
from tests.report.sample import HOSTILE, MISSING, compared, hostile, night, report
from tests.report.test_neutral import assert_inert_log

WELL_FORMED = st.text(st.characters(codec="utf-8"))


def test_golden() -> None:
    golden_files.check("night.json", render("json", night()))


def test_golden_lines() -> None:
    golden_files.check("night.jsonl", render("jsonl", night()))


def test_contract_of_the_document() -> None:
    document = json.loads(render("json", night()))
    assert list(document) == [
        "schema_version",
        "tool",
        "run",
        "summary",
        "reads",
        "findings",
        "topology",
        "rules",
        "requirements",
        "further_access",
    ]
    assert list(document["summary"]) == ["pass", "fail", "inconclusive", "not_applicable", "waived", "gate"]
    assert document["run"]["started"] == "2026-11-23T02:30:00Z"
    assert document["run"]["env"] == ["prd"]
    assert json.loads(render("json", report((), env=("prd", "stg"))))["run"]["env"] == ["prd", "stg"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_utf8_inert_and_the_same_in_every_other_format(text: str) -> None:
    rendered = render("json", hostile(text))
    rendered.encode("utf-8")
    assert_inert_log(rendered)
    assert "\x1b" not in rendered
    back = json_report.parse(rendered, "r.json")
    assert render("json", back) == rendered
    assert render("terminal", back) == render("terminal", hostile(text))


@settings(max_examples=50, deadline=None)
@given(WELL_FORMED)
def test_nothing_is_lost(text: str) -> None:
    made = hostile(text)
    assert json_report.parse(render("json", made), "r.json") == made


@pytest.mark.parametrize("only_new", [False, True])
def test_what_became_since_the_baseline_is_kept(only_new: bool) -> None:
    made = compared(only_new=only_new)
    rendered = render("json", made)
    assert json_report.parse(rendered, "r.json") == made
    jsonschema.Draft202012Validator(json.loads(json_report.schema())).validate(json.loads(rendered))
    run = json.loads(rendered)["run"]
    assert run["baseline"] == {
        "report": "reports/last.json",
        "started": "2026-11-01T02:30:00Z",
        "only_new": only_new,
    }


KEPT = sorted((Path(__file__).parent / "kept").glob("*.json"))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.stem)
def test_a_report_of_an_earlier_version_is_read(kept: Path) -> None:
    """Files that earlier versions wrote, as they wrote them; they are never written again."""
    text = kept.read_text("utf-8")
    earlier, found = json.loads(text), json_report.parse(text, kept.name)
    assert earlier["schema_version"] == "1"
    assert found.environments == (earlier["run"]["env"],)
    assert [str(each.cause or "") for each in found.findings] == [each["cause"] for each in earlier["findings"]]
    assert [(each.rule, each.status, each.fingerprint) for each in found.findings] == [
        (each["rule"], each["status"], each["fingerprint"]) for each in earlier["findings"]
    ]
    rendered = render("json", found)
    assert json.loads(rendered)["schema_version"] == SCHEMA_VERSION
    assert json_report.parse(rendered, kept.name) == found


def test_rules_that_depend_in_a_circle_are_refused() -> None:
    made = night()
    circle = tuple(
        replace(rule, depends_on=(made.rules[-position - 1].code,)) for position, rule in enumerate(made.rules)
    )
    with pytest.raises(SnapshotError, match="circle"):
        json_report.parse(render("json", replace(made, rules=circle)), "r.json")


def test_schema_accepts_what_is_written_and_nothing_else() -> None:
    validator = jsonschema.Draft202012Validator(json.loads(json_report.schema()))
    document = json.loads(render("json", night()))
    validator.validate(document)
    for bent in _bent(document):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(bent)


def _bent(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        document | {"extra": 1},
        document | {"schema_version": "9"},
        document | {"run": document["run"] | {"extra": 1}},
        document | {"findings": [document["findings"][0] | {"status": "maybe"}]},
        {key: value for key, value in document.items() if key != "summary"},
    ]


def marked(state: BaselineState, *, only_new: bool = True) -> Report:
    """A report of one violation that became this since its baseline."""
    bad = replace(MISSING, baseline=BaselineNote(state, datetime(2026, 11, 1, tzinfo=UTC)))
    made = report((bad,))
    baseline = Baseline("b.json", datetime(2026, 11, 1, tzinfo=UTC), only_new)
    summary = summarise((bad,), made.run.fail_on, only_new=only_new)
    return replace(made, run=replace(made.run, baseline=baseline), summary=summary)


_BASELINE = f'"baseline": {json.dumps(json_report.head(compared())["run"]["baseline"], indent=2)}'.replace(  # type: ignore[index]  # values are objects
    "\n", "\n    "
)
REFUSED = {
    "empty": ("", "cut short"),
    "cut short": (render("json", night())[:-40], "cut short"),
    "not an object": ("[]", "no schema_version"),
    "a snapshot": ('{"taken": 1}', "not a report but a snapshot"),
    "another version": ('{"schema_version": "9"}', "another mzaudit: expected report version 2, found 9"),
    "too deep": ("[" * 100_000, "cut short"),
    "unknown field": (render("json", night()).replace('"source"', '"sauce"'), "run.sauce"),
    "unknown status": (render("json", night()).replace('"waived"', '"wavy"', 2), "wavy"),
    "number as text": (render("json", night()).replace('"fail": 4', '"fail": "4"'), "summary.fail"),
    "time without zone": (render("json", night()).replace("02:30:00Z", "02:30:00"), "run.started"),
    "a failure turned into a pass": (
        render("json", night()).replace('"status": "fail"', '"status": "pass"'),
        "does not agree",
    ),
    "a picture without its violation": (
        render("json", night()).replace('"mark": "violated"', '"mark": "passed"'),
        "the topology does not agree",
    ),
    "counts that do not agree": (render("json", night()).replace('"fail": 4', '"fail": 3'), "does not agree"),
    "a new finding called known": (
        render("json", marked(BaselineState.NEW)).replace('"state": "new"', '"state": "unchanged"'),
        "does not agree",
    ),
    "a gate that looked at known ones too": (
        render("json", marked(BaselineState.UNCHANGED, only_new=False)).replace(": false\n    }", ": true\n    }"),
        "does not agree",
    ),
    "a failure that is resolved": (
        render("json", compared()).replace('"state": "new"', '"state": "resolved"'),
        "baseline: a finding that is",
    ),
    "marks without a baseline": (
        render("json", compared()).replace(_BASELINE, '"baseline": null'),
        "the run names no baseline",
    ),
    "first seen after the run": (
        render("json", compared()).replace('"first_seen": "2026-11-01', '"first_seen": "2026-11-24'),
        "first_seen: expected a time with its zone, no later than run.started",
    ),
    "a baseline without zone": (
        render("json", compared()).replace('"started": "2026-11-01T02:30:00Z"', '"started": "2026-11-01T02:30:00"'),
        "run.baseline.started: expected a time with its zone",
    ),
    "a gate that was opened": (render("json", night()).replace('"failed"', '"passed"'), "does not agree"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_report_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(SnapshotError) as refused:
        json_report.parse(text, "r.json")
    assert all(line.startswith("r.json: ") for line in str(refused.value).splitlines())
    assert said in str(refused.value)


def test_lines_are_the_run_and_its_findings() -> None:
    first, *lines = [json.loads(line) for line in render("jsonl", night()).splitlines()]
    document = json.loads(render("json", night()))
    assert first == {"type": "run"} | {key: document[key] for key in ("schema_version", "tool", "run", "summary")}
    assert [{key: line[key] for key in document["findings"][0]} for line in lines] == document["findings"]
    assert all(line["run"] == document["run"] and line["type"] == "finding" for line in lines)
    assert json.loads(render("jsonl", report(())))["summary"]["gate"] == "incomplete"
