"""A drafted policy as a tree: each fact was seen, or says why it is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mzaudit.report.escaping import comment, shorten

Value = str | int | bool | tuple["Value", ...] | dict[str, "Value"]
"""What a line may hold; a mapping or a list stands in one line."""

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_RESERVED: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_LONGEST: Final = 500  # a line that no policy may hold is no comment either


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the draft; `guess` says why it is guessed, and is empty where it was seen."""

    value: Value
    guess: str = ""


@dataclass(slots=True)
class Branch:
    """A mapping of the draft. `guess` says why its own key is guessed."""

    entries: dict[str, Fact | Branch] = field(default_factory=dict)
    guess: str = ""

    def put(self, name: str, value: Value, guess: str = "") -> None:
        """Add a line."""
        self.entries[name] = Fact(value, guess)


def text(draft: Branch, head: Iterable[str], tail: Iterable[str]) -> str:
    """The draft as YAML with `head` and `tail` around it, as comments. No comment can end its line."""
    lines = [*map(_comment, head), "", *_lines(draft, ""), "", *map(_comment, tail)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _lines(branch: Branch, indent: str) -> Iterator[str]:
    for name, entry in branch.entries.items():
        said = "# seen" if not entry.guess else f"# guessed: {entry.guess}"
        if isinstance(entry, Fact):
            yield f"{indent}{_scalar(name)}: {_value(entry.value)}  {_comment(said[2:])}"
        elif entry.entries:
            yield f"{indent}{_scalar(name)}:" + (f"  {_comment(said[2:])}" if entry.guess else "")
            yield from _lines(entry, indent + "  ")


def _comment(line: str) -> str:
    return f"# {shorten(comment(line), _LONGEST)}".rstrip()


def _value(value: Value) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_scalar(k)}: {_value(v)}" for k, v in value.items()) + "}"
        case tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case _:
            return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.casefold() not in _RESERVED:
        return value
    return json.dumps(value)
