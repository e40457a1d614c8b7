"""Differences on paper: the most urgent first, inside the budget, and nothing in them that anyone but us made."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mzaudit.engine.report_diff import Turn, differences
from mzaudit.engine.results import Status
from mzaudit.policy.models import Severity
from mzaudit.report.diff_text import Changes, drifts, findings, markdown, text
from mzaudit.report.escaping import log
from mzaudit.snapshot.saved.snapshot_diff import ChangeKind, FactChange
from tests.report.sample import HOSTILE, UNREADABLE, finding, hostile, night
from tests.report.test_markdown import OURS, tokens
from tests.report.test_neutral import assert_inert_log


def changes(hostility: str = "calm") -> Changes:
    after = hostile(hostility).findings
    before = [replace(f, note=f"{hostility} before", evidence=()) for f in after]
    drifted = (
        FactChange(ChangeKind.CHANGED, ("sites", hostility, hostility), hostility, (hostility, "b")),
        FactChange(ChangeKind.CHANGED, ("vaults", hostility, "values", "x", "same"), (hostility, "b"), (hostility,)),
        FactChange(ChangeKind.GONE, ("sites", hostility, "x"), "present", of=((("name",), hostility),)),
        FactChange(ChangeKind.UNSEEN_NOW, ("sites", hostility, "x"), gap=UNREADABLE),
    )
    groups = {**findings(differences(before, after)), **drifts(drifted)}
    return Changes(f"DIFFERENT  {hostility}  (exit 1)", {"old": hostility}, groups, (hostility,))


@pytest.mark.parametrize("case", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_inert(case: str) -> None:
    made = changes(case)
    assert_inert_log(log(text(made, 100)))
    rendered = markdown(made, "diff")
    assert len(rendered.encode()) <= 60_000
    found = tokens(rendered)
    assert not {token.type for token in found} & {"link_open", "image", "fence", "code_block", "em_open", "s_open"}
    tags = re.findall(r"<[^>]*>", "".join(t.content for t in found if t.type in ("html_inline", "html_block")))
    assert set(tags) <= OURS


def test_the_most_urgent_comes_first_and_what_does_not_fit_is_counted() -> None:
    many = [
        finding("KV-003", f"vault/SECRET_{n:04}_", Status.FAIL, severity=list(Severity)[n % 4], note="not there")
        for n in range(1000)
    ]
    passing = [finding("KV-004", f"vault/FINE_{n}", Status.PASS) for n in range(10)]
    made = Changes("DIFFERENT", {}, findings(differences((), [*passing, *many])))
    rendered = markdown(made, "diff", 20_000)
    assert len(rendered.encode()) <= 20_000
    shown = rendered.count("SECRET&#95;0") + rendered.count("SECRET&#95;1")
    assert re.search(rf"^{1000 - shown} more here did not fit; run the command again to see them all", rendered, re.M)
    assert "low violation" not in rendered
    assert rendered.index("Violations that appear") < rendered.index("Other findings that change")


def test_text_ends_in_the_verdict_and_holds_every_group() -> None:
    earlier = [replace(f, status=Status.PASS) for f in night().findings]
    made = Changes("DIFFERENT  x  (exit 1)", {"old": "a", "new": "b"}, findings(differences(earlier, night().findings)))
    lines = text(made, 100).splitlines()
    assert lines[-1] == "DIFFERENT  x  (exit 1)"
    assert next(line for line in lines if "(4)" in line) == "VIOLATIONS THAT APPEAR (4)"
    assert set(made.groups) == {str(turn) for turn in Turn}
    assert all(len(line) <= 100 for line in lines if " " in line.strip())
