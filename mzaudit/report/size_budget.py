"""A size limit kept by leaving whole blocks out from the end, and saying how many findings that hides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_BLANK_LINES = re.compile(r"\n{3,}")
_RESERVE = 160  # a section's title, its `<details>` and the line that says how many are missing


@dataclass(frozen=True, slots=True)
class Block:
    """Markdown that stands or falls as a whole; `findings` are how many it shows, `brief` is tried where it is too
    long."""

    text: str
    findings: int
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled list of blocks, the most important first, none where `count` is 0; `folded` opens on a click."""

    title: str
    count: int
    blocks: Iterable[Block]
    folded: bool = False


def utf8(text: str) -> int:
    """Bytes of UTF-8."""
    return len(text.encode())


def fill(
    head: str,
    sections: Iterable[Section],
    budget: int,
    elsewhere: str = "the JSON report holds them all",
    *,
    size: Callable[[str], int] = utf8,
    html: bool = True,
) -> str:
    """Head and sections in at most `budget` of what `size` counts, as long as the head fits. From the first block that
    has no place on, every block is left out: what is shown is never less severe than what is not. `elsewhere` says
    where it is. Nothing is folded without `html`."""
    held = [section for section in sections if section.count]
    left = budget - size(head) - sum(_RESERVE + 2 * size(section.title) for section in held) - 1
    parts = [head]
    full = False
    for section in held:
        kept: list[str] = []
        hidden = 0
        for block in section.blocks:
            chosen = next((text for text in (block.text, block.brief) if text and size(text) + 1 <= left), None)
            full = full or chosen is None
            if full or chosen is None:
                hidden += block.findings
                continue
            kept.append(chosen)
            left -= size(chosen) + 1
        parts.append(_section(section, kept, hidden, elsewhere, html))
    return _BLANK_LINES.sub("\n\n", "\n\n".join(parts)).rstrip() + "\n"


def _section(section: Section, kept: list[str], hidden: int, elsewhere: str, html: bool) -> str:
    title = f"{section.title} ({section.count:,})"
    more = [f"\n{hidden:,} more here did not fit; {elsewhere}."] if hidden else []
    body = "\n".join((*kept, *more))
    if not (section.folded and html):
        return f"## {title}\n\n{body}"
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
