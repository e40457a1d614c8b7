"""A catalogue of one's own decides alone what every report says of its requirements."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import lxml.html
import pytest

from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]

CATALOGUE = """\
version: 1
requirements:
  - {id: NW-1, text: A, section: S, answered_by: [KV-003]}
  - {id: ABC-12, text: B, section: S, answered_by: [KV-004, KV-003, KV-003]}
  - {id: OPS-100, text: C, section: S, manual: Ask the people who run it.}
  - {id: NW-2, text: D, section: S, answered_by: [KV-003], manual: Look at the rest.}
  - {id: NW-3, text: E, section: S, answered_by: [KV-003, ZZ-999]}
  - {id: NW-4, text: F, section: S, answered_by: [SQL-001]}
"""
SAID = {
    "compliant": {
        "NW-1": "passed",
        "ABC-12": "passed",
        "OPS-100": "by hand",
        "NW-2": "passed, the rest by hand",
        "NW-3": "not seen",
        "NW-4": "not seen",
    },
    "drifted": {
        "NW-1": "violated",
        "ABC-12": "violated",
        "OPS-100": "by hand",
        "NW-2": "violated, the rest by hand",
        "NW-3": "violated",
        "NW-4": "not seen",
    },
}


@pytest.mark.parametrize("estate", SAID)
def test_the_catalogue_alone_decides(estate: str, mzaudit: Call, folder: Path) -> None:
    mzaudit("init", "--example", "monozu")
    (folder / "policies" / "requirements.yaml").write_text(CATALOGUE)
    only = ("--only", "KV-003", "--only", "KV-004")
    mzaudit("check", "--env", "prd", "--simulate", estate, *only, "-o", "html:r.html", "-o", "json:r.json")
    rows = lxml.html.parse(folder / "r.html").xpath("//table[contains(@class, 'matrix')]/tbody/tr")
    shown = {row.get("id").removeprefix("r-"): row.xpath("string(td/span)").strip() for row in rows}
    assert shown == SAID[estate]

    blocks = mzaudit("policy", "requirements", "--report", "r.json").out.split("\n")
    told, last = {}, ""
    for line in blocks:
        last = line.split()[0] if line and not line.startswith(" ") else last
        if line.startswith("        prd "):
            told[last] = line.split(maxsplit=1)[1]
    assert told == SAID[estate]

    report = json.loads((folder / "r.json").read_text())
    by_code = {"KV-003": ["NW-1", "ABC-12", "NW-2", "NW-3"], "KV-004": ["ABC-12"]}
    assert {rule["code"]: rule["requirements"] for rule in report["rules"]} == by_code
    assert all(finding["requirements"] == by_code[finding["rule"]] for finding in report["findings"])
