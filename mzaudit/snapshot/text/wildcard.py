"""Wildcards as Azure has them, in time in proportion to the text, whatever the pattern."""

from __future__ import annotations


def matches(pattern: str, text: str, *, one: str = "") -> bool:
    """Whether the pattern is the whole text: `*` stands for any run of characters, `one` (if given) for any one.

    Letters are compared as they are.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return len(first) == len(text) and _at(text, first, 0, one)
    *between, last = rest
    at, end = len(first), len(text) - len(last)
    if at > end or not _at(text, first, 0, one) or not _at(text, last, end, one):
        return False
    for piece in between:
        found = _find(text, piece, at, end, one)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _at(text: str, piece: str, at: int, one: str) -> bool:
    if not one or one not in piece:
        return text.startswith(piece, at)
    return all(wanted in (one, found) for wanted, found in zip(piece, text[at : at + len(piece)], strict=True))


def _find(text: str, piece: str, at: int, end: int, one: str) -> int:
    if not one or one not in piece:
        return text.find(piece, at, end)
    return next((start for start in range(at, end - len(piece) + 1) if _at(text, piece, start, one)), -1)
