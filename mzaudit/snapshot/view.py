"""A snapshot as rules see it in one evaluation: what they derive from it is made once, and is gone with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar, cast

from mzaudit.snapshot.estate import Snapshot

T = TypeVar("T")


class View(Snapshot):
    """The snapshot itself, for whoever only reads it. `derived` makes it cheap to ask the same question for each of a
    thousand apps; the answer depends on the snapshot alone, so that a rule is as pure as before."""

    def __init__(self, seen: Snapshot) -> None:
        for field in fields(Snapshot):
            object.__setattr__(self, field.name, getattr(seen, field.name))  # a frozen dataclass lets nothing else
        object.__setattr__(self, "_seen", seen)
        object.__setattr__(self, "_derived", {})

    _seen: Snapshot
    _derived: dict[object, object]

    @classmethod
    def of(cls, seen: Snapshot) -> View:
        """The view that this is, else a new one: outside an evaluation nothing is kept."""
        return seen if isinstance(seen, View) else cls(seen)

    def derived(self, make: Callable[[Snapshot], T]) -> T:
        """What `make` makes of the snapshot, made at the first call."""
        if make not in self._derived:
            self._derived[make] = make(self._seen)
        return cast(T, self._derived[make])  # only `make` puts it there

    def comparable(self, one: str, other: str) -> bool:
        """Whether the values of two environments were read in one run."""
        return self._seen.comparable(one, other)
