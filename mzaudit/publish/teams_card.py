"""A message to Microsoft Teams: an Adaptive Card 1.5, as a workflow's webhook takes it.

Text of others stands in text runs, in which no Markdown is read: https://adaptivecards.io/explorer/TextRun.html.
"""

from __future__ import annotations

import json
from typing import Final

from mzaudit.publish.notice import Item, Notice, Part, fitted

# 28 KB is what Teams takes of a message; some is left for what the workflow wraps around it.
LIMIT: Final = 24_000
_MOST: Final = 40  # items: a channel is no report
_STYLES: Final = {0: "good", 1: "attention"}  # any other code: `warning`


def message(notice: Notice) -> object:
    """The body to post."""
    return fitted(notice, _message, lambda drawn: len(json.dumps(drawn)), LIMIT, _MOST)


def _message(notice: Notice) -> dict[str, object]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": f"mzaudit: {notice.verdict}",
        "msteams": {"width": "Full"},
        "body": [
            {
                "type": "Container",
                "style": _STYLES.get(notice.code, "warning"),
                "bleed": True,
                "items": [
                    {
                        "type": "TextBlock",
                        "style": "heading",
                        "text": f"mzaudit: {notice.verdict}",
                        "size": "Large",
                        "weight": "Bolder",
                        "wrap": True,
                    },
                    _runs({"type": "TextRun", "text": notice.gate, "weight": "Bolder"}),
                    _runs({"type": "TextRun", "text": notice.reason}),
                ],
            },
            *(_runs({"type": "TextRun", "text": text, "weight": "Bolder"}) for text in notice.caveats),
            *(drawn for part in notice.parts for drawn in _part(part)),
        ],
    }
    if notice.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the run", "url": notice.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _part(part: Part) -> list[dict[str, object]]:
    title = {
        "type": "TextBlock",
        "text": f"{part.title} ({part.count:,})",
        "weight": "Bolder",
        "wrap": True,
        "separator": True,
    }
    more = [_runs({"type": "TextRun", "text": f"{part.left_out:,} more in the report", "isSubtle": True})]
    return [title, *map(_item, part.items), *(more if part.left_out else ())]


def _item(item: Item) -> dict[str, object]:
    head = " ".join(filter(None, (item.severity, item.rule)))
    runs: list[dict[str, object]] = [{"type": "TextRun", "text": f"{head} ", "weight": "Bolder"}] if head else []
    return _runs(
        *runs,
        {"type": "TextRun", "text": f"{item.title} "},
        {"type": "TextRun", "text": item.subject, "fontType": "Monospace"},
    )


def _runs(*runs: dict[str, object]) -> dict[str, object]:
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": list(runs)}
