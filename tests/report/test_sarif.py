"""SARIF: valid by both schemas, every result placed, and nothing in it that a code scanning service would misread."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mzaudit.cli import output
from mzaudit.cli.output import OutputTarget
from mzaudit.engine.gate import exit_code
from mzaudit.engine.results import BaselineNote, BaselineState, Report, Status
from mzaudit.policy.models import Severity
from mzaudit.report import render
from mzaudit.report.formats import sarif
from tests.report import golden_files
from tests.report.azure_pipeline import JOB
from tests.report.sample import HOSTILE, MISSING, UNREADABLE, WAIVER, compared, finding, hostile, night, report
from tests.report.schemas import SARIF, json_validator


def run(made: Report, name: str = "sarif") -> Any:
    document = json.loads(render(name, made))
    assert document["version"] == "2.1.0"
    assert len(document["runs"]) == 1
    return document["runs"][0]


def only(made: Any) -> Any:
    return run(report((made,)))["results"][0]


def test_golden() -> None:
    golden_files.check("night.sarif", render("sarif", night()))
    golden_files.check("night-alerts.sarif", render("sarif-alerts", night()))


@pytest.mark.parametrize("name", ["sarif", "sarif-alerts"])
@pytest.mark.parametrize("schema", SARIF)
def test_valid(schema: str, name: str) -> None:
    validator = json_validator(schema)
    for made in (night(), compared(), report(()), *map(hostile, HOSTILE.values())):
        validator.validate(json.loads(render(name, made)))


KINDS = {
    "pass": (finding("KV-001", "a", Status.PASS), "pass", "none", 0),
    "violation": (MISSING, "fail", "error", 0),
    "medium": (finding("KV-001", "a", Status.FAIL, severity=Severity.MEDIUM, note="n"), "fail", "warning", 0),
    "below the gate": (finding("KV-001", "a", Status.FAIL, severity=Severity.LOW, note="n"), "fail", "note", 0),
    "inconclusive": (finding("KV-001", "a", Status.INCONCLUSIVE, gaps=(UNREADABLE,)), "open", "none", 0),
    "not applicable": (finding("KV-001", "a", Status.NOT_APPLICABLE, note="n"), "notApplicable", "none", 0),
    "waived": (finding("KV-001", "a", Status.WAIVED, note="n", waiver=WAIVER), "fail", "error", 1),
    "waived, and not seen": (
        finding("KV-001", "a", Status.WAIVED, gaps=(UNREADABLE,), waiver=WAIVER),
        "open",
        "none",
        1,
    ),
}


@pytest.mark.parametrize(("made", "kind", "level", "suppressions"), KINDS.values(), ids=KINDS.keys())
def test_kind_and_level(made: Any, kind: str, level: str, suppressions: int) -> None:
    result = only(made)
    assert (result["kind"], result["level"], len(result["suppressions"])) == (kind, level, suppressions)


PLACES = {
    "relative": ("policies/monozu.yaml:41", "policies/monozu.yaml", "%SRCROOT%", 41),
    "another letter": ("my policies/ä#.yaml:7", "my%20policies/%C3%A4%23.yaml", "%SRCROOT%", 7),
    "elsewhere": ("/etc/policy.yaml:3", "file:///etc/policy.yaml", None, 3),
    "no line": ("policies", "policies", "%SRCROOT%", 1),
    "line 0": ("p.yaml:0", "p.yaml", "%SRCROOT%", 1),
    "a line that no file has": ("p.yaml:" + "9" * 30, "p.yaml", "%SRCROOT%", 1),
    "nothing": ("", "policy", "%SRCROOT%", 1),
    "another scheme": ("javascript:alert(1):2", "javascript%3Aalert%281%29", "%SRCROOT%", 2),
    "another host": ("//evil.example/p.yaml:2", "file:////evil.example/p.yaml", None, 2),
}


@pytest.mark.parametrize(("where", "uri", "base", "line"), PLACES.values(), ids=PLACES.keys())
def test_place(where: str, uri: str, base: str | None, line: int) -> None:
    place = only(replace(MISSING, policy=where))["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == uri
    assert place["artifactLocation"].get("uriBaseId") == base
    assert place["region"] == {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2}


@pytest.mark.parametrize("name", ["sarif", "sarif-alerts"])
@pytest.mark.parametrize("made", [night(), *map(hostile, HOSTILE.values())], ids=["night", *HOSTILE])
def test_what_a_service_refuses_a_file_for(made: Report, name: str) -> None:
    """One result without its place is enough for GitHub to refuse the whole file."""
    made_run = run(made, name)
    rules = made_run["tool"]["driver"]["rules"]
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1_024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1_024
        assert len(rule["name"]) <= 255
        assert rule["help"]["text"]
        assert len(rule["properties"]["tags"]) <= 20
    for result in made_run["results"]:
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"]
        assert location["logicalLocations"][0]["fullyQualifiedName"] is not None
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["partialFingerprints"]["primaryLocationLineHash"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_message_links_or_asks_for_an_argument(text: str) -> None:
    made_run = run(hostile(text))
    notices = made_run["invocations"][0]
    messages = [result["message"]["text"] for result in made_run["results"]]
    messages += [one["message"]["text"] for one in notices["toolExecutionNotifications"]]
    messages += [one["message"]["text"] for one in notices["toolConfigurationNotifications"]]
    for message in messages:
        bare = re.sub(r"\\.|\{\{|\}\}", "", message)
        assert not re.search(r"[][{}\\]", bare), message[:300]


def test_alerts_are_what_is_wrong_or_unseen_the_worst_first() -> None:
    results = run(night(), "sarif-alerts")["results"]
    wanted = [f for f in night().findings if f.status in (Status.FAIL, Status.INCONCLUSIVE)]
    assert Counter(r["properties"]["status"] for r in results) == Counter(f.status for f in wanted)
    order = list(Severity)
    severities = [order.index(Severity(r["properties"]["severity"])) for r in results]
    assert severities == sorted(severities)


def test_more_alerts_than_a_service_takes_are_left_out_from_the_least_severe_end() -> None:
    low = [finding("KV-003", f"v/{n}", Status.FAIL, severity=Severity.LOW, note="n") for n in range(5_000)]
    made_run = run(report([*low, MISSING]), "sarif-alerts")
    assert len(made_run["results"]) == 5_000
    assert made_run["results"][0]["properties"]["severity"] == "critical"
    assert (
        "1 finding more did not fit" in made_run["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]
    )
    assert len(run(report([*low, MISSING]))["results"]) == 5_001


def test_what_was_not_seen_is_an_error_of_the_run_though_it_is_allowed() -> None:
    unseen = finding("KV-001", "a", Status.INCONCLUSIVE, gaps=(UNREADABLE,))
    for allowed in (False, True):
        made = report((MISSING, unseen), allow_incomplete=allowed)
        invocation = run(made)["invocations"][0]
        assert invocation["executionSuccessful"] is False
        assert invocation["exitCode"] == exit_code(made)
        (notice,) = invocation["toolExecutionNotifications"]
        assert notice["level"] == "error"
        assert UNREADABLE.permission in notice["message"]["text"]
    assert run(report((MISSING,)))["invocations"][0]["executionSuccessful"] is True
    assert run(report(()))["invocations"][0]["executionSuccessful"] is False


def test_an_expired_waiver_suppresses_nothing() -> None:
    expired = replace(MISSING, waiver=replace(WAIVER, expired=True))
    (suppression,) = only(expired)["suppressions"]
    assert suppression["status"] == "rejected"
    assert suppression["location"]["physicalLocation"]["artifactLocation"]["uri"] == "policies/waivers.yaml"


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        (BaselineState.NEW, Status.FAIL, "new"),
        (BaselineState.UNCHANGED, Status.FAIL, "unchanged"),
        (BaselineState.RESOLVED, Status.PASS, "absent"),
    ],
)
def test_baseline_state(state: BaselineState, status: Status, said: str) -> None:
    first = report(()).run.started
    result = only(replace(MISSING, status=status, baseline=BaselineNote(state, first)))
    assert result["baselineState"] == said
    assert result["provenance"] == {"firstDetectionTimeUtc": "2026-11-23T02:30:00Z"}
    assert "baselineState" not in only(MISSING)


def test_a_fingerprint_does_not_hang_on_what_was_seen() -> None:
    other = replace(MISSING, note="another", evidence=(), policy="elsewhere.yaml:1")
    assert only(MISSING)["partialFingerprints"] == only(other)["partialFingerprints"]


def test_a_rule_that_the_report_does_not_tell_of_is_described_by_its_finding() -> None:
    made = replace(report((MISSING,)), rules=())
    (rule,) = json.loads("".join(sarif.chunks(made)))["runs"][0]["tool"]["driver"]["rules"]
    assert rule["id"] == "KV-003"
    assert rule["help"]["text"] == MISSING.title


@pytest.mark.parametrize("form", ["sarif", "sarif-alerts"])
def test_the_driver_says_all_that_code_scanning_asks_of_one(form: str) -> None:
    """Rules GH2012, GHAzDO1018 and GHAzDO2012 of Microsoft's validator."""
    driver = json.loads(render(form, night()))["runs"][0]["tool"]["driver"]
    assert driver["fullName"] == "mzaudit 0.1.0"
    for notice in driver["notifications"]:
        assert all(notice[key] for key in ("id", "name", "shortDescription", "fullDescription", "help"))
        assert notice["name"] != notice["id"]


PREFIX = "azuredevops/pipeline/build/"


@pytest.mark.parametrize("form", ["sarif", "sarif-alerts"])
@pytest.mark.parametrize("collection", ["https://dev.azure.com/fabrikam/", "https://fabrikam.visualstudio.com/"])
def test_a_job_of_azure_pipelines_is_named_as_advanced_security_asks(
    form: str, collection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules GHAzDO1019 and GHAzDO1020 of Microsoft's validator."""
    details = written_by(JOB | {"SYSTEM_COLLECTIONURI": collection}, form, tmp_path, monkeypatch)
    project, phase = JOB["SYSTEM_TEAMPROJECTID"], JOB["SYSTEM_PHASEID"]
    assert details["id"] == f"{PREFIX}fabrikam/{project}/12/{phase}/refs/heads/main/441"
    assert details["properties"] == {
        f"{PREFIX}buildDefinitionId": "12",
        f"{PREFIX}buildDefinitionName": "Nightly drift gate",
        f"{PREFIX}phaseId": phase,
        f"{PREFIX}phaseName": "prd",
    }


# A log with half of a run's names is dropped when it is published; one with our own is filed under that.
NO_SUCH_RUN = {
    "elsewhere": {"TF_BUILD": ""},
    "a server of one's own": {"SYSTEM_COLLECTIONURI": "https://tfs.example/DefaultCollection/"},
    "no phase": {"SYSTEM_PHASEID": ""},
    "a phase that is none": {"SYSTEM_PHASEID": "00000000-0000-0000-0000-000000000000"},
    "a definition that is none": {"SYSTEM_DEFINITIONID": "0"},
    "a definition that is no number": {"SYSTEM_DEFINITIONID": "twelve"},
    "a name of blanks": {"BUILD_DEFINITIONNAME": "  "},
    "no branch": {"BUILD_SOURCEBRANCH": ""},
    "a build of too large a number": {"BUILD_BUILDID": "12345678901"},
}


@pytest.mark.parametrize("bent", NO_SUCH_RUN.values(), ids=NO_SUCH_RUN.keys())
def test_no_run_of_a_pipeline_is_made_up(bent: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    details = written_by(JOB | bent, "sarif-alerts", tmp_path, monkeypatch)
    assert details == {"id": "mzaudit/prd/2026-11-23T02:30:00Z"}


def written_by(env: dict[str, str], form: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The `automationDetails` of a log that a job with these variables wrote."""
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    output.write(report(()), [OutputTarget(form, folder / "log.sarif")], colour=False, width=100)
    return json.loads((folder / "log.sarif").read_text())["runs"][0]["automationDetails"]
