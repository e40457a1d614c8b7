"""The places that Markdown is written for: what each draws, and how much it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mzaudit.report import escaping
from mzaudit.report.size_budget import utf8


def utf16(text: str) -> int:
    """Characters as .NET counts them."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Dialect:
    """One place. `size` counts what `budget` limits; `code` makes text of others inert; `html` is whether `<details>`
    and `<code>` are drawn, and tables can be trusted to be; `mermaid` is whether diagrams are."""

    budget: int
    size: Callable[[str], int]
    code: Callable[[str, int], str]
    html: bool
    mermaid: bool


# A comment holds 65,536 characters.
GITHUB = Dialect(60_000, utf8, escaping.code, html=True, mermaid=True)
# A comment holds 150,000 characters; Mermaid is drawn in the wiki only.
AZURE_PULL_REQUEST = Dialect(140_000, utf16, escaping.code, html=True, mermaid=False)
# The tab that `task.uploadsummary` makes draws no reliable HTML, and breaks tables.
AZURE_SUMMARY = Dialect(140_000, utf16, escaping.span, html=False, mermaid=False)
