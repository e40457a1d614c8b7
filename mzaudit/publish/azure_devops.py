"""Azure DevOps: the thread and the statuses of a pull request in Azure Repos (REST API 7.1)."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, TypeAdapter

from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.http import PublishError, Refusal, ServiceClient, held
from mzaudit.publish.pipeline import AzureDevOps
from mzaudit.publish.sticky_comment import CommentState, Posted, Signal

SERVICE: Final = "Azure DevOps"
ACCEPT: Final = "application/json"
_VERSION = "api-version=7.1"
_OPEN = ("active", "pending")
_STATES = {0: "succeeded", 1: "failed"}  # any other code: `error`; notApplicable would lift the requirement


class _DevOpsIdentity(BaseModel):
    id: str


class _Caller(BaseModel):
    authenticatedUser: _DevOpsIdentity  # noqa: N815 - the service's spelling, as below


class _ThreadComment(BaseModel):
    id: int
    author: _DevOpsIdentity | None = None
    content: str | None = None
    isDeleted: bool = False  # noqa: N815
    commentType: str = "unknown"  # noqa: N815


class _Thread(BaseModel):
    id: int
    comments: list[_ThreadComment] = []
    status: str | None = None
    isDeleted: bool = False  # noqa: N815


class _Threads(BaseModel):
    value: list[_Thread]


class _Commit(BaseModel):
    commitId: str  # noqa: N815


class _Iteration(BaseModel):
    id: int
    sourceRefCommit: _Commit | None = None  # noqa: N815


class _Iterations(BaseModel):
    value: list[_Iteration]


class _MadeThread(BaseModel):
    id: int


class AzureDevOpsHost:
    """A pull request's threads and statuses; see `sticky.Host`."""

    def __init__(self, web: ServiceClient, place: AzureDevOps) -> None:
        self._web, self._place = web, place
        self._me = ""

    async def mine(self, mark: Marker) -> list[Posted]:
        """The threads that the identity of this build started with a comment of this mark."""
        if not self._me:
            self._me = await caller(self._web, self._place.collection)
        threads = held(await self._web.ask("GET", self._url("threads")), TypeAdapter(_Threads), SERVICE).value
        found = [posted for thread in threads if (posted := self._posted(thread, mark)) is not None]
        return sorted(found, key=lambda posted: posted.thread)

    def _posted(self, thread: _Thread, mark: Marker) -> Posted | None:
        if thread.isDeleted or not thread.comments:
            return None
        first, *rest = thread.comments
        ours = first.author is not None and first.author.id.casefold() == self._me
        if not ours or first.isDeleted or first.content is None or not mark.on(first.content):
            return None
        replied = any(not comment.isDeleted and comment.commentType != "system" for comment in rest)
        return Posted(thread.id, first.id, first.content, mark.run(first.content), thread.status in _OPEN, replied)

    async def create(self, said: CommentState) -> None:
        """Start a thread, active while there is something to be done."""
        body = {
            "comments": [{"parentCommentId": 0, "content": said.body, "commentType": "text"}],
            "status": _state(said),
        }
        held(await self._web.ask("POST", self._url("threads"), body, again=False), TypeAdapter(_MadeThread), SERVICE)

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Replace the first comment, which is ours; leave the replies."""
        if posted.body != said.body:
            await self._web.ask(
                "PATCH", self._url(f"threads/{posted.thread}/comments/{posted.comment}"), {"content": said.body}
            )
        if posted.open is not said.open:
            await self._web.ask("PATCH", self._url(f"threads/{posted.thread}"), {"status": _state(said)})

    async def remove(self, posted: Posted) -> None:
        """Close the thread, so that it holds up nobody, and delete its first comment."""
        if posted.open:
            await self._web.ask("PATCH", self._url(f"threads/{posted.thread}"), {"status": "closed"})
        await self._web.ask("DELETE", self._url(f"threads/{posted.thread}/comments/{posted.comment}"))

    async def signal(self, signal: Signal) -> None:
        """Set the status of the iteration that was looked at: the next push has none until it is looked at too."""
        answer = await self._web.ask("GET", self._url("iterations"))
        pushes = held(answer, TypeAdapter(_Iterations), SERVICE).value
        commit = self._place.build.commit
        seen = [p.id for p in pushes if p.sourceRefCommit is not None and p.sourceRefCommit.commitId == commit]
        if not commit or not seen:
            raise PublishError(
                "the pull request has no push with the commit of this run (SYSTEM_PULLREQUEST_SOURCECOMMITID): "
                "run the step in the build that the pull request's branch policy starts"
            )
        body = {
            "iterationId": max(seen),
            "state": _STATES.get(signal.code, "error"),
            "description": signal.sentence,
            "context": {"genre": "mzaudit", "name": signal.name},
            "targetUrl": signal.link,
        }
        held(await self._web.ask("POST", self._url("statuses"), body), TypeAdapter(_MadeThread), SERVICE)

    def _url(self, path: str) -> str:
        return f"{self._place.pull}/{path}?{_VERSION}"


async def caller(web: ServiceClient, collection: str) -> str:
    """The id of the identity that asks, in lower case."""
    answer = await web.ask("GET", f"{collection}/_apis/connectionData")
    return held(answer, TypeAdapter(_Caller), SERVICE).authenticatedUser.id.casefold()


def _state(said: CommentState) -> str:
    return "closed" if said.open is False else "active"


def explain(refusal: Refusal) -> str:
    """A refusal as a sentence with its fix."""
    match refusal.status:
        case 200 | 201 | 203 | 301 | 302 | 401:
            page = "" if refusal.status == 401 else ", with a page to sign in on"
            return (
                f"Azure DevOps did not take SYSTEM_ACCESSTOKEN (HTTP {refusal.status}{page}): hand the step the job's "
                "own token, `env: {SYSTEM_ACCESSTOKEN: $(System.AccessToken)}`"
            )
        case 403:
            return (
                "the build's identity may not write to this pull request (HTTP 403): allow it `Contribute to pull "
                "requests` in Project settings > Repositories > Security; it is `Project Build Service`, or `Project "
                "Collection Build Service` where the job authorization scope is not limited to the project"
            )
        case 404:
            return (
                "the build's identity does not see this pull request (HTTP 404): let the pipeline reach the repository "
                "(Project settings > Pipelines > Settings, `Protect access to repositories`), or check it out"
            )
        case 429:
            return f"Azure DevOps has had too many requests (HTTP 429): {refusal.again}"
        case status if status >= 500:
            return f"Azure DevOps failed (HTTP {status}): run the step again"
        case status:
            return f"Azure DevOps did not accept the request (HTTP {status})"
