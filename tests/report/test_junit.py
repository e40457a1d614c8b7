"""JUnit: valid for its readers, every finding in it, and red if and only if the run is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from mzaudit.engine.gate import exit_code, summarise
from mzaudit.engine.results import Baseline, BaselineNote, BaselineState, Gate, Report, Status
from mzaudit.policy.models import Severity
from mzaudit.report.formats.junit import chunks
from tests.report import golden_files
from tests.report.sample import HOSTILE, UNREADABLE, WAIVER, compared, finding, hostile, night, report
from tests.report.test_neutral import ANY_TEXT, assert_inert_log

SCHEMAS = Path(__file__).parents[2].parent / "shared" / "schemas" / "junit"


def render(made: Report) -> str:
    return "".join(chunks(made))


def parsed(made: Report) -> etree._Element:
    return etree.fromstring(render(made).encode("utf-8"), etree.XMLParser(resolve_entities=False, huge_tree=True))


def test_golden() -> None:
    golden_files.check("night.xml", render(night()))


@pytest.mark.parametrize("schema", ["jenkins-xunit-plugin-junit-10.xsd", "windyroad-ant-JUnit.xsd"])
def test_valid(schema: str) -> None:
    path = SCHEMAS / schema
    if not path.exists():
        pytest.skip(f"{schema} is not at hand")
    validator = etree.XMLSchema(etree.parse(str(path)))
    for made in (night(), report(()), compared(only_new=True), *map(hostile, HOSTILE.values())):
        validator.assertValid(parsed(made))


def _by_name(made: Report) -> dict[tuple[str, str], etree._Element]:
    return {(str(case.attrib["classname"]), str(case.attrib["name"])): case for case in parsed(made).iter("testcase")}


ELEMENTS = {
    ("mzaudit.prd.APP-001", "cloud"): (None, ""),
    ("mzaudit.prd.KV-003", "kv-mz-cloud-prd/SECRET_KEY"): ("failure", "critical: The secret SECRET_KEY "),
    ("mzaudit.prd.RBAC-003", "kv-mz-cloud-prd"): ("failure", "waiver expired on 2026-11-01: "),
    ("mzaudit.prd.APP-004", "ingest"): ("skipped", "below the gate (low): "),
    ("mzaudit.prd.KV-005", "kv-mz-cloud-prd/OLD_EXPORT"): ("skipped", "WAIVED until 2026-12-31 by team-cloud"),
    ("mzaudit.prd.SET-002", "cloud/SECRET_KEY"): ("skipped", "not applicable: "),
    ("mzaudit.prd.SQL-007", "db-monozu-cloud-prd"): (
        "error",
        "inconclusive: The documented secret is in the vault: not seen: firewall: ",
    ),
    ("mzaudit.run", "everything-was-read"): ("error", "3 findings inconclusive"),
    ("mzaudit.run", "something-was-evaluated"): (None, ""),
    ("mzaudit.run", "no-warnings"): ("skipped", "policies/waivers.yaml:9"),
}


@pytest.mark.parametrize(("case", "wanted"), ELEMENTS.items(), ids=["/".join(case) for case in ELEMENTS])
def test_element(case: tuple[str, str], wanted: tuple[str | None, str]) -> None:
    children = list(_by_name(night())[case])
    element, message = wanted
    assert [child.tag for child in children] == ([element] if element else [])
    for child in children:
        assert str(child.attrib["message"]).startswith(message)
        assert child.text


_THEN = datetime(2026, 11, 1, tzinfo=UTC)
_KNOWN = BaselineNote(BaselineState.UNCHANGED, _THEN)
_EXPIRED = replace(WAIVER, expires="2026-11-01", expired=True)


def combinations() -> list[Report]:
    kinds = [
        finding("KV-001", "a", Status.PASS),
        finding("KV-002", "a", Status.FAIL, severity=Severity.HIGH),
        finding("KV-003", "a", Status.FAIL, severity=Severity.LOW),
        finding("KV-004", "a", Status.INCONCLUSIVE, gaps=(UNREADABLE,)),
        finding("KV-005", "a", Status.WAIVED),
        finding("KV-006", "a", Status.NOT_APPLICABLE, note="nothing to ask"),
        replace(finding("KV-007", "a", Status.FAIL, severity=Severity.HIGH), baseline=_KNOWN),
        replace(finding("KV-008", "a", Status.FAIL, severity=Severity.HIGH), baseline=_KNOWN, waiver=_EXPIRED),
    ]
    made = []
    for *chosen, allowed, only_new in product((False, True), repeat=len(kinds) + 2):
        held = tuple(kind for kind, kept in zip(kinds, chosen, strict=True) if kept)
        for fail_on in (Severity.CRITICAL, Severity.MEDIUM, Severity.LOW):
            one = report(held, allow_incomplete=allowed, fail_on=fail_on)
            run = replace(one.run, baseline=Baseline("b.json", _THEN, only_new))
            made.append(replace(one, run=run, summary=summarise(held, fail_on, only_new=only_new)))
    return made


@pytest.mark.slow
def test_red_if_and_only_if_the_exit_code_is_not_zero() -> None:
    seen: Counter[int] = Counter()
    for made in combinations():
        root = parsed(made)
        red = sum(int(suite.attrib["failures"]) + int(suite.attrib["errors"]) for suite in root)
        assert bool(red) == bool(exit_code(made)), made.summary
        seen[exit_code(made)] += 1
    assert set(seen) == {0, 1, 3}


def test_what_the_baseline_had_too_is_skipped_only_where_the_gate_is_for_new_ones() -> None:
    case = ("mzaudit.prd.SET-004", "manage/SMTP_PASSWORD")
    (skipped,) = _by_name(compared(only_new=True))[case]
    assert skipped.tag == "skipped"
    assert str(skipped.attrib["message"]).startswith("known from the baseline (critical): ")
    assert "baseline: unchanged, first seen on 2026-11-01, 22 days before this report" in str(skipped.text)
    (failure,) = _by_name(compared())[case]
    assert failure.tag == "failure"


def test_a_report_whose_gate_was_opened_is_not_written() -> None:
    opened = replace(night(), summary=replace(night().summary, gate=Gate.PASSED))
    with pytest.raises(ValueError, match="contradicts"):
        render(opened)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text(text: str) -> None:
    made = hostile(text)
    rendered = render(made)
    assert "[[" not in rendered
    assert_inert_log(rendered)
    cases = list(parsed(made).iter("testcase"))
    assert len(cases) == len(made.findings) + 3
    assert all(0 < len(case.attrib["name"]) <= 250 for case in cases)
    assert len({(case.attrib["classname"], case.attrib["name"]) for case in cases}) == len(cases)
    assert all(len(child.attrib["message"]) <= 4_000 for case in cases for child in case)


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_any_text_makes_valid_xml_with_every_case(text: str) -> None:
    made = hostile(text)
    assert len(list(parsed(made).iter("testcase"))) == len(made.findings) + 3


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "A", "a ", " a", "a\u200b", "a\ufffd", "", "  ", "b" * 300, "b" * 301]), max_size=8)
)
def test_names_are_unique(names: list[str]) -> None:
    made = report(finding("KV-003", name, Status.PASS) for name in names)
    cases = [(case.attrib["classname"], case.attrib["name"]) for case in parsed(made).iter("testcase")]
    assert len(set(cases)) == len(names) + 3


def test_a_name_stays_when_another_comes() -> None:
    alone = _by_name(report([finding("KV-003", "a", Status.PASS)]))
    two = _by_name(report([finding("KV-003", "a", Status.PASS), finding("KV-003", "b", Status.FAIL, note="no")]))
    assert set(alone) < set(two)
