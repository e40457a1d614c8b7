"""What is asked (an action on a scope), and which permission blocks let it pass: Azure's wildcards, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mzaudit.snapshot.authorization import Permission
from mzaudit.snapshot.text import wildcard


@dataclass(frozen=True, slots=True)
class ActionTarget:
    """An action on a scope; `data` for the data plane. `attributes` are what conditions may ask about, by casefolded
    name (`microsoft.keyvault/vaults/secrets:name`)."""

    scope: str
    action: str
    data: bool
    attributes: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=16_384)
def _names(pattern: str, action: str) -> bool:
    return wildcard.matches(pattern.lower(), action.lower())


def matches(patterns: Iterable[str], action: str) -> bool:
    """Whether one of the patterns names the action: without case, `*` for any run of characters, `/` included."""
    return any(_names(pattern, action) for pattern in patterns)


def grants(block: Permission, action: str, *, data: bool) -> bool | None:
    """Whether a block grants the action, conditions aside; None where it leaves out the list that decides. What a block
    excludes it excludes from itself alone, and actions of the control plane never grant one of the data plane."""
    allowed, excluded = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
    if excluded is not None and matches(excluded, action):
        return False
    if allowed is not None and not matches(allowed, action):
        return False
    return None if allowed is None or excluded is None else True


def all_of(answers: Iterable[bool | None]) -> bool | None:
    """Each holds, in three values."""
    given = tuple(answers)
    return False if False in given else (None if None in given else True)


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """At least one holds, in three values."""
    given = tuple(answers)
    return True if True in given else (None if None in given else False)
