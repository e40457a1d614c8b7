"""Every reason for a gap has its advice, and the collector gives none of its own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from mzaudit.azure.client import gaps
from mzaudit.azure.sql import sql_gaps
from mzaudit.report.gap_advice import advice
from mzaudit.snapshot.observed import Gap, GapReason

ADVICE = re.compile(r"\b(run again|assign a role|no role helps|check the|sign in again|let it)\b")


@pytest.mark.parametrize("reason", GapReason)
@pytest.mark.parametrize("call", ["GET x", "SQL x"])
def test_every_reason_has_its_advice(reason: GapReason, call: str) -> None:
    said = advice(Gap(reason, call, "/a/{b}", "p/read"))
    assert said.endswith(".")
    assert "{where}" not in said
    assert "{needed}" not in said


@pytest.mark.parametrize("module", [gaps, sql_gaps])
def test_the_collector_classifies_and_advises_nothing(module: object) -> None:
    tree = ast.parse(Path(str(getattr(module, "__file__", ""))).read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert [text for text in texts if ADVICE.search(text)] == []
