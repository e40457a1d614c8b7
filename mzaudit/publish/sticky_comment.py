"""One comment a gate: found by its mark and its author, written once, edited in place, folded if it is there twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.http import NoAnswerError

_LOOKS = (0.0, 1.0, 3.0)  # seconds before each look, after a comment of which it is not known whether it was stored


@dataclass(frozen=True, slots=True)
class Posted:
    """A comment that we wrote. `thread` is 0 and `open` is `None` where comments have no threads; `replied` is whether
    somebody else wrote beneath it."""

    thread: int
    comment: int
    body: str
    open: bool | None = None
    replied: bool = False


@dataclass(frozen=True, slots=True)
class CommentState:
    """What the comment is to be: its text, and whether there is something to be done about it."""

    body: str
    open: bool


@dataclass(frozen=True, slots=True)
class Signal:
    """The status beside the comment: the exit code of the gate, what it is called, a sentence, the page to look at."""

    code: int
    name: str
    sentence: str
    link: str


class Host(Protocol):
    """A service that holds pull requests. Each call raises `Unpublished` when it cannot be done."""

    async def mine(self, mark: Marker) -> list[Posted]:
        """The comments with this mark whose author is the identity that asks, oldest first."""
        ...

    async def create(self, said: CommentState) -> None:
        """Write a comment; raises `NoAnswerError` when it is not known whether it was stored."""
        ...

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Replace a comment's text, and open or close its thread."""
        ...

    async def remove(self, posted: Posted) -> None:
        """Delete a comment of ours, and close its thread."""
        ...

    async def signal(self, signal: Signal) -> None:
        """Set the status of what the pull request holds."""
        ...


async def upsert_comment(host: Host, mark: Marker, run: int, said: CommentState) -> str:
    """Let the pull request have one comment with this mark, saying this; gives what was done, in a word.

    A comment that a later run wrote stays: this one is slower, and its news are old.
    """
    lost: NoAnswerError | None = None
    for wait in _LOOKS:
        await asyncio.sleep(wait if lost is not None else 0)
        found = await host.mine(mark)
        if found:
            return await _one(host, mark, run, said, found)
        try:
            await host.create(said)
        except NoAnswerError as error:
            lost = error
            continue
        if lost is not None:  # the first may have been stored late
            await _one(host, mark, run, said, await host.mine(mark))
        return "created"
    assert lost is not None
    raise lost


async def _one(host: Host, mark: Marker, run: int, said: CommentState, found: list[Posted]) -> str:
    """Fold several into the one with somebody's reply, else the oldest, and let it say what it should."""
    newest = max(found, key=lambda posted: mark.run(posted.body), default=None)
    kept = next((posted for posted in found if posted.replied), found[0] if found else None)
    if kept is None or newest is None:
        return "created"
    later = mark.run(newest.body) > run
    if later:
        said = CommentState(newest.body, said.open if newest.open is None else newest.open)
    changed = kept.body != said.body or kept.open not in (None, said.open)
    if changed:
        await host.edit(kept, said)
    for posted in found:
        if posted is not kept:
            await host.remove(posted)
    return "left to a later run's" if later else "updated" if changed else "unchanged"
