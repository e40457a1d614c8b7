"""The size limit: whole blocks, from the end, and nothing shown that is less severe than what is not."""

from __future__ import annotations

import pytest

from mzaudit.report.size_budget import Block, Section, fill

SMALL = Block("small", 1)
LARGE = Block("L" * 500, 1)
SPLIT = Block("L" * 500, 1, "title only")

CASES = {
    "all fits": ((Section("A", 2, (SMALL, LARGE)),), 2_000, ["small", "L" * 500], 0),
    "what comes after the first without a place goes too": ((Section("A", 2, (LARGE, SMALL)),), 300, [], 2),
    "later sections go too": ((Section("A", 1, (LARGE,)), Section("B", 1, (SMALL,), True)), 600, [], 2),
    "the title stands in for what is too long": ((Section("A", 2, (SPLIT, SMALL)),), 300, ["title only", "small"], 0),
    "an empty section is not named": ((Section("A", 0, ()), Section("B", 1, (SMALL,))), 300, ["small"], 0),
}


@pytest.mark.parametrize(("sections", "budget", "kept", "hidden"), CASES.values(), ids=CASES.keys())
def test_fill(sections: tuple[Section, ...], budget: int, kept: list[str], hidden: int) -> None:
    text = fill("head", sections, budget)
    assert len(text.encode()) <= budget
    assert [line for line in text.splitlines() if line in ("small", "title only", "L" * 500)] == kept
    assert text.count("1 more here did not fit") + 2 * text.count("2 more here did not fit") == hidden
    assert text.count("<details>") == text.count("</details>")
    assert [section.title for section in sections if f"{section.title} (" in text] == [
        s.title for s in sections if s.blocks
    ]
