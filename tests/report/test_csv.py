"""CSV: a row a finding, whatever stands in it, and no cell that a spreadsheet would compute."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mzaudit.engine.results import Report
from mzaudit.report import render
from mzaudit.report.escaping import cell
from tests.report import golden_files
from tests.report.sample import HOSTILE, compared, hostile, night, report

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1",
    "a;=1",
    "a,=1",
    "a|-1",
    "a;\t@x",
    "\x00=1",
)


def rows(made: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render("csv", made), newline="")))


def test_golden() -> None:
    golden_files.check("night.csv", render("csv", night()))
    golden_files.check("compared.csv", render("csv", compared()))


@pytest.mark.parametrize("text", [*HOSTILE.values(), *FORMULAS], ids=[*HOSTILE, *map(repr, FORMULAS)])
def test_hostile_text(text: str) -> None:
    made = hostile(text)
    read = rows(made)
    assert [row["fingerprint"] for row in read] == [finding.fingerprint for finding in made.findings]
    for row in read:
        assert None not in row
        assert all(value is not None and len(value) < 32_767 for value in row.values())
        assert not any(computed(value) for value in row.values())


def computed(value: str) -> bool:
    """Whether a spreadsheet would take the cell, or a part that it splits off at another separator, for a formula."""
    return any(re.match(r"\s*[=+\-@＝＋－＠]", part) for part in re.split("[,;|\t\r\n]", value))


@given(st.text(st.sampled_from("=+-@;,| \t\r\nab'\"\x00")))
def test_no_cell_is_a_formula_and_none_is_lost(text: str) -> None:
    safe = cell(text)
    assert not computed(safe)
    assert cell(safe) == safe


@pytest.mark.parametrize("text", FORMULAS)
def test_the_assertion_can_fail(text: str) -> None:
    assert computed(text.replace("\x00", ""))


def test_no_findings_are_a_header() -> None:
    assert rows(report(())) == []
    assert render("csv", report(())).startswith("environment,rule,")
