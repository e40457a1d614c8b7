"""What is wrong with policy files: one sentence each, `file:line: path: expected …, found …`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from mzaudit.errors import PolicyError

Steps = tuple[str | int, ...]
Contradiction = tuple[Steps, str, str]
"""Where something contradicts something else, what was expected there, and what was found."""
Wrong = Iterator[Contradiction]

_PLAIN_STEP = re.compile(r"[^\s.\[\]\"]{1,60}")
_LONGEST = 60


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One thing that is wrong, and where; `file` and `line` (from 1) come first so that complaints sort by them."""

    file: str
    line: int
    path: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: expected {self.expected}, found {self.found}"


def refuse(complaints: Iterable[Complaint]) -> NoReturn:
    """Raise every complaint at once as a `PolicyError`, sorted by file and line."""
    raise PolicyError(tuple(str(complaint) for complaint in sorted(set(complaints))))


def spelled(steps: Steps) -> str:
    """A path in a document as a person writes it: `services.cloud.databases[0].roles`."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_STEP.fullmatch(step) and step.isprintable():
            text += f".{step}" if text else step
        else:
            text += f"[{shown(step)}]"
    return text or "file"


def shown(value: object) -> str:
    """A found value in a complaint: its kind where that matters, escaped, and cut at 60 characters."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case dict():
            return "a mapping" if value else "an empty mapping"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return f'"{_escaped(str(value))}"'


def _escaped(text: str) -> str:
    out = ""
    for character in text[: _LONGEST + 1]:
        out += character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
    return out if len(out) <= _LONGEST else out[: _LONGEST - 1] + "…"
