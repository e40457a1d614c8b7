"""A message to Slack: Block Kit, as an incoming webhook takes it.

Text of others stands in rich text, whose parts are data and in which no mention or link is read:
https://docs.slack.dev/reference/block-kit/blocks/rich-text-block.
"""

from __future__ import annotations

import json
from typing import Final

from mzaudit.publish.notice import Item, Notice, Part, fitted

# Slack refuses blocks (`msg_blocks_too_long`) from some 13,200 characters in all on, which its documents do not say.
LIMIT: Final = 12_000
_MOST: Final = 40
_MOST_BLOCKS: Final = 50
_LONGEST_HEADER: Final = 150


def message(notice: Notice) -> object:
    """The body to post."""
    return fitted(notice, _message, lambda drawn: len(json.dumps(drawn)), LIMIT, _MOST)


def _message(notice: Notice) -> dict[str, object]:
    heading = f"mzaudit: {notice.verdict}"
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": heading[:_LONGEST_HEADER], "emoji": False}},
        _rich(_section(_text(notice.gate, bold=True)), _section(_text(notice.reason))),
        *(_rich(_section(_text(text, bold=True))) for text in notice.caveats),
        *map(_part, notice.parts),
    ]
    if notice.link:
        label = {"type": "plain_text", "text": "Open the run", "emoji": False}
        blocks.append({"type": "actions", "elements": [{"type": "button", "text": label, "url": notice.link}]})
    # What a notification shows; our own words, for this field is read as Slack's Markdown.
    return {"text": f"mzaudit: {notice.verdict}", "blocks": blocks[:_MOST_BLOCKS]}


def _part(part: Part) -> dict[str, object]:
    more = [_section(_text(f"{part.left_out:,} more in the report"))] if part.left_out else []
    shown: dict[str, object] = {
        "type": "rich_text_list",
        "style": "bullet",
        "elements": [_item(item) for item in part.items],
    }
    title = _section(_text(f"{part.title} ({part.count:,})", bold=True))
    return _rich(title, *([shown] if part.items else []), *more)


def _item(item: Item) -> dict[str, object]:
    head = " ".join(filter(None, (item.severity, item.rule)))
    named = [_text(f"{head} ", bold=True)] if head else []
    subject: dict[str, object] = {"type": "text", "text": item.subject or "(empty)", "style": {"code": True}}
    return _section(*named, _text(f"{item.title} "), subject)


def _section(*elements: dict[str, object]) -> dict[str, object]:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str, *, bold: bool = False) -> dict[str, object]:
    shown: dict[str, object] = {"type": "text", "text": text or "(empty)"}
    return shown | {"style": {"bold": True}} if bold else shown


def _rich(*elements: dict[str, object]) -> dict[str, object]:
    return {"type": "rich_text", "elements": list(elements)}
