"""The generated pages are fresh."""

from __future__ import annotations

from docs.pages import FOLDER, pages


def test_the_rule_pages_are_fresh() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert written == pages(), "write them again: make docs"
