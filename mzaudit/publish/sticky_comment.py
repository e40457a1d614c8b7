"""One comment, or one ticket, a gate: found by its mark and its author, written once, edited in place, folded if it is
there twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.http import NoAnswerError

_LOOKS = (0.0, 1.0, 3.0)  # seconds before each look, after a comment of which it is not known whether it was stored


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment or a ticket that our run of this number wrote. `thread` is 0 where comments have no threads, and `open`
    is `None` where they have no state; `replied` is whether somebody else wrote beneath it."""

    thread: int
    comment: int
    body: str
    run: int
    open: bool | None = None
    replied: bool = False


@dataclass(frozen=True, slots=True)
class CommentState:
    """What the comment or ticket is to be: its text, and whether there is something to be done about it. With `None`
    one that is there stays open or closed as it is, and none is written."""

    body: str
    open: bool | None


@dataclass(frozen=True, slots=True)
class Signal:
    """The status beside the comment: the exit code of the gate, what it is called, a sentence, the page to look at."""

    code: int
    name: str
    sentence: str
    link: str


class Board(Protocol):
    """A service that holds comments or tickets. Each call raises `PublishError` when it cannot be done."""

    async def mine(self, mark: Marker) -> list[Posted]:
        """Those with this mark whose author is the identity that asks, oldest first."""
        ...

    async def create(self, said: CommentState) -> None:
        """Write one; raises `NoAnswerError` when it is not known whether it was stored."""
        ...

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Replace its text, and open or close it."""
        ...

    async def remove(self, posted: Posted) -> None:
        """Delete a comment of ours and close its thread, or close a ticket of ours that is there twice."""
        ...


class Host(Board, Protocol):
    """A service that holds pull requests."""

    async def signal(self, signal: Signal) -> None:
        """Set the status of what the pull request holds."""
        ...


async def upsert_comment(host: Board, mark: Marker, run: int, said: CommentState, *, create: bool = True) -> str:
    """Let there be one with this mark, saying this; gives what was done, in a word. Without `create` none is written
    where there is none.

    One that a later run wrote stays: this one is slower, and its news are old.
    """
    lost: NoAnswerError | None = None
    for wait in _LOOKS:
        await asyncio.sleep(wait if lost is not None else 0)
        found = await host.mine(mark)
        if found:
            return await _one(host, run, said, found)
        if not create:
            return "not needed"
        try:
            await host.create(said)
        except NoAnswerError as error:
            lost = error
            continue
        if lost is not None:  # the first may have been stored late
            await _one(host, run, said, await host.mine(mark))
        return "created"
    assert lost is not None
    raise lost


async def _one(host: Board, run: int, said: CommentState, found: list[Posted]) -> str:
    """Fold several into the one with somebody's reply, else the oldest, and let it say what it should."""
    newest = max(found, key=lambda posted: posted.run, default=None)
    kept = next((posted for posted in found if posted.replied), found[0] if found else None)
    if kept is None or newest is None:
        return "created"
    later = newest.run > run
    if later:
        said = CommentState(newest.body, said.open if newest.open is None else newest.open)
    if said.open is None:
        said = CommentState(said.body, kept.open)
    changed = kept.body != said.body or kept.open not in (None, said.open)
    if changed:
        await host.edit(kept, said)
    for posted in found:
        if posted is not kept:
            await host.remove(posted)
    return "left to a later run's" if later else "updated" if changed else "unchanged"
