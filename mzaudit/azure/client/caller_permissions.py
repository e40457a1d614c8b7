"""The caller's own permissions, each scope asked once, and whether they include one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable

from mzaudit.snapshot.authorization import Permission
from mzaudit.snapshot.observed import Gap, Observed
from mzaudit.snapshot.text import wildcard
from mzaudit.snapshot.text.ids import key

Held = Observed[tuple[Permission, ...] | None] | Gap


class CallerPermissions:
    """What the caller may do at each scope, asked once a scope by `read`."""

    def __init__(self, read: Callable[[str], Coroutine[object, object, Held]]) -> None:
        self._read = read
        self._tasks: dict[str, asyncio.Task[Held]] = {}

    def start(self, scopes: Iterable[str]) -> None:
        """Ask at these scopes, without waiting."""
        for scope in sorted(scopes):
            if key(scope) not in self._tasks:
                self._tasks[key(scope)] = asyncio.create_task(self._read(scope))

    async def at(self, scope: str) -> Held:
        """What the caller may do at a scope; it is asked now if it was not yet."""
        self.start((scope,))
        return await self._tasks[key(scope)]

    async def below(self, scope: str) -> list[Held]:
        """What the caller may do at each scope below that one which was asked."""
        return [await task for known, task in list(self._tasks.items()) if known.startswith(key(scope) + "/")]

    async def all(self) -> dict[str, Held]:
        """Every scope that was asked, by `ids.key`."""
        return {scope: await task for scope, task in sorted(self._tasks.items())}


def allows(blocks: Iterable[Permission], action: str) -> bool:
    """Whether any block grants a control-plane action that the block does not itself take away."""
    return any(_any(block.actions or (), action) and not _takes(block.not_actions or (), action) for block in blocks)


def _takes(patterns: Iterable[str], action: str) -> bool:
    """Whether a block takes an action away; of `*/read`, the reading of any type."""
    every = action.startswith("*")
    return any(every and each.casefold().endswith(("*", "/read")) for each in patterns) or _any(patterns, action)


def _any(patterns: Iterable[str], action: str) -> bool:
    return any(wildcard.matches(pattern.lower(), action.lower()) for pattern in patterns)
