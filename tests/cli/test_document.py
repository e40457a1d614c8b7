"""`mzaudit policy document`: a page that moves on, its review, and who is told."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]

PAGE = """\
# Azure

## Vaults

Each service has its own.

## Data

One server.

## People

Ask them.
"""
CATALOGUE = """\
version: 1
requirements:
  - {id: NW-1, text: A, section: Vaults, answered_by: [KV-001]}
  - {id: NW-2, text: B, section: Date, answered_by: [SQL-001]}
"""


@pytest.fixture
def page(mzaudit: Call, folder: Path) -> Path:
    """The page of a policy that names it, with a catalogue of two requirements."""
    mzaudit("init", "--example", "monozu")
    policy = folder / "policies" / "monozu.yaml"
    policy.write_text(policy.read_text().replace("document: Azure Infrastructure", "document: azure.md"))
    (folder / "policies" / "requirements.yaml").write_text(CATALOGUE)
    file = folder / "policies" / "azure.md"
    file.write_text(PAGE)
    return file


def test_a_page_moves_on(mzaudit: Call, page: Path) -> None:
    first = mzaudit("policy", "document")
    assert first.code == 1
    assert "No review is recorded." in first.out
    assert "  'Date' (did you mean 'Data'?), cited by NW-2 (policies/requirements.yaml:4)\n" in first.out
    assert "cited by no requirement:\n  azure.md:7: Data\n  azure.md:11: People\n" in first.out
    assert "no review of the document is recorded" in mzaudit("policy", "validate").out

    catalogue = page.with_name("requirements.yaml")
    catalogue.write_text(CATALOGUE.replace("Date", "Data"))
    assert mzaudit("policy", "document", "--accept", "all").code == 0
    assert "warning" not in mzaudit("policy", "validate").out
    assert page.with_name("document.lock").read_text().count("\n") == 6

    page.write_bytes(PAGE.replace("its own", "two").replace("## People", "## Persons").replace("\n", "\r\n").encode())
    changed = mzaudit("policy", "document")
    assert changed.code == 1
    vault = 1 + page.with_name("monozu.yaml").read_text().split("\n").index("vaults:")
    group = changed.out.split("changed since it was reviewed:\n")[1].split("moved")[0].splitlines()
    assert group[:2] == ["  azure.md:3: Vaults", "      requirements: NW-1 (policies/requirements.yaml:3)"]
    assert group[2].startswith(f"      policy: policies/monozu.yaml:{vault + 1}")
    assert "  azure.md:11: Persons (was People)\n" in changed.out
    said = "azure.md: the document has changed since the policy was reviewed: changed: Vaults (NW-1)"
    assert f"policies/monozu.yaml:6: warning: {said}\n" in mzaudit("policy", "validate").out

    assert mzaudit("policy", "document", "--accept", "Vaults").code == 0
    assert mzaudit("policy", "document", "--accept", "persons").code == 0
    assert "moved" not in mzaudit("policy", "document").out


def test_a_page_that_was_reviewed_and_is_gone(mzaudit: Call, page: Path) -> None:
    mzaudit("policy", "document", "--accept", "all")
    page.unlink()
    gone = mzaudit("policy", "document")
    assert (gone.code, "gone:\n  Azure\n  Vaults\n  Data\n  People\n" in gone.out) == (1, True), gone.out
    assert "warning: azure.md: the document has changed" in mzaudit("policy", "validate").out
    page.with_name("document.lock").write_text("<<<<<<< HEAD\n")
    assert "document.lock:1: expected the digest" in mzaudit("policy", "validate").err


def test_reports_and_previews_say_so(mzaudit: Call, page: Path, folder: Path) -> None:
    mzaudit("policy", "document", "--accept", "all")
    mzaudit("collect", "--env", "prd", "--simulate", "compliant", "-o", "s.json")
    page.write_text(PAGE.replace("its own", "two"))
    asked = ("--env", "prd", "--snapshot", "s.json", "--only", "KV-001")
    told = mzaudit("check", *asked, "-o", "markdown")
    assert told.code == 0
    said = "the document has changed since the policy was reviewed: changed: Vaults (NW-1)"
    assert said in told.out.replace("`", "")
    shutil.copytree(page.parent, "base")
    (folder / "base" / "azure.md").write_text(PAGE)
    seen = ("--snapshot", "s.json", "--base", "base", "--head", "policies")
    assert said in mzaudit("preview", *seen).out.replace("`", "")


WRONG = {
    "a section that is not there": (
        ("--accept", "Vault"),
        "--accept 'Vault': no such section of azure.md; did you mean 'Vaults'?",
    ),
    "no page": (("no.md",), "no.md: no such file"),
    "what is no page": (("policies/monozu.yaml",), "policies/monozu.yaml: expected one of .md"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_refused(case: str, mzaudit: Call, page: Path) -> None:
    args, said = WRONG[case]
    refused = mzaudit("policy", "document", *args)
    assert (refused.code, said in refused.err) == (2, True), refused.err
    assert not page.with_name("document.lock").exists()


def test_alike_sections_are_accepted_by_their_names(mzaudit: Call, page: Path) -> None:
    page.write_text("# A\n\n## X\n\none\n\n# B\n\n## X\n\ntwo\n")
    refused = mzaudit("policy", "document", "--accept", "X")
    assert (refused.code, "expected one section, found 'A / X', 'B / X'" in refused.err) == (2, True)
    mzaudit("policy", "document", "--accept", "B / X")
    assert page.with_name("document.lock").read_text().endswith("  B / X\n")


def test_a_title_is_no_page(mzaudit: Call, page: Path) -> None:
    policy = page.with_name("monozu.yaml")
    policy.write_text(policy.read_text().replace("azure.md", "Azure"))
    refused = mzaudit("policy", "document")
    assert (refused.code, "or give PAGE" in refused.err) == (2, True)
    assert mzaudit("policy", "document", "policies/azure.md").code == 1
    assert "warning" not in mzaudit("policy", "validate").out
