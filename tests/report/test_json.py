"""The JSON report comes back as it was, fits its own schema, and refuses what is not one."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mzaudit.errors import SnapshotError
from mzaudit.report import json as json_report
from mzaudit.report import render
from tests.report import golden_files
from tests.report.sample import HOSTILE, hostile, night, report
from tests.report.test_neutral import assert_inert_log

WELL_FORMED = st.text(st.characters(codec="utf-8"))


def test_golden() -> None:
    golden_files.check("night.json", render("json", night()))


def test_golden_lines() -> None:
    golden_files.check("night.jsonl", render("jsonl", night()))


def test_contract_of_the_document() -> None:
    document = json.loads(render("json", night()))
    assert list(document) == ["schema_version", "tool", "run", "summary", "reads", "findings", "topology"]
    assert list(document["summary"]) == ["pass", "fail", "inconclusive", "not_applicable", "waived", "gate"]
    assert document["run"]["started"] == "2026-11-23T02:30:00Z"
    assert document["run"]["env"] == "prd"
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
        document | {"schema_version": "2"},
        document | {"run": document["run"] | {"extra": 1}},
        document | {"findings": [document["findings"][0] | {"status": "maybe"}]},
        {key: value for key, value in document.items() if key != "summary"},
    ]


REFUSED = {
    "empty": ("", "cut short"),
    "cut short": (render("json", night())[:-40], "cut short"),
    "not an object": ("[]", "no schema_version"),
    "a snapshot": ('{"taken": 1}', "no schema_version"),
    "another version": ('{"schema_version": "9"}', "version 9; this mzaudit reads version 1"),
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
    "a gate that was opened": (render("json", night()).replace('"failed"', '"passed"'), "does not agree"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_report_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(SnapshotError) as refused:
        json_report.parse(text, "r.json")
    assert all(line.startswith("r.json: ") for line in str(refused.value).splitlines())
    assert said in str(refused.value)


def test_lines_are_findings_with_their_run() -> None:
    lines = [json.loads(line) for line in render("jsonl", night()).splitlines()]
    document = json.loads(render("json", night()))
    assert [{key: line[key] for key in document["findings"][0]} for line in lines] == document["findings"]
    assert all(line["run"] == document["run"] for line in lines)
