"""Resources of any type: how a body may be written that is as documented."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mzaudit.drill.drill_case import DrillCase, DrillContext
from mzaudit.drill.expected_bodies import holds, in_capitals
from mzaudit.policy.resources.expected_body import ExpectedBody
from mzaudit.simulator import Estate
from mzaudit.simulator.http_messages import Json

Value = Any  # a JSON value
Spelling = Callable[[ExpectedBody, Json], Json]


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """Further members, words in another case, lists in another order."""
    for one in ground.env.expected:
        for what, spell in _SPELLINGS.items():
            yield DrillCase(f"resources.{one.key}", what, partial(_spelt, one, spell))


def _spelt(resource: ExpectedBody, spell: Spelling, estate: Estate) -> None:
    """The body spelled otherwise; where an expectation minds that (a tag's value), as it was."""
    body = estate.resource(resource.id)
    changed = dict(spell(resource, body))
    if all(holds(resource, fact, changed) for fact in resource.facts):
        body.clear()
        body.update(changed)
    body["etag"] = "W/\"datetime'2026-03-01T08%3A15%3A42.1234567Z'\""


def _further_members(resource: ExpectedBody, body: Json) -> Json:
    unknown: Json = {"systemData": {"createdByType": "User"}, "zonesOfTomorrow": ["1", None, {}]}
    inner = body.get("properties")
    return body | unknown | ({"properties": {**inner, "notYetDocumented": None}} if isinstance(inner, dict) else {})


def _in_capitals(resource: ExpectedBody, body: Json) -> Json:
    for fact in resource.facts:
        body = in_capitals(fact, body)
    return body


def _backwards(resource: ExpectedBody, body: Json) -> Json:
    turned: Json = _turned(body)
    return turned


def _turned(node: Value) -> Value:
    match node:
        case dict():
            return {name: _turned(value) for name, value in reversed(node.items())}
        case list():
            return [_turned(each) for each in reversed(node)]
        case _:
            return node


_SPELLINGS: dict[str, Spelling] = {
    "further members": _further_members,
    "words in capitals": _in_capitals,
    "members and lists in another order": _backwards,
}
