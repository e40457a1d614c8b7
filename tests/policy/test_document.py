"""The document: a page cut into sections, what differs from what was reviewed, and which requirements cite what."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.policy.document.citations import citations, nearest
from mzaudit.policy.document.page_sections import EMPTY, PageSection, page_sections
from mzaudit.policy.document.section_lock import accepted, lock_text, page_changes, parse_lock
from mzaudit.policy.loader.load import load
from mzaudit.policy.requirements import Requirement
from mzaudit.rules import vocabulary
from tests.policy.bent import bent, complaints

PAGE = """\
# Azure

Said first.

## Vaults

| vault | secrets |
|---|---|
| kv-a | A, B |

## Data

One server,
with two databases.
"""

# The page, and the name and line of each of its sections.
MARKDOWN: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "a title above all": (PAGE, [("Azure", 1), ("Vaults", 5), ("Data", 11)]),
    "no title": ("## A\nx\n## B\ny\n", [("A", 1), ("B", 3)]),
    "words before the first heading": ("hello\n\n# A\nx\n", [("(beginning)", 1), ("A", 3)]),
    "sections within sections": ("# A\n## B\n### C\n# D\n", [("A", 1), ("A / B", 2), ("A / B / C", 3), ("D", 4)]),
    "a heading in a fence": ("# A\n\n```sh\n# no heading\n```\n\n    # nor this\n", [("A", 1)]),
    "a heading in a list or a quotation": ("# A\n- x\n  # no\n\n> # nor this\n", [("A", 1)]),
    "a fence that does not end": ("# A\n~~~\n# no heading\n", [("A", 1)]),
    "front matter": ("---\ntitle: A\n---\n# A\nx\n", [("A", 4)]),
    "front matter of TOML": ("+++\ntitle = 'A'\n+++\n# A\nx\n", [("A", 4)]),
    "a ruler is no front matter": ("---\n\nWords.\n\n# A\n\n---\n\n# B\n", [("(beginning)", 1), ("A", 5), ("B", 9)]),
    "underlined headings": ("A\n===\nx\n\nB\n---\ny\n", [("A", 1), ("B", 5)]),
    "headings that are alike": ("# A\n## X\n1\n## X\n2\n# B\n## X\n3\n",
        [("A", 1), ("A / X", 2), ("A / X (2)", 4), ("B", 6), ("B / X", 7)]),
    "a heading that is called as one that is alike": ("## X\n1\n## X (2)\n2\n## X\n3\n",
        [("X", 1), ("X (2)", 3), ("X (3)", 5)]),
    "marks in a heading": ("## The `kv` *vaults* [here](x.md) {#kv}\n", [("The kv vaults here", 1)]),
    "a numbered heading": ("## 2.1 Vaults\nx\n## 3. Data\n## 3 backends\n",
        [("Vaults", 1), ("Data", 3), ("3 backends", 4)]),
    "a heading without a title": ("#\nx\n", [("(untitled)", 1)]),
    "a heading that skips a level": ("# A\n### C\n## B\n", [("A", 1), ("C", 2), ("B", 3)]),
    "line ends and mark of Windows": ("\ufeff# A\r\nx\r\n\r\n## B\r\n", [("A", 1), ("B", 4)]),
    "nothing": ("", []),
}  # fmt: skip

TEXT: dict[str, tuple[str, list[tuple[str, int]]]] = {
    "numbered headings": ("Title\n\n1. First\n\nWords.\n\n1.1 Inner\n\n2. Second\nWords.\n",
        [("(beginning)", 1), ("First", 3), ("First / Inner", 7), ("Second", 9)]),
    "a numbered list": ("1. First\n\n1. do this\n2. do that\n\n2. Second\n", [("First", 1), ("Second", 6)]),
    "a numbered sentence": ("1. First\n\n2. Do this, then that.\n", [("First", 1)]),
    "underlined headings": ("Page\n====\n\nFirst\n-----\nx\n\nSecond\n------\ny\n",
        [("Page", 1), ("First", 4), ("Second", 8)]),
    "lines that stand alone": ("Skip to content\n\nAzure\n\nWords here.\nMore\n\nGrant:\n\nKEY=value\n\n• item\n",
        [("Skip to content", 1), ("Azure", 3)]),
    "a heading in a fence": ("Azure\n\n```\n\nNo heading\n\n```\n", [("Azure", 1)]),
    "words alone": ("just words.\n", [("(beginning)", 1)]),
}  # fmt: skip


@pytest.mark.parametrize("case", MARKDOWN)
def test_markdown_is_cut(case: str) -> None:
    text, expected = MARKDOWN[case]
    assert [(one.name, one.line) for one in page_sections(text, markdown=True)] == expected


@pytest.mark.parametrize("case", TEXT)
def test_text_is_cut(case: str) -> None:
    text, expected = TEXT[case]
    assert [(one.name, one.line) for one in page_sections(text, markdown=False)] == expected


def test_no_more_are_cut_than_are_asked_for() -> None:
    whole = page_sections("# A\nx\n" * 5, markdown=True)
    assert page_sections("# A\nx\n" * 5, markdown=True, most=3) == whole[:3]
    assert len(page_sections("A\n===\n\nx.\n\n" * 5, markdown=False, most=3)) == 3


# Two pages of one section, and whether they say the same.
SAME: dict[str, tuple[str, str, bool]] = {
    "line ends": ("# A\nx\ny\n", "\ufeff# A\r\nx\r\ny", True),
    "wrapping": ("# A\none two three\n", "# A\none\ntwo three\n", True),
    "marks of a list": ("# A\n* x\n* y\n", "# A\n\n- x\n- y\n", True),
    "a table's padding": ("# A\n|a|b|\n|-|-|\n|1|2|\n", "# A\n| a   | b |\n|-----|---|\n| 1   | 2 |\n", True),
    "the kind of heading": ("# A\nx\n", "A\n=\nx\n", True),
    "a front matter": ("---\ndate: 1\n---\n# A\nx\n", "---\ndate: 2\n---\n# A\nx\n", True),
    "a word": ("# A\nx\n", "# A\ny\n", False),
    "a cell": ("# A\n|a|\n|-|\n|1|\n", "# A\n|a|\n|-|\n|2|\n", False),
    "a line of a fence": ("# A\n```\na\n  b\n```\n", "# A\n```\na\nb\n```\n", False),
    "where a link leads": ("# A\n[x](y)\n", "# A\n[x](z)\n", False),
    "where a reference leads": ("# A\n[x]\n\n[x]: y\n", "# A\n[x]\n\n[x]: z\n", False),
    "an item that goes down": ("# A\n- x\n- y\n", "# A\n- x\n  - y\n", False),
    "two paragraphs of one": ("# A\nx\n\ny\n", "# A\nx\ny\n", False),
}


@pytest.mark.parametrize("case", SAME)
def test_a_digest_is_of_the_words(case: str) -> None:
    first, second, same = SAME[case]
    one, other = (page_sections(text, markdown=True)[0].digest for text in (first, second))
    assert (one == other) is same


def test_wrapping_of_text_is_layout() -> None:
    one, other = (page_sections(text, markdown=False)[0].digest for text in ("A\n\nx y.\r\nz.\n", "A\n\n\nx\ny. z.\n"))
    assert one == other != EMPTY


def cut(**bodies: str) -> tuple[PageSection, ...]:
    """A page with these sections."""
    text = "".join(f"## {name}\n\n{body}\n\n" for name, body in bodies.items())
    return page_sections(text, markdown=True)


A = {"A": "one", "B": "two", "C": "three"}
# The page later; names that changed, are new, have moved ("old > new"), are gone.
LATER: dict[str, tuple[dict[str, str], tuple[list[str], list[str], list[str], list[str]]]] = {
    "nothing": (A, ([], [], [], [])),
    "another order": ({"C": "three", "A": "one", "B": "two"}, ([], [], [], [])),
    "other words": ({**A, "B": "other"}, (["B"], [], [], [])),
    "one more": ({**A, "D": "four"}, ([], ["D"], [], [])),
    "a copy": ({**A, "D": "one"}, ([], ["D"], [], [])),
    "one less": ({"A": "one", "C": "three"}, ([], [], [], ["B"])),
    "another name": ({"A": "one", "Bee": "two", "C": "three"}, ([], [], ["B > Bee"], [])),
    "another name and words": ({"A": "one", "Bee": "other", "C": "three"}, ([], ["Bee"], [], ["B"])),
    "two that change places": ({"A": "two", "B": "one", "C": "three"}, ([], [], ["B > A", "A > B"], [])),
    "over another's words": ({"A": "four", "B": "one", "C": "three"}, (["A", "B"], [], [], [])),
}


@pytest.mark.parametrize("case", LATER)
def test_what_changed(case: str) -> None:
    later, expected = LATER[case]
    reviewed = accepted({}, cut(**A), A)
    changes = page_changes(reviewed, cut(**later))
    assert (
        [one.name for one in changes.changed],
        [one.name for one in changes.new],
        [f"{old} > {one.name}" for old, one in changes.moved],
        list(changes.gone),
    ) == expected
    assert changes.to_review is any((expected[0], expected[1], expected[3]))
    assert parse_lock(lock_text(reviewed)) == reviewed
    everything = accepted(reviewed, cut(**later), {*A, *later})
    assert page_changes(everything, cut(**later)) == page_changes({}, ())
    assert list(everything) == list(later)


def test_one_review_records_one_section() -> None:
    later = cut(A="x", Bee="two", C="y")
    reviewed = accepted(accepted({}, cut(**A), A), later, ("Bee", "C"))
    assert [one.name for one in page_changes(reviewed, later).changed] == ["A"]
    assert list(reviewed) == ["A", "Bee", "C"]


LOCKS = {
    "no digest": ("A\n", 1),
    "a name twice": (f"{EMPTY}  A\n\n{EMPTY}  A\n", 3),
    "a conflict": (f"# x\n<<<<<<< HEAD\n{EMPTY}  A\n", 2),
}


@pytest.mark.parametrize("case", LOCKS)
def test_a_record_that_is_wrong(case: str) -> None:
    text, line = LOCKS[case]
    with pytest.raises(ValueError, match=f"^{line}$"):
        parse_lock(text)


def requirement(section: str) -> Requirement:
    """One that cites a section."""
    return Requirement(id="R-1", text="x", section=section, manual="look")


CITED: dict[str, tuple[str, list[str], list[str]]] = {
    "a title": ("vaults", ["Key / Vaults"], []),
    "a whole name": ("Key / Vaults", ["Key / Vaults"], []),
    "a number": ("1.1", ["Key / Vaults"], []),
    "a number and a title": ("1.1  Vaults", ["Key / Vaults"], []),
    "what holds others": ("Key", ["Key", "Key / Vaults"], []),
    "several": ("Vaults; Data; Date", ["Key / Vaults"], ["Data", "Date"]),
    "a title with a semicolon": ("Data; and more", ["Data; and more"], []),
    "another": ("Vault", [], ["Vault"]),
}


@pytest.mark.parametrize("case", CITED)
def test_what_a_requirement_cites(case: str) -> None:
    section, rests, missing = CITED[case]
    page = page_sections("## 1. Key\n\n### 1.1 Vaults\n\nx\n\n## 2. Data; and more\n\ny\n", markdown=True)
    found = citations([requirement(section)], page)
    assert (list(found.of_section), [one.cited for one in found.missing]) == (rests, missing)
    held = {*rests, "Key"}  # says nothing itself
    assert [one.name for one in found.uncited] == [one.name for one in page if one.name not in held]


def test_the_nearest_name() -> None:
    page = page_sections(PAGE, markdown=True)
    assert nearest("key vaults", page) == "Vaults"
    assert nearest("Telemetry", page) == ""


PAGES: dict[str, tuple[str, bytes, str]] = {
    "no text": ("p.md", b"\xff\xfe", "p.md: expected UTF-8 text, found the byte 0xff"),
    "too many sections": ("p.md", b"# A\n" * 2001, "p.md: more than 2,000 sections"),
    "too large": ("p.txt", b"x" * (1024 * 1024 + 1), "p.txt: larger than 1 MiB"),
}


@pytest.mark.parametrize("case", PAGES)
def test_a_page_that_cannot_be_read(case: str, tmp_path: Path) -> None:
    name, content, said = PAGES[case]
    policy = tmp_path / "p.yaml"
    policy.write_text(bent(("document: Azure Infrastructure", f"document: {name}")))
    (tmp_path / name).write_bytes(content)
    [complaint] = complaints(policy)
    assert complaint.endswith(f"or the path of its page beside the policy, found {said}")
    assert complaint.startswith("p.yaml:")


def test_a_page_that_is_not_there_is_noted(tmp_path: Path) -> None:
    """It may lie in another repository, and says nothing of the estate."""
    policy = tmp_path / "p.yaml"
    policy.write_text(bent(("document: Azure Infrastructure", "document: docs/azure.md")))
    loaded = load(policy, vocabulary())
    assert loaded.review is None
    assert [note for note in loaded.notes if "docs/azure.md is not beside the policy" in note.text]


def test_a_link_to_what_is_no_page(tmp_path: Path) -> None:
    policy = tmp_path / "p.yaml"
    policy.write_text(bent(("document: Azure Infrastructure", "document: p.md")))
    (tmp_path / "token").write_text("# hidden\n")
    (tmp_path / "p.md").symlink_to(tmp_path / "token")
    assert "expected one of .md" in complaints(policy)[0]


def test_a_page_beside_the_policy(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    policy = tmp_path / "policies" / "p.yaml"
    policy.write_text(bent(("document: Azure Infrastructure", "document: ../docs/azure.MD")))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "azure.MD").write_text(PAGE)
    review = load(policy, vocabulary()).review
    assert review is not None
    assert review.reviewed is None
    assert [one.name for one in review.sections] == ["Azure", "Vaults", "Data"]
