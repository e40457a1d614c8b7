"""`check --attribute`: who changed what fails, in every format, and people only by name where that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit.errors import CredentialError
from mzaudit.simulator import Fault, StatusFault
from mzaudit.simulator.arm.activity_records import PERSON
from mzaudit.simulator.estates.estate_plan import stable_guid
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
FILES = ("-o", "json:r.json", "-o", "markdown:r.md", "-o", "junit:r.xml", "-o", "terminal:r.txt")
CHECK = ("check", "--env", "prd", "--simulate", "drifted", "--attribute", *FILES)
WRITTEN = ("r.json", "r.md", "r.xml", "r.txt")


def _texts(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in WRITTEN}


def test_every_format_says_who_and_none_names_a_person(folder: Path, mzaudit: Call) -> None:
    assert mzaudit(*CHECK).code == 1
    texts = _texts(folder)
    assert [name for name, text in texts.items() if "Microsoft.Web/sites/write" not in text] == []
    assert [name for name, text in texts.items() if PERSON in text] == []
    report = json.loads(texts["r.json"])
    told = [finding["attribution"] for finding in report["findings"] if finding["status"] == "fail"]
    assert None not in told
    assert {finding["attribution"] for finding in report["findings"] if finding["status"] != "fail"} == {None}
    calls = [read["call"] for read in report["reads"]]
    assert "POST /providers/Microsoft.ResourceGraph/resources" in calls
    assert mzaudit("report", "r.json", "-o", "markdown:s.md").code == 0
    assert (folder / "s.md").read_text() == texts["r.md"]


def test_people_are_named_if_that_is_asked_for(folder: Path, mzaudit: Call) -> None:
    assert mzaudit(*CHECK, "--name-people").code == 1
    assert PERSON in (folder / "r.json").read_text()
    assert "operator" in (folder / "r.md").read_text()


def test_a_pipeline_that_the_policy_knows_is_told_from_others(folder: Path, mzaudit: Call) -> None:
    assert mzaudit("init", "--example", "monozu").code == 0
    policy = folder / "policies" / "monozu.yaml"
    pipeline = f"pipelines: [{{object_id: {stable_guid('pipeline', 'oid')}, name: release}}]"
    policy.write_text(f"{policy.read_text()}\n{pipeline}\n")
    assert mzaudit(*CHECK).code == 1
    found = json.loads((folder / "r.json").read_text())["findings"]
    told = [f["attribution"] for f in found if f["attribution"] is not None and f["attribution"]["at"]]
    assert {(one["inside"], one["pipeline"]) for one in told} == {(True, "release"), (False, "")}
    text = " ".join((folder / "r.txt").read_text().split())
    assert "in the pipeline release" in text
    assert "outside the known pipelines" in text


def test_without_a_failure_nothing_more_is_asked(folder: Path, mzaudit: Call) -> None:
    args = ("check", "--env", "prd", "--simulate", "compliant", "--attribute", *FILES)
    assert mzaudit(*args).code == 0
    calls = [read["call"] for read in json.loads((folder / "r.json").read_text())["reads"]]
    assert not [call for call in calls if "eventtypes" in call or "ResourceGraph" in call]


def test_a_record_that_is_refused_changes_no_exit_code(
    folder: Path, mzaudit: Call, azure: Callable[..., object]
) -> None:
    faults = (Fault("GET .*/eventtypes/management/values.*", StatusFault(403)),)
    with azure("drifted", faults):  # type: ignore[attr-defined]
        mzaudit("init", "--example", "monozu")
        assert mzaudit("check", "--env", "prd", "--attribute", *FILES).code == 1
    text = " ".join((folder / "r.txt").read_text().split())
    assert "Not read: forbidden: GET" in text
    assert "(needs Microsoft.Insights/eventtypes/values/read)" in text


@pytest.mark.parametrize("error", [CredentialError("no token"), OverflowError(), BaseExceptionGroup("", [KeyError()])])
def test_whatever_goes_wrong_with_it_what_was_judged_is_written(
    folder: Path, mzaudit: Call, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("mzaudit.azure.changes_of", broken)
    outcome = mzaudit(*CHECK)
    assert outcome.code == 1
    assert "--attribute: who changed what was not read" in outcome.err
    assert json.loads((folder / "r.json").read_text())["findings"]


def test_ctrl_c_meanwhile_loses_nothing_that_was_judged(
    folder: Path, mzaudit: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mzaudit.cli.attribution._attributed", stopped)
    outcome = mzaudit(*CHECK)
    assert outcome.code == 130
    assert "interrupted: the reports say what was judged, but not who changed what" in outcome.err
    assert "were not written" not in outcome.err
    report = json.loads((folder / "r.json").read_text())
    assert report["summary"]["gate"] == "failed"
    assert {finding["attribution"] for finding in report["findings"]} == {None}
