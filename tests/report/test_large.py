"""A report of 240 environments and 10,000 findings: what has a limit keeps it, and shows the violations first."""

from __future__ import annotations

import gzip
import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from mzaudit.engine.baseline import mark
from mzaudit.engine.results import Finding, Report, Status
from mzaudit.publish.message import of
from mzaudit.publish.notice import notice
from mzaudit.report import FORMATS, render
from mzaudit.report.dialect import AZURE_PULL_REQUEST, AZURE_SUMMARY, GITHUB, Dialect
from mzaudit.snapshot.observed import Gap, GapReason
from tests.report.sample import finding, report

AREAS = ("APP", "SET", "IMG", "KV", "RBAC", "SQL", "BLOB", "OBS", "ENV")


@pytest.fixture(scope="module")
def large() -> Report:
    """One violation in each environment."""
    envs = tuple(f"env{number}" for number in range(240))
    return report(
        (
            replace(
                finding(f"{AREAS[k % 9]}-001", f"thing-{k}", Status.PASS if k else Status.FAIL, env=env),
                fingerprint=f"{number:016x}{k:016x}",
            )
            for number, env in enumerate(envs)
            for k in range(42)
        ),
        env=envs,
    )


@pytest.mark.parametrize("dialect", [GITHUB, AZURE_PULL_REQUEST, AZURE_SUMMARY])
def test_a_comment_fits_and_shows_violations(dialect: Dialect, large: Report) -> None:
    text = of(large).text(dialect, dialect.budget)
    assert dialect.size(text) <= dialect.budget
    assert text.count("### CRITICAL") > 50
    assert "| KV | 1,200 | 0 |" in text, "counts of hundreds of environments stand together"
    assert "## Violations (240)" in text


@pytest.fixture(scope="module")
def worst(large: Report) -> Report:
    """Every other finding a violation, the rest not seen."""
    gap = Gap(GapReason.THROTTLED, "GET /x", "x", "", "429")
    found = tuple(
        replace(each, status=Status.INCONCLUSIVE, gaps=(gap,)) if number % 2 else replace(each, status=Status.FAIL)
        for number, each in enumerate(large.findings)
    )
    return report(found, env=large.environments)


def test_code_scanning_takes_it_and_sees_the_violations(large: Report, worst: Report) -> None:
    """GitHub takes 25,000 results and shows 5,000, and 10 MB after gzip; Azure DevOps takes 5,000."""
    for each, results, violations in ((large, 240, 240), (worst, 5_000, 5_000)):
        text = render("sarif-alerts", each)
        (run,) = json.loads(text)["runs"]
        assert len(run["results"]) == results
        assert sum(result["properties"]["status"] == "fail" for result in run["results"]) == violations
        assert len(gzip.compress(text.encode(), 1)) < 10_000_000
    notices = run["invocations"][0]["toolExecutionNotifications"]
    assert any(notice["descriptor"]["id"] == "left-out" for notice in notices)


def test_junit_says_what_holds_of_the_run_once_and_violations_first(large: Report) -> None:
    suites = ET.fromstring(render("junit", large).encode())
    kept = [suite.find("properties") for suite in suites]
    assert [len(properties) > 0 for properties in kept if properties is not None] == [False] * 2160 + [True]
    failing = [int(suite.get("failures", "0")) > 0 for suite in suites]
    assert failing == [True] * 240 + [False] * 1921
    first = suites[0].findall("testcase")
    assert first[0].find("failure") is not None


WRITERS: dict[str, Callable[[Report], object]] = {
    **{name: partial(render, name) for name in FORMATS},
    "comment": lambda about: of(about).text(GITHUB, GITHUB.budget),
    "notice": lambda about: notice(about, "prd", ""),
    "baseline": lambda about: mark(about.findings, about.run.started, about),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_twice_the_findings_take_twice_the_calls(writer: str, worst: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more: what is looked up once a finding, over all findings, grows with the square of the estate."""
    alike: Callable[[Finding, object], bool] = Finding.__eq__
    monkeypatch.setattr(Finding, "__eq__", lambda one, other: alike(one, other))  # seen as a call in `x in findings`
    half, whole = (replace(worst, findings=worst.findings[:count]) for count in (400, 800))
    WRITERS[writer](half)  # what is made once a process
    assert calls(WRITERS[writer], whole) <= 2.2 * calls(WRITERS[writer], half)


def calls(write: Callable[[Report], object], about: Report) -> int:
    """How many Python functions a writer calls."""
    seen: Counter[str] = Counter()
    before = sys.getprofile()
    sys.setprofile(lambda _frame, event, _arg: seen.update((event,)))
    try:
        write(about)
    finally:
        sys.setprofile(before)
    return seen["call"]
