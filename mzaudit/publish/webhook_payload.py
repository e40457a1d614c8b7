"""A message to any webhook: JSON of a documented shape, whose schema is docs/webhook.schema.json."""

from __future__ import annotations

import json
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from mzaudit import __version__
from mzaudit.publish.notice import Notice, fitted

LIMIT: Final = 200_000
_MOST: Final = 500


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookItem(_Closed):
    """A finding; of what could not be read, the fix."""

    severity: str = Field(description="Critical, high, medium or low in capitals; empty for a fix.")
    rule: str = Field(description="The code of the rule; empty for a fix.")
    title: str = Field(description="What must hold, or what would let mzaudit read what it could not.")
    subject: str = Field(description="What it is about, or how many findings wait for the fix.")


class WebhookPart(_Closed):
    """A list of findings."""

    title: str = Field(description="What they are: new violations, known violations, resolved, ...")
    count: int = Field(description="How many there are.")
    left_out: int = Field(description="How many of them are not among the items.")
    items: list[WebhookItem] = Field(description="The most urgent first.")


class WebhookPayload(_Closed):
    """What `mzaudit notify` posts to MZAUDIT_WEBHOOK."""

    schema_version: str = Field(description="The version of this shape; only additions keep it.")
    tool: str = Field(description="mzaudit and its version.")
    gate: str = Field(
        description="The name of the gate: its environments, and its policy where that is not ./policies."
    )
    verdict: str = Field(description="GATE PASSED, GATE FAILED, INCOMPLETE, `INCOMPLETE, allowed` or NOT JUDGED.")
    exit_code: int = Field(description="What the check exited with, by the table of the README; 4 for NOT JUDGED.")
    reason: str = Field(description="Why, in a sentence.")
    caveats: list[str] = Field(description="What to know before believing it: a simulated estate, a wrong clock, ...")
    parts: list[WebhookPart] = Field(description="The findings, the most urgent part first.")
    link: str = Field(description="The page of the pipeline's run; empty outside of a pipeline.")


def message(notice: Notice) -> object:
    """The body to post."""
    return fitted(notice, _message, lambda drawn: len(json.dumps(drawn)), LIMIT, _MOST)


def _message(notice: Notice) -> object:
    return WebhookPayload(
        schema_version="1",
        tool=f"mzaudit {__version__}",
        gate=notice.gate,
        verdict=notice.verdict,
        exit_code=notice.code,
        reason=notice.reason,
        caveats=list(notice.caveats),
        parts=[
            WebhookPart(
                title=part.title,
                count=part.count,
                left_out=part.left_out,
                items=[
                    WebhookItem(severity=one.severity, rule=one.rule, title=one.title, subject=one.subject)
                    for one in part.items
                ],
            )
            for part in notice.parts
        ],
        link=notice.link,
    ).model_dump()


def schema() -> str:
    """The JSON Schema of a message, as text."""
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | WebhookPayload.model_json_schema()
    return json.dumps(document, indent=2) + "\n"
