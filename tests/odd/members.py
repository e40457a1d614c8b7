"""The members of an answer, and the odd ways in which Azure may send each."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]
"""Of a member: names and positions, from the root of the body."""

_ID = re.compile(r"/(subscriptions|providers)/[^ ]+", re.I)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(, ?[A-Za-z0-9]+)*")
UNKNOWN = "SomethingNew"


def members(body: Any, path: Path = ()) -> Iterator[Path]:
    """Every member at any depth, and every item of a list."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield (*path, name)
            yield from members(value, (*path, name))
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield (*path, number)
            yield from members(value, (*path, number))


def at(body: Any, path: Path) -> Any:
    """The value at a path."""
    for step in path:
        body = body[step]
    return body


def with_(body: Any, path: Path, value: Any) -> Any:
    """The body with another value there."""
    if not path:
        return value
    changed = copy.copy(body)
    changed[path[0]] = with_(body[path[0]], path[1:], value)
    return changed


def without(body: Any, path: Path) -> Any:
    """The body without that member."""
    rest = copy.copy(at(body, path[:-1]))
    del rest[path[-1]]
    return with_(body, path[:-1], rest)


def others(value: Any) -> Iterator[Any]:
    """Other values of the same form, each as well formed."""
    match value:
        case bool():
            yield not value
        case int() | float():
            yield from (0, value + 1, 4102444800)  # the last is a moment far ahead
        case str():
            if _ID.fullmatch(value):
                parts = value.split("/")
                yield from {"/".join(parts[:end]) for end in (3, 5, len(parts) - 2) if len(parts) > end}
            if _GUID.search(value):
                yield _GUID.sub(lambda found: "0" * 8 + found[0][8:], value)
            yield from (f"{value}x", "")
        case list():
            yield from ([], ["*"])
        case dict():
            yield {}
        case _:
            pass


def leaves(body: Any, path: Path) -> list[Path]:
    """The plain values at or below a path."""
    inside = [path, *(path + each for each in members(at(body, path)))]
    return [each for each in inside if not isinstance(at(body, each), (dict, list))]


def is_id(value: object) -> bool:
    """Whether it is an ARM id or a GUID, which are compared without case."""
    return isinstance(value, str) and (_ID.fullmatch(value) or _GUID.fullmatch(value)) is not None


def is_word(value: object) -> bool:
    """Whether it may be a word of an enumeration, or a few with commas."""
    return isinstance(value, str) and _WORD.fullmatch(value) is not None and len(value) < 40


def named(path: Path) -> str:
    """The member without the positions of items."""
    return ".".join("[]" if isinstance(step, int) else step for step in path)
