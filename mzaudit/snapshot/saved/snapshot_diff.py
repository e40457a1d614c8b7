"""What drifted between two snapshots, facet by facet, from what both hold: classes and equality, never a value.

A fact that one of them could not see has not drifted: it is said to be unseen there. Equality labels are drawn anew for
every run, so of two values only this can be compared: which others they were equal to.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice, takewhile
from typing import Final

from mzaudit.snapshot.databases import DatabaseGrant, Membership, Predicate
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.values import ConnectionStringPart, SecretValue

Path = tuple[str, ...]
Fact = str | int | float | bool | tuple[str, ...] | None

# About the run, not about the estate.
_OF_THE_RUN: Final = frozenset(
    {
        "taken",
        "source",
        "tool_version",
        "cloud",
        "environments",
        "api_versions",
        "reads",
        "skew",
        "label_key",
        "schema_version",
    }
)
_THERE: Final = "present"
_ABSENT: Final = "absent"
_LABELS: Final = ("same", "same_trimmed")
# Known by all that they say: no one field of theirs is a name.
_RELATIONS: Final = (Membership, DatabaseGrant, Predicate)


class ChangeKind(StrEnum):
    """How a fact differs; the last two say that one snapshot could not tell."""

    CHANGED = "changed"
    APPEARED = "appeared"
    GONE = "gone"
    UNSEEN_NOW = "not seen now"
    UNSEEN_BEFORE = "not seen before"


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact that differs. The first step of `path` is the kind of thing, the second its id. `of` are the facts of
    a thing that appeared or has gone, `gap` is why one snapshot could not tell."""

    kind: ChangeKind
    path: Path
    before: Fact = None
    after: Fact = None
    of: tuple[tuple[Path, Fact], ...] = ()
    gap: Gap | None = None


def diff(before: Snapshot, after: Snapshot) -> tuple[FactChange, ...]:
    """Everything that differs, in the order of the paths."""
    old, new = _flat(before), _flat(after)
    both = old.labels.keys() & new.labels.keys()
    old.partner(both)
    new.partner(both)
    found: list[FactChange] = []
    told: set[Path] = set()
    for path in sorted({*old.facts, *new.facts}):
        if any(path[:depth] in told for depth in range(1, len(path))):
            continue
        one = _compared(path, old, new)
        if one is None:
            continue
        found.append(one)
        if one.kind is not ChangeKind.CHANGED or _THERE in (one.before, one.after):
            told.add(path)
    return tuple(dict.fromkeys(found))


@dataclass(slots=True)
class _Facts:
    """A snapshot laid flat: what was seen by path; below which paths something, or more, may be unseen; of which
    things each mapping tells: those that it does not name were not asked for."""

    facts: dict[Path, Fact] = field(default_factory=dict)
    gaps: dict[Path, Gap] = field(default_factory=dict)
    asked: dict[Path, frozenset[str]] = field(default_factory=dict)
    labels: dict[Path, tuple[str, int]] = field(default_factory=dict)
    order: list[Path] = field(default_factory=list)

    def gap(self, path: Path) -> tuple[Path, Gap] | None:
        """The gap that may hide this path, the outermost first."""
        for depth in range(1, len(path) + 1):
            above = path[:depth]
            if above in self.gaps:
                return above, self.gaps[above]
            if path[depth - 1] not in self.asked.get(above[:-1], path):
                return above, not_asked(f"{above[0]} {path[depth - 1]}")
        return None

    def below(self, path: Path) -> tuple[tuple[Path, Fact], ...]:
        """The facts of a thing, by their paths from there."""
        depth = len(path)
        if len(self.order) != len(self.facts):
            self.order = sorted(self.facts)
        start = bisect_right(self.order, path)
        held = takewhile(lambda other: other[:depth] == path, islice(self.order, start, None))
        return tuple((other[depth:], self.facts[other]) for other in held)

    def partner(self, both: Set[Path]) -> None:
        """Turn labels into facts: with which of the values that both snapshots hold each is equal."""
        groups: dict[tuple[str, int], list[Path]] = {}
        for path, label in self.labels.items():
            if path in both:
                groups.setdefault(label, []).append(path)
        for members in groups.values():
            names = tuple(sorted(" ".join(path[1:-1]) for path in members))
            self.facts.update(dict.fromkeys(members, names))


def _compared(path: Path, old: _Facts, new: _Facts) -> FactChange | None:
    if path in old.facts and path in new.facts:
        before, after = old.facts[path], new.facts[path]
        if _alike(before, after):
            return None
        holder = old if before == _THERE else new
        return FactChange(
            ChangeKind.CHANGED, path, before, after, holder.below(path) if _THERE in (before, after) else ()
        )
    if path in old.facts:
        hidden = new.gap(path)
        if hidden is not None:
            return FactChange(ChangeKind.UNSEEN_NOW, hidden[0], gap=hidden[1])
        return FactChange(ChangeKind.GONE, path, before=old.facts[path], of=old.below(path))
    hidden = old.gap(path)
    if hidden is not None:
        return FactChange(ChangeKind.UNSEEN_BEFORE, hidden[0], gap=hidden[1])
    return FactChange(ChangeKind.APPEARED, path, after=new.facts[path], of=new.below(path))


def _alike(before: Fact, after: Fact) -> bool:
    """Whether two facts are one; ids in any spelling."""
    if isinstance(before, str) and isinstance(after, str) and before.startswith("/") and after.startswith("/"):
        return key(before) == key(after)
    return before == after and type(before) is type(after)


def _flat(snapshot: Snapshot) -> _Facts:
    flat = _Facts()
    for each in fields(snapshot):
        if each.name not in _OF_THE_RUN:
            _lay((each.name,), getattr(snapshot, each.name), flat)
    return flat


def _lay(path: Path, node: object, flat: _Facts) -> None:
    match node:
        case Gap():
            flat.gaps[path] = node
        case Observed(value):
            flat.facts[path] = _ABSENT if value is None else _THERE
            _lay(path, value, flat) if value is not None else None
        case Listing(items, gap):
            if gap is not None:
                flat.gaps[path] = gap
            for name, item in _named(items):
                _lay((*path, name), item, flat)
        case Mapping():
            flat.asked[path] = frozenset(map(str, node))
            for name in node:
                _lay((*path, str(name)), node[name], flat)
        case tuple() if any(is_dataclass(item) for item in node):
            for name, item in _named(node):
                _lay((*path, name), item, flat)
        case _ if is_dataclass(node):
            flat.facts[path] = _THERE
            for each in fields(node):
                value = getattr(node, each.name)
                if each.name in _LABELS and isinstance(node, SecretValue | ConnectionStringPart):
                    flat.labels[(*path, each.name)] = (f"{type(node).__name__} {each.name}", value)
                else:
                    _lay((*path, each.name), value, flat)
        case ():
            pass
        case _:
            flat.facts[path] = _plain(path, node)


def _plain(path: Path, node: object) -> Fact:
    match node:
        case tuple():
            return tuple(sorted(map(str, node)))
        case datetime():
            return node.isoformat()
        case StrEnum():
            return str(node)
        case str() | int() | float() | None:
            return node
        case _:
            raise TypeError(f"{'.'.join(path)}: a snapshot holds no {type(node).__name__}")


def _named(items: tuple[object, ...]) -> Iterator[tuple[str, object]]:
    """Each item with a name that stays the same between runs: its first field, and where that is not its own, all."""
    names = [_name(item) for item in items]
    seen: dict[str, int] = {}
    for item, name in zip(items, names, strict=True):
        own = name if name and names.count(name) == 1 else _spelt(item)
        seen[own] = seen.get(own, 0) + 1
        yield own if seen[own] == 1 else f"{own} #{seen[own]}", item


def _name(item: object) -> str:
    if not is_dataclass(item):
        return str(item)
    if isinstance(item, _RELATIONS):
        return ""
    first = getattr(item, fields(item)[0].name)
    if is_dataclass(first):
        return _name(first)
    if isinstance(first, int):
        return str(first)
    return "" if not isinstance(first, str) else key(first) if first.startswith("/") else first


def _spelt(item: object) -> str:
    if not is_dataclass(item):
        return str(item)
    parts = ((each.name, getattr(item, each.name)) for each in fields(item) if each.name not in _LABELS)
    return ", ".join(f"{name} {_spelt(part)}" for name, part in parts if part not in (None, ()))
