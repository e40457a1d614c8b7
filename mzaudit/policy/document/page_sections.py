"""A page cut into its sections, each with a digest of what it says: Markdown by CommonMark, anything else as text.

A digest is of the words, not of their layout: line ends, wrapping, blank lines, the marks of a list and the padding of
a table's columns change none. A front matter is not part of the page.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

MARKDOWN = (".md", ".markdown", ".mdx")
PAGES = (*MARKDOWN, ".txt", ".text", ".rst")
BEGINNING = "(beginning)"
"""The name of what stands before the first heading."""
EMPTY = hashlib.sha256(b"").hexdigest()
"""The digest of a section that says nothing: a heading alone."""

_KEY = r"(?=[ \t\n]*(?:#|[\w.-]+[ \t]*[:=])|---|\+\+\+)"
_FRONT_MATTER = re.compile(
    rf"(?:---[ \t]*\n{_KEY}(?:.*\n)*?(?:---|\.\.\.)|\+\+\+[ \t]*\n{_KEY}(?:.*\n)*?(?:\+\+\+|\.\.\.))[ \t]*(?:\n|\Z)"
)
_NUMBER = re.compile(r"(\d+(?:\.\d+)+\.?|\d+[.)])\s+(?=\S)")
_ANCHOR = re.compile(r" ?\{#[^{}]*\}$")
_RULER = re.compile("|".join(rf"{re.escape(mark)}{{3,}}" for mark in '=-~^"*+#'))
_ALONE = re.compile(r"[A-Z0-9][^=|]{0,78}")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class PageSection:
    """A heading and what stands under it, down to the next heading of any level.

    `name` tells it from all others of the page: the titles that lead to it, without that of the page, and a number
    where two are alike. `number` is its heading's own ("3.2"); `line` counts from 1; `within` names the sections that
    it is part of.
    """

    name: str
    title: str
    number: str
    line: int
    within: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class _Heading:
    title: str
    level: int
    line: int


_Piece = tuple[_Heading, Sequence[str]]


def page_sections(text: str, *, markdown: bool, most: int | None = None) -> tuple[PageSection, ...]:
    """The sections of a page, in its order; the first `most` of them, where that is given."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if front := _FRONT_MATTER.match(text):
        text = "\n" * front[0].count("\n") + text[front.end() :]
    pieces = _of_markdown(text) if markdown else _of_text(text.split("\n"))
    return tuple(_named(list(islice((piece for piece in pieces if piece[0].level or piece[1]), most))))


def _named(pieces: Sequence[_Piece]) -> Iterator[PageSection]:
    levels = [heading.level for heading, _ in pieces if heading.level]
    titled = bool(levels) and levels[0] < min(levels[1:], default=levels[0] + 1)  # one heading is above all others
    path: list[tuple[int, str, str]] = []  # level, title, name
    used: set[str] = set()
    alike: dict[str, int] = {}
    for heading, words in pieces:
        found = _NUMBER.match(heading.title)
        number = found[1].rstrip(".)") if found else ""
        title = heading.title[found.end() :] if found else heading.title
        path = [above for above in path if above[0] < heading.level]
        of_page = titled and heading.level == levels[0]
        name = " / ".join((*(above[1] for above in path), title))
        first = name
        while name in used:
            alike[first] = alike.get(first, 1) + 1
            name = f"{first} ({alike[first]})"
        used.add(name)
        within = tuple(above[2] for above in path)
        digest = hashlib.sha256("\n".join(words).encode("utf-8", "surrogatepass")).hexdigest()
        yield PageSection(name, title, number, heading.line, within, digest)
        if heading.level and not of_page:
            path.append((heading.level, title, name))


def _of_markdown(text: str) -> Iterator[_Piece]:
    from markdown_it import MarkdownIt  # few commands need it

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    heading, words = _Heading(BEGINNING, 0, 1), list[str]()
    for index, token in enumerate(tokens):
        if token.level == 0 and token.type == "heading_open":
            yield heading, words
            title = _ANCHOR.sub("", _spaced("".join(_shown(tokens[index + 1].children or ()))))
            line = token.map[0] + 1 if token.map else 1
            heading, words = _Heading(title or "(untitled)", int(token.tag[1:]), line), []
        elif not (index and tokens[index - 1].type == "heading_open" and tokens[index - 1].level == 0) and not (
            token.level == 0 and token.type == "heading_close"
        ):
            words += _said(token)
    yield heading, words


def _said(token: Token) -> Iterator[str]:
    """What a block says, less its layout."""
    if token.type == "inline":
        yield _spaced("".join(_words(token.children or ())))
    elif token.nesting >= 0 and token.type not in ("paragraph_open", "thead_open", "tbody_open", "hr"):
        facts = " ".join(f"{key}={value}" for key, value in sorted(token.attrs.items()))
        body = "\n".join(line.rstrip() for line in token.content.strip("\n").split("\n"))
        yield f"<{token.type} {token.tag} {token.info.strip()} {facts}>{body}"
    elif token.type.startswith(("bullet_list", "ordered_list", "list_item", "blockquote")):
        yield f"<{token.type}>"


def _words(children: Iterable[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("softbreak", "hardbreak"):
            yield " "
        elif child.type in ("link_open", "image"):
            yield f"<{' '.join(f'{key}={value}' for key, value in sorted(child.attrs.items()))}>{child.content}"
        elif child.type == "code_inline":
            yield f"`{child.content}`"
        else:
            yield child.content or f"<{child.type}>" * (child.type != "text")


def _shown(children: Iterable[Token]) -> Iterator[str]:
    """The text of a heading as a reader sees it."""
    for child in children:
        if child.type in ("text", "code_inline", "image"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "


def _of_text(lines: Sequence[str]) -> Iterator[_Piece]:
    headings = _headings(lines)
    places = [*sorted(headings), len(lines)]
    yield _Heading(BEGINNING, 0, 1), _paragraphs(lines[: places[0]])
    for place, end in pairwise(places):
        heading, taken = headings[place]
        yield heading, _paragraphs(lines[place + taken : end])


def _headings(lines: Sequence[str]) -> dict[int, tuple[_Heading, int]]:
    """The headings of a text by the index of their line, and how many lines each takes: those that are numbered or
    underlined; in a text that has neither, lines that stand alone and end like no sentence."""
    marked: dict[int, tuple[_Heading, int]] = {}
    alone: dict[int, tuple[_Heading, int]] = {}
    rulers: list[str] = []
    fenced = False
    for index, line in enumerate(lines):
        if _FENCE.match(line):
            fenced = not fenced
        before, after = (lines[index - 1] if index else ""), (lines[index + 1] if index + 1 < len(lines) else "")
        title = _spaced(line)
        if fenced or before.strip() or not _ALONE.fullmatch(line.rstrip()) or title[-1] in ".:;,?!":
            continue
        if _RULER.fullmatch(after.rstrip()):
            if after[0] not in rulers:
                rulers.append(after[0])
            marked[index] = _Heading(title, 1 + rulers.index(after[0]), index + 1), 2
        elif (number := _NUMBER.match(title)) and not _NUMBER.match(after):
            marked[index] = _Heading(title, 1 + len(re.findall(r"\d+", number[1])), index + 1), 1
        elif not after.strip():
            alone[index] = _Heading(title, 1, index + 1), 1
    return marked or alone


def _paragraphs(lines: Iterable[str]) -> list[str]:
    """The paragraphs of a text, whatever their wrapping."""
    text = "\n".join(line.strip() for line in lines)
    return [_spaced(part) for part in re.split(r"\n{2,}", text) if part.strip()]


def _spaced(text: str) -> str:
    return _SPACE.sub(" ", text).strip()
