"""GitHub: the issues of a repository (REST API 2022-11-28)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

from mzaudit.publish import github
from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.http import Refusal, ServiceClient, held
from mzaudit.publish.pipeline import GitHubIssues
from mzaudit.publish.sticky_comment import CommentState, Posted

_PAGE: Final = 100


class _Author(BaseModel):
    login: str


class _Issue(BaseModel):
    number: int
    state: str
    body: str | None = None
    user: _Author | None = None
    pull_request: object = None  # the list of issues holds pull requests too


class _MadeIssue(BaseModel):
    number: int


class GitHubIssuesBoard:
    """A repository's issues; see `sticky_comment.Board`. A person's reply makes no difference: an issue is closed,
    never deleted."""

    def __init__(self, web: ServiceClient, place: GitHubIssues, title: str, labels: tuple[str, ...]) -> None:
        self._web, self._place = web, place
        self._title, self._labels = title, labels
        self._me = ""

    async def mine(self, mark: Marker) -> list[Posted]:
        """The issues of this mark by the token's identity, open and closed."""
        if not self._me:
            self._me = await github.login(self._web, self._place.graphql)
        found: list[Posted] = []
        page: list[_Issue] = []
        number = 1
        while number == 1 or len(page) == _PAGE:
            query = f"state=all&creator={quote(self._me, safe='')}&per_page={_PAGE}&page={number}"
            answer = await self._web.ask("GET", f"{self._place.repository}/issues?{query}")
            page = held(answer, TypeAdapter(list[_Issue]), github.SERVICE)
            found += [
                Posted(0, issue.number, issue.body, mark.run(issue.body), issue.state == "open")
                for issue in page
                if self._is_ours(issue) and issue.body is not None and mark.on(issue.body)
            ]
            number += 1
        return sorted(found, key=lambda posted: posted.comment)

    def _is_ours(self, issue: _Issue) -> bool:
        by_us = issue.user is not None and issue.user.login.casefold() == self._me
        return by_us and issue.pull_request is None

    async def create(self, said: CommentState) -> None:
        """Open an issue; its title and labels are people's from then on."""
        body = {"title": self._title, "body": said.body, "labels": list(self._labels)}
        answer = await self._web.ask("POST", f"{self._place.repository}/issues", body, again=False)
        held(answer, TypeAdapter(_MadeIssue), github.SERVICE)

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Replace the text, and open or close the issue."""
        await self._patch(posted, {"body": said.body} | ({} if posted.open is said.open else _state(said.open)))

    async def remove(self, posted: Posted) -> None:
        """Close an issue that is there twice."""
        if posted.open:
            await self._patch(posted, {"state": "closed", "state_reason": "not_planned"})

    async def _patch(self, posted: Posted, change: dict[str, str]) -> None:
        await self._web.ask("PATCH", f"{self._place.repository}/issues/{posted.comment}", change)


def _state(open_: bool | None) -> dict[str, str]:
    return {"state": "open"} if open_ else {"state": "closed", "state_reason": "completed"}


def explain(refusal: Refusal) -> str:
    """A refusal as a sentence with its fix."""
    match refusal.status:
        case 403 if not (github.limited(refusal) or "archived" in refusal.words or "locked" in refusal.words):
            return (
                "GITHUB_TOKEN may not write issues (HTTP 403): the job needs `permissions: {contents: read, issues: "
                "write}`"
            )
        case 404:
            return "GITHUB_TOKEN does not see this repository (HTTP 404): it must be a token of this repository"
        case 410:
            return "issues are turned off in this repository (HTTP 410): turn them on in its settings, under Features"
        case _:
            return github.explain(refusal)
