"""JSON as text: in a spelling that nothing obeys, and in pieces of whole lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic_core import to_json

from mzaudit.report.escaping import REPLACEMENT, SURROGATE, UNSHOWABLE

_NOT_PLAIN = re.compile(r"[^\n -~]+")  # a bare line end is the document's own; to find these is fast


def inert(text: str) -> str:
    """The same JSON value in a spelling that no terminal or log reader obeys: `##vso[` is `\\u0023#vso[`.

    Everything that needs it can only stand inside a JSON string. Only half characters are lost (U+FFFD).
    """
    seen = text.isascii() and "\x7f" not in text  # JSON itself spells the other controls out
    shown = text if seen else _NOT_PLAIN.sub(_spelt, text)
    return shown.replace("##", "\\u0023#")


def line(value: object) -> str:
    """A value on one line, with its line end."""
    return inert(json.dumps(value, ensure_ascii=False)) + "\n"


def members(shell: Mapping[str, object], many: Mapping[str, Iterable[object]], depth: int = 0) -> Iterator[str]:
    """An object, indented as deep as it stands. The values of the members that `many` names are its lists, taken one
    item at a time; the shell says only where they stand."""
    margin = "  " * depth
    yield margin + "{\n"
    for place, (name, value) in enumerate(shell.items()):
        end = ",\n" if place < len(shell) - 1 else "\n"
        start = f"{margin}  {json.dumps(name)}: "
        if name in many:
            yield from _items(start, many[name], depth + 1, end)
        else:
            yield start + indented(value, depth + 1) + end
    yield margin + "}\n"


def indented(value: object, depth: int) -> str:
    """A value over several lines, those behind the first indented."""
    try:
        text = to_json(value, indent=2).decode()
    except ValueError:  # half a surrogate pair
        text = json.dumps(value, ensure_ascii=False, indent=2)
    return inert(text).replace("\n", "\n" + "  " * depth)


def _items(start: str, items: Iterable[object], depth: int, end: str) -> Iterator[str]:
    margin = "  " * (depth + 1)
    held = ""
    for item in items:
        yield f"{held},\n" if held else f"{start}[\n"
        held = margin + indented(item, depth + 1)
    yield f"{held}\n{'  ' * depth}]{end}" if held else f"{start}[]{end}"


def _spelt(found: re.Match[str]) -> str:
    return UNSHOWABLE.sub(_escape, SURROGATE.sub(REPLACEMENT, found[0]))


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
