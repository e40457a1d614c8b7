"""The generated pages are fresh, whole, and lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import policy, site
from docs.pages import FOLDER, pages
from mzaudit import rules
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary

PAGES = (*site.FOLDER.glob("*.md"), *FOLDER.glob("*.md"))


def test_the_rule_pages_are_fresh() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    assert written == pages(), "write them again: make docs"


def test_the_page_of_the_policy_is_fresh() -> None:
    assert policy.FILE.read_text(encoding="utf-8") == policy.page(), "write it again: make docs"


def test_the_index_is_fresh() -> None:
    assert (site.FOLDER / "README.md").read_text(encoding="utf-8") == site.index(), "write it again: make docs"


def test_the_first_steps_are_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MZAUDIT_SUBSCRIPTION_ID", raising=False)
    written = (site.FOLDER / "first-steps.md").read_text(encoding="utf-8")
    assert written == site.first_steps(), "write them again: make docs"


def test_the_index_names_every_rule_and_requirement_under_a_known_area() -> None:
    index = site.index()
    for rule in rules.load():
        assert f"[{rule.code}](rules/{rule.code}.md)" in index
    for requirement in load(shipped(), vocabulary()).requirements:
        assert f"| {requirement.id} |" in index


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(site.FOLDER)))
def test_every_link_leads_to_a_page(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
