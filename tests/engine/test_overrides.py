"""Rules that the policy switches off or weighs differently: for which subjects, and that no report hides it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from mzaudit.cli.evaluation import judge
from mzaudit.engine.results import Report, Status
from mzaudit.errors import SnapshotError
from mzaudit.policy.bind import bind
from mzaudit.policy.enums import Severity
from mzaudit.policy.loader.load import load
from mzaudit.policy.requirements import Requirement
from mzaudit.report import FORMATS, render
from mzaudit.report.formats import json as json_report
from mzaudit.report.requirement_matrix import matrix
from mzaudit.rules import vocabulary
from mzaudit.snapshot.estate import Snapshot
from tests.built_estate import SUBSCRIPTION, TAKEN, compliant, secret_item, vault
from tests.built_estate import bent as bent_snapshot
from tests.policy.bent import bent

REASON = "blue/green keeps an older tag"


def judged(tmp_path: Path, stated: str, *asked: str, seen: Snapshot | None = None) -> Report:
    """The report of an estate under the shipped policy with this under `rules:`."""
    path = tmp_path / "p.yaml"
    path.write_text(bent(("document:", f"rules: {stated}\ndocument:")))
    loaded = load(path, vocabulary())
    subscriptions = dict.fromkeys(loaded.policy.environments, SUBSCRIPTION)
    wanted = bind(loaded.policy, loaded.where, asked or ("prd",), subscriptions)
    return judge(loaded, wanted, seen or compliant(), fail_on=Severity.MEDIUM)


def off(report: Report) -> set[tuple[str, str, str]]:
    return {(f.rule, f.env, f.subject.name) for f in report.findings if f.off}


# What the policy says; rule, environment and subject of what is off in dev and prd.
OFF: Mapping[str, tuple[str, set[tuple[str, str, str]]]] = {
    "everywhere": (
        f"{{IMG-001: {{off: {REASON}}}}}",
        {("IMG-001", "dev", "acrmonozu"), ("IMG-001", "prd", "acrmonozu")},
    ),
    "an environment": (
        f"{{IMG-001: {{off: {REASON}, environments: [prd]}}}}",
        {("IMG-001", "prd", "acrmonozu")},
    ),
    "a service": (
        f"{{IMG-005: {{off: {REASON}, environments: [prd], things: [ingest]}}}}",
        {("IMG-005", "prd", "ingest")},
    ),
    "a service's users": (
        f"{{SQL-003: {{off: {REASON}, environments: [prd], things: [services.manage]}}}}",
        {("SQL-003", "prd", "manage/db-monozu-manage-prd")},
    ),
    "a vault's secrets": (
        f"{{KV-007: {{off: {REASON}, environments: [dev], things: [vaults.manage]}}}}",
        {
            ("KV-007", "dev", f"kv-mz-manage-dev/{name}")
            for name in (
                "SECRET_KEY",
                "CLOUD_INTERNAL_API_TOKEN",
                "CLOUD_WEBHOOK_HMAC_SECRET",
                "CLOUD_API_URL",
                "MS_CLIENT_ID",
                "MS_CLIENT_SECRET",
                "MS_TENANT_ID",
                "APPLICATIONINSIGHTS_CONNECTION_STRING",
            )
        },
    ),
    "a database": (
        f"{{SQL-007: {{off: {REASON}, things: [databases.manage], environments: [prd]}}}}",
        {("SQL-007", "prd", "db-monozu-manage-prd")},
    ),
    "the first of several": (
        f"{{IMG-001: [{{severity: low, reason: x, environments: [dev]}}, {{off: {REASON}}}]}}",
        {("IMG-001", "prd", "acrmonozu")},
    ),
    "a vault is no service": (f"{{APP-001: {{off: {REASON}, things: [vaults.manage]}}}}", set()),
}


@pytest.mark.parametrize("case", OFF)
def test_a_rule_is_off_for_what_is_said_and_nothing_else(case: str, tmp_path: Path) -> None:
    stated, expected = OFF[case]
    report = judged(tmp_path, stated, "dev", "prd")
    assert off(report) == expected
    assert all(f.status is Status.NOT_APPLICABLE and REASON in f.note for f in report.findings if f.off)
    assert any("is for nothing that the rule asks about" in each for each in report.run.warnings) is (not expected)


@pytest.mark.parametrize("name", FORMATS)
def test_no_report_hides_what_is_off(name: str, tmp_path: Path) -> None:
    report = judged(
        tmp_path,
        f"{{IMG-005: {{off: {REASON}, things: [ingest]}}, KV-004: {{severity: low, reason: renewed by hand}}}}",
    )
    text = render(name, report)
    assert REASON.partition(" ")[2] in text.replace("\n", " ")
    assert "renewed by hand" in text
    assert judged(tmp_path, "{}").findings != report.findings


def test_what_is_off_is_counted_and_read_back(tmp_path: Path) -> None:
    report = judged(tmp_path, f"{{IMG-005: {{off: {REASON}}}}}")
    text = "".join(json_report.chunks(report))
    assert json_report.parse(text, "r.json") == report
    changed = json.loads(text)
    finding = next(f for f in changed["findings"] if f["override"])
    finding["status"] = "pass"
    with pytest.raises(SnapshotError, match="switched off says nothing"):
        json_report.parse(json.dumps(changed), "r.json")


def test_a_requirement_says_that_its_rules_are_off(tmp_path: Path) -> None:
    report = judged(tmp_path, f"{{IMG-003: {{off: {REASON}}}}}")
    asked = Requirement(id="NW-1", text="A commit.", section="Images", answered_by=("IMG-003",))
    beside = asked.model_copy(update={"answered_by": ("IMG-003", "IMG-002")})
    said = [row.cells[0].word for row in matrix((asked, beside), report)]
    assert said == ["switched off", "passed, partly switched off"]


EXPIRED, SOON = timedelta(days=-1), timedelta(days=10)
# When a secret expires and how the policy weighs KV-004, critical by itself and low for what only expires soon.
WEIGHED: Mapping[str, tuple[timedelta, str, Severity]] = {
    "lighter": (EXPIRED, "medium", Severity.MEDIUM),
    "a weaker failure, lighter": (SOON, "medium", Severity.LOW),
    "a weaker failure, heavier": (SOON, "critical", Severity.LOW),
}


@pytest.mark.parametrize("case", WEIGHED)
def test_a_weight_never_makes_a_weaker_failure_worse(case: str, tmp_path: Path) -> None:
    ahead, severity, expected = WEIGHED[case]
    seen = bent_snapshot(secret_item(vault("cloud"), "SECRET-KEY", expires=TAKEN + ahead))
    report = judged(tmp_path, f"{{KV-004: {{severity: {severity}, reason: known}}}}", seen=seen)
    (found,) = (f for f in report.findings if f.rule == "KV-004" and f.status is Status.FAIL)
    assert found.severity is expected
