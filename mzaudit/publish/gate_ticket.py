"""One ticket a gate: opened when it fails, closed when it passes, edited in place in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from mzaudit.engine.results import Gate
from mzaudit.publish import azure_boards, azure_devops, github, github_issues
from mzaudit.publish.comment_marker import Marker, marker
from mzaudit.publish.http import PublishError, Route, opened
from mzaudit.publish.message import GateMessage, written_by
from mzaudit.publish.pipeline import AzureBoards, Tracker
from mzaudit.publish.publish_comment import PublishResult
from mzaudit.publish.sticky_comment import Board, CommentState, Posted, upsert_comment
from mzaudit.report.dialect import AZURE_SUMMARY, GITHUB
from mzaudit.report.escaping import code, plain

_LONGEST = 150.0  # seconds
_BUDGET = 60_000  # characters of a work item's text: it takes more, and nobody reads more
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class TicketOptions:
    """What a new ticket is given, which is people's from then on: labels (tags on Azure Boards), and on Azure Boards
    its type and area path."""

    labels: tuple[str, ...]
    kind: str
    area: str


async def keep(news: GateMessage, place: Tracker, route: Route, options: TicketOptions, *, dry: bool) -> PublishResult:
    """Keep the gate's ticket; with `dry` only say what would be done."""
    mark = marker("", news.environments, news.policy, place.build.root, place.build.folder)
    said = state(news, mark, place)
    try:
        async with asyncio.timeout(_LONGEST), _board(place, route, mark, options) as board:
            watched = _DryRun(board) if dry else board
            done = await upsert_comment(watched, mark, place.build.number, said, create=said.open is True)
            if isinstance(watched, _DryRun):
                return PublishResult(tuple(watched.would or (f"ticket {done}",)), ())
            return PublishResult((f"ticket {done}",), ())
    except PublishError as error:
        return PublishResult((), (f"ticket not written: {error}",))
    except TimeoutError:
        return PublishResult((), (f"ticket not written: no end after {_LONGEST:.0f} s: run the step again",))


def state(news: GateMessage, mark: Marker, place: Tracker) -> CommentState:
    """What the ticket is to be. What could not be judged, or not wholly, opens none and closes none."""
    todo = {Gate.FAILED: True, Gate.PASSED: False}.get(news.gate) if news.gate is not None else None
    number = place.build.number
    if isinstance(place, AzureBoards):
        link = f"{place.build.link}{mark.fragment(number)}"
        text = f"{written_by(place.build, link)}\n\n{news.text(AZURE_SUMMARY, _BUDGET)}"
        return CommentState(azure_boards.html(text), todo)
    top = f"{mark.line(number)}\n\n{code(mark.label)}\n\n"
    end = f"\n---\n\n{written_by(place.build)}\n"
    return CommentState(top + news.text(GITHUB, GITHUB.budget - GITHUB.size(top + end)) + end, todo)


@asynccontextmanager
async def _board(place: Tracker, route: Route, mark: Marker, options: TicketOptions) -> AsyncIterator[Board]:
    title = f"mzaudit: {plain(mark.label)}"[:_LONGEST_TITLE]
    if isinstance(place, AzureBoards):
        service = azure_devops
        async with opened(service.SERVICE, place.token, route, azure_boards.explain, service.ACCEPT) as web:
            yield azure_boards.AzureBoardsBoard(web, place, title, options.labels, options.kind, options.area)
    else:
        async with opened(github.SERVICE, place.token, route, github_issues.explain, github.ACCEPT) as web:
            yield github_issues.GitHubIssuesBoard(web, place, title, options.labels)


class _DryRun:
    """A board that is only looked at."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.would: list[str] = []

    async def mine(self, mark: Marker) -> list[Posted]:
        """What is there."""
        return await self._board.mine(mark)

    async def create(self, said: CommentState) -> None:
        """Say it."""
        self.would.append("dry run: a ticket would be opened")

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Say it."""
        turn = "" if posted.open is said.open else " and opened again" if said.open else " and closed"
        self.would.append(f"dry run: ticket {posted.comment} would be edited{turn}")

    async def remove(self, posted: Posted) -> None:
        """Say it."""
        if posted.open:
            self.would.append(f"dry run: ticket {posted.comment}, which is there twice, would be closed")
