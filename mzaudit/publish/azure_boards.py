"""Azure Boards: the work items of a project (REST API 7.1).

A work item's description is HTML, which the service cleans of comments and of what is not shown: its mark is the last
part of its first link.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from markdown_it import MarkdownIt
from pydantic import BaseModel, Field, TypeAdapter

from mzaudit.publish import azure_devops
from mzaudit.publish.comment_marker import Marker
from mzaudit.publish.http import PublishError, Refusal, ServiceClient, held
from mzaudit.publish.pipeline import AzureBoards
from mzaudit.publish.sticky_comment import CommentState, Posted

TAG: Final = "mzaudit"
_VERSION = "api-version=7.1"
_BATCH: Final = 200  # work items that one request reads
_PATCH: Final = "application/json-patch+json"
# Each was written by us, or so it says: who has taken the tag away has left the title, or the other way round.
_QUERY: Final = (
    "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND ([System.Tags] CONTAINS 'mzaudit' "
    "OR [System.Title] CONTAINS 'mzaudit') ORDER BY [System.Id]"
)
_DONE: Final = (
    "Completed",
    "Resolved",
)  # categories of states, https://learn.microsoft.com/azure/devops/boards/work-items/workflow-and-state-categories
# The field that a rule of the process is about, in its error's words or as the error names it.
_STATE: Final = re.compile(r"rule error for field state\b|\bsystem\.state\b")
_TO_DO: Final = ("Proposed", "InProgress")


class _Reference(BaseModel):
    id: int


class _Found(BaseModel):
    workItems: list[_Reference]  # noqa: N815 - the service's spelling, as below


class _Person(BaseModel):
    id: str


class _Fields(BaseModel):
    state: str = Field(alias="System.State")
    kind: str = Field(alias="System.WorkItemType")
    author: _Person = Field(alias="System.CreatedBy")
    description: str = Field("", alias="System.Description")


class _WorkItem(BaseModel):
    id: int
    fields: _Fields


class _WorkItems(BaseModel):
    value: list[_WorkItem]


class _State(BaseModel):
    name: str
    category: str


class _States(BaseModel):
    value: list[_State]


class AzureBoardsBoard:
    """A project's work items; see `sticky_comment.Board`. One is closed, never deleted."""

    def __init__(
        self, web: ServiceClient, place: AzureBoards, title: str, tags: tuple[str, ...], kind: str, area: str
    ) -> None:
        self._web, self._place = web, place
        self._title, self._tags, self._kind, self._area = title, tags, kind, area
        self._me = ""
        self._states: dict[str, list[_State]] = {}
        self._kinds: dict[int, str] = {}

    async def mine(self, mark: Marker) -> list[Posted]:
        """The work items of this mark that the identity of this build made, open and closed."""
        if not self._me:
            self._me = await azure_devops.caller(self._web, self._place.collection)
        answer = await self._web.ask("POST", self._url("wiql"), {"query": _QUERY})
        ids = [one.id for one in held(answer, TypeAdapter(_Found), azure_devops.SERVICE).workItems]
        items: list[_WorkItem] = []
        for start in range(0, len(ids), _BATCH):
            body = {
                "ids": ids[start : start + _BATCH],
                "fields": ["System.State", "System.WorkItemType", "System.CreatedBy", "System.Description"],
                "errorPolicy": "omit",  # what this identity may not read is no ticket of its own
            }
            answer = await self._web.ask("POST", self._url("workitemsbatch"), body)
            items += held(answer, TypeAdapter(_WorkItems), azure_devops.SERVICE).value
        found = [posted for item in items if (posted := await self._posted(item, mark)) is not None]
        return sorted(found, key=lambda posted: posted.comment)

    async def _posted(self, item: _WorkItem, mark: Marker) -> Posted | None:
        run = mark.run_in_link(item.fields.description)
        if run is None or item.fields.author.id.casefold() != self._me:
            return None
        category = next((s.category for s in await self._all(item.fields.kind) if s.name == item.fields.state), "")
        self._kinds[item.id] = item.fields.kind
        return Posted(0, item.id, item.fields.description, run, category not in (*_DONE, "Removed"))

    async def create(self, said: CommentState) -> None:
        """Make a work item; its title, tags and area are people's from then on."""
        change = [
            _set("System.Title", self._title),
            _set("System.Description", said.body),
            _set("System.Tags", "; ".join(dict.fromkeys((TAG, *self._tags)))),
            *([_set("System.AreaPath", self._area)] if self._area else []),
        ]
        url = self._url(f"workitems/${quote(self._kind, safe='')}")
        answer = await self._web.ask("POST", url, change, again=False, kind=_PATCH)
        held(answer, TypeAdapter(_Reference), azure_devops.SERVICE)

    async def edit(self, posted: Posted, said: CommentState) -> None:
        """Replace the description, and open or close the work item."""
        change = [_set("System.Description", said.body)]
        if posted.open is not said.open:
            change.append(_set("System.State", await self._state(posted, _TO_DO if said.open else _DONE)))
        await self._patch(posted, change)

    async def remove(self, posted: Posted) -> None:
        """Close a work item that is there twice."""
        if posted.open:
            await self._patch(posted, [_set("System.State", await self._state(posted, _DONE))])

    async def _state(self, posted: Posted, categories: Sequence[str]) -> str:
        """The first state of these categories: their names are those of the project's process."""
        kind = self._kinds[posted.comment]
        for category in categories:
            for state in await self._all(kind):
                if state.category == category:
                    return state.name
        raise PublishError(f"a work item of the type {kind} has no state of the category {categories[0]}: give --type")

    async def _all(self, kind: str) -> list[_State]:
        if kind not in self._states:
            answer = await self._web.ask("GET", self._url(f"workitemtypes/{quote(kind, safe='')}/states"))
            self._states[kind] = held(answer, TypeAdapter(_States), azure_devops.SERVICE).value
        return self._states[kind]

    async def _patch(self, posted: Posted, change: list[dict[str, str]]) -> None:
        await self._web.ask("PATCH", self._url(f"workitems/{posted.comment}"), change, kind=_PATCH)

    def _url(self, path: str) -> str:
        return f"{self._place.project}/_apis/wit/{path}?{_VERSION}"


def _set(field: str, value: str) -> dict[str, str]:
    return {"op": "add", "path": f"/fields/{field}", "value": value}


def html(markdown: str) -> str:
    """Markdown as HTML. What it holds of HTML is escaped, and nothing that looks like a link becomes one."""
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))


def explain(refusal: Refusal) -> str:
    """A refusal as a sentence with its fix."""
    match refusal.status:
        case 400 if "tf401347" in refusal.words:
            return "Azure Boards knows no such area path (HTTP 400, TF401347): name one of the project with --area"
        case 400 if "tf401320" in refusal.words and _STATE.search(refusal.words):
            return (
                "the project's process does not let the build's identity make this change of state (HTTP 400, "
                "TF401320): allow it there, or name another type with --type"
            )
        case 400 if "tf401320" in refusal.words:
            return (
                "the project's process asks for a field that mzaudit does not fill in, or refuses a value (HTTP 400, "
                "TF401320): name another type with --type, or give the field a default in the process"
            )
        case 400:
            return (
                "Azure Boards did not accept the work item (HTTP 400): check --type and --area, and whether the "
                "project's process asks for further fields or forbids this change of state"
            )
        case 403:
            return (
                "the build's identity may not edit work items (HTTP 403): allow it `Edit work items in this node` in "
                "Project settings > Project configuration > Areas > Security; it is `Project Build Service`, or "
                "`Project Collection Build Service` where the job authorization scope is not limited to the project"
            )
        case 404:
            return (
                "there is no such type of work item in this project (--type), or the build's identity does not see "
                "the project (HTTP 404)"
            )
        case _:
            return azure_devops.explain(refusal)
