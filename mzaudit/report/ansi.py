"""Ink for the terminal: our own colour codes, and lines that are folded at spaces and never cut."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_RESET = "\x1b[0m"
_CODES = {
    "bold": "\x1b[1m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "red": "\x1b[1;31m",
    "critical": "\x1b[1;31m",
    "high": "\x1b[31m",
    "medium": "\x1b[33m",
    "low": "\x1b[36m",
}
_OWN_CODE = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Ink:
    """Paints, or leaves alone; no word means anything only by its colour."""

    colour: bool

    def paint(self, style: str, text: str) -> str:
        """The text in a style of this module (or a severity's)."""
        return f"{_CODES[style]}{text}{_RESET}" if self.colour else text

    def lines(self, style: str, lines: Iterable[str]) -> Iterator[str]:
        """Each line painted on its own, so that no colour runs over a line's end."""
        return (self.paint(style, line) for line in lines)


def fold(text: str, width: int, start: str = "", indent: str | None = None) -> Iterator[str]:
    """Lines of at most `width` characters, folded at spaces; the first opens with `start`, the others with `indent`
    (by default as deep as `start`). A longer word stands alone and whole."""
    deep = " " * len(_OWN_CODE.sub("", start)) if indent is None else indent
    line, used = start, len(_OWN_CODE.sub("", start))
    empty = True
    for word in text.split(" "):
        if not empty and used + 1 + len(word) > width:
            yield line.rstrip()
            line, used, empty = deep, len(deep), True
        line, used = (line + word, used + len(word)) if empty else (f"{line} {word}", used + 1 + len(word))
        empty = False
    yield line.rstrip()
