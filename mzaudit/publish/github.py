"""GitHub: the comments of a pull request and the statuses of its head (REST API 2022-11-28)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.http import PublishError, Refusal, ServiceClient, held
from mzaudit.publish.pipeline import GitHub
from mzaudit.publish.sticky_comment import CommentState, Posted, Signal

SERVICE: Final = "GitHub"
ACCEPT: Final = "application/vnd.github+json"
_PAGE = 100
_STATES = {0: "success", 1: "failure"}  # any other code: `error`


class _User(BaseModel):
    login: str


class _Viewer(BaseModel):
    viewer: _User


class _Data(BaseModel):
    data: _Viewer


class _IssueComment(BaseModel):
    id: int
    body: str | None = None
    user: _User | None = None


class _MadeComment(BaseModel):
    id: int


class GitHubHost:
    """A pull request's comments and its head's statuses; see `sticky.Host`."""

    def __init__(self, web: ServiceClient, place: GitHub) -> None:
        self._web, self._place = web, place
        self._me = ""

    async def mine(self, mark: Marker) -> list[Posted]:
        """The comments of this mark by the token's identity."""
        if not self._me:
            self._me = await login(self._web, self._place.graphql)
        found: list[Posted] = []
        page: list[_IssueComment] = []
        number = 1
        while number == 1 or len(page) == _PAGE:
            url = f"{self._comments()}?per_page={_PAGE}&page={number}"
            page = held(await self._web.ask("GET", url), TypeAdapter(list[_IssueComment]), SERVICE)
            found += [
                Posted(0, c.id, c.body, mark.run(c.body))
                for c in page
                if self._is_mine(c) and c.body is not None and mark.on(c.body)
            ]
            number += 1
        return sorted(found, key=lambda posted: posted.comment)

    def _is_mine(self, comment: _IssueComment) -> bool:
        return comment.user is not None and comment.user.login.casefold() == self._me

    async def create(self, said: CommentState) -> None:
        """Write a comment; GitHub's have no state."""
        answer = await self._web.ask("POST", self._comments(), {"body": said.body}, again=False)
        held(answer, TypeAdapter(_MadeComment), SERVICE)

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Replace the text."""
        await self._web.ask("PATCH", self._comment(posted), {"body": said.body})

    async def remove(self, posted: Posted) -> None:
        """Delete the comment."""
        await self._web.ask("DELETE", self._comment(posted))

    async def signal(self, signal: Signal) -> None:
        """Set the status of the pull request's head commit, which is what a branch rule looks at."""
        if not self._place.build.commit:
            raise PublishError(
                "the head commit of the pull request is not known (the event has no pull_request.head.sha): run the "
                "workflow on `pull_request`"
            )
        body = {
            "state": _STATES.get(signal.code, "error"),
            "description": signal.sentence,
            "context": f"mzaudit/{signal.name}",
            "target_url": signal.link,
        }
        url = f"{self._place.repository}/statuses/{quote(self._place.build.commit)}"
        held(await self._web.ask("POST", url, body), TypeAdapter(_MadeComment), SERVICE)

    def _comments(self) -> str:
        return f"{self._place.repository}/issues/{self._place.pull}/comments"

    def _comment(self, posted: Posted) -> str:
        return f"{self._place.repository}/issues/comments/{posted.comment}"


async def login(web: ServiceClient, graphql: str) -> str:
    """Who the token speaks for, in lower case. A job's token may not ask REST that."""
    answer = await web.ask("POST", graphql, {"query": "query { viewer { login } }"})
    return held(answer, TypeAdapter(_Data), SERVICE).data.viewer.login.casefold()


def limited(refusal: Refusal) -> bool:
    """Whether a 403 is one for too many requests."""
    used_up = refusal.headers.get("x-ratelimit-remaining") == "0" or "rate limit" in refusal.words
    return used_up or "retry-after" in refusal.headers


def explain(refusal: Refusal) -> str:
    """A refusal as a sentence with its fix."""
    match refusal.status:
        case 429:
            return f"GitHub's rate limit is used up (HTTP 429): {refusal.again}"
        case 403 if limited(refusal):
            return f"GitHub's rate limit is used up (HTTP 403): {refusal.again}"
        case 403 if "archived" in refusal.words:
            return "the repository is archived (HTTP 403): nothing can be written in it until it is unarchived"
        case 403 if "locked" in refusal.words:
            return "the conversation is locked (HTTP 403): unlock it, or leave the comment out"
        case 403:
            return (
                "GITHUB_TOKEN may not do this (HTTP 403): the job needs `permissions: {pull-requests: write, statuses: "
                "write}`; a workflow that a fork's pull request started is given a token that only reads"
            )
        case 200 | 201 | 203 | 401:
            return (
                f"GitHub did not take GITHUB_TOKEN (HTTP {refusal.status}): hand the step the job's own token, "
                "`env: {GITHUB_TOKEN: ${{ github.token }}}`"
            )
        case 301 | 302 | 307 | 308:
            return f"the repository has another name today (HTTP {refusal.status}): mzaudit follows no redirect"
        case 410:
            return "GitHub no longer has this conversation (HTTP 410): it was deleted, or issues are turned off"
        case 422:
            return (
                "GitHub did not accept what was written (HTTP 422): the head commit is gone from the repository, or "
                "too much was written at once; run the workflow again, on the last commit"
            )
        case 404:
            return "GITHUB_TOKEN does not see this pull request (HTTP 404): it must be a token of this repository"
        case status if status >= 500:
            return f"GitHub failed (HTTP {status}): run the step again"
        case status:
            return f"GitHub did not accept the request (HTTP {status})"
