"""Resources of any type: that each is there, and of its body what expressions ask for, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from mzaudit.snapshot.observed import Gap

Plain = str | int | float | bool

LONGEST_TEXT: Final = 500
_LONGEST_LIST: Final = 200
_GREATEST: Final = 2**63


class FactKind(StrEnum):
    """What an expression yields."""

    NOTHING = "nothing"  # null, or no such member
    VALUE = "value"
    LIST = "list"  # of plain values, all of which are held
    ENTRIES = "entries"  # a list of anything else, or too long: its length alone is held
    MAPPING = "mapping"  # an object: its size alone is held
    HIDDEN = "hidden"  # a text that is not shown: what it looks like is held


@dataclass(frozen=True, slots=True)
class ResourceFact:
    """One fact: `value` of a plain one, `items` of a list, `size` of whatever has one; `looks` says what a text that is
    not shown looks like."""

    kind: FactKind
    value: Plain | None = None
    items: tuple[Plain, ...] = ()
    size: int | None = None
    looks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceBody:
    """A resource that is there: the api-version that it was read with, and its facts by expression."""

    api_version: str
    facts: Mapping[str, ResourceFact | Gap]


def is_plain(value: Any) -> bool:  # a JSON value
    """Whether a JSON value is plain, and small enough to be held."""
    match value:
        case bool():
            return True
        case str():
            return len(value) <= LONGEST_TEXT and value.isprintable()
        case int():
            return abs(value) < _GREATEST
        case float():
            return math.isfinite(value) and abs(value) < _GREATEST
        case _:
            return False


def fact_of(found: Any) -> ResourceFact | None:  # a JSON value
    """The fact that a JSON value is; None for one that cannot be held."""
    match found:
        case None:
            return ResourceFact(FactKind.NOTHING)
        case _ if is_plain(found):
            return ResourceFact(FactKind.VALUE, found)
        case Mapping():
            return ResourceFact(FactKind.MAPPING, size=len(found))
        case list():
            if len(found) <= _LONGEST_LIST and all(is_plain(each) for each in found):
                return ResourceFact(FactKind.LIST, items=tuple(found), size=len(found))
            return ResourceFact(FactKind.ENTRIES, size=len(found))
        case _:
            return None
