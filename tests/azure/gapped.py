"""Finds every gap of a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from mzaudit.snapshot.observed import Gap, GapReason


def gaps(node: object) -> Iterator[Gap]:
    """The gaps of a value at any depth, in order."""
    if isinstance(node, Gap):
        yield node
    elif is_dataclass(node):
        for each in fields(node):
            yield from gaps(getattr(node, each.name))
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from gaps(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            yield from gaps(value)


def asked(node: object) -> list[Gap]:
    """The gaps of calls that were meant to be answered."""
    return [gap for gap in gaps(node) if gap.reason is not GapReason.NOT_COLLECTED]
