"""What Azure's JSON looks like on the wire, in the parts that are read: strict types, all else ignored."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import to_json

from mzaudit.snapshot.observed import GapReason
from mzaudit.snapshot.text.ids import name
from mzaudit.snapshot.text.shown import is_key

T = TypeVar("T")
W = TypeVar("W", bound="Wire")
P = TypeVar("P", bound="Page")  # type: ignore[type-arg]  # of whatever items

_NAME = re.compile(r"[\w.() -]{1,128}")
# The longest id on record has 298 characters and 14 slashes.
_LONGEST_ID, _DEEPEST_ID = 2_048, 64


class ContradictionError(ValueError):
    """A body that cannot be true beside the question. Its text names members, never values."""


class Wire(BaseModel):
    """A JSON object of which only the declared members are read; a member of another type makes the body malformed."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


def _bounded(told: str) -> str:
    if len(told) > _LONGEST_ID or told.count("/") > _DEEPEST_ID:
        raise ValueError("longer than any id")
    return told


def _text(told: object) -> str:
    return told if isinstance(told, str) else ""


Id = Annotated[str, AfterValidator(_bounded)]
"""An id, a scope or a URL of a data plane. A longer one makes the body malformed: comparing ids takes time and room in
proportion to their parts."""

Echo = Annotated[str, BeforeValidator(_text), AfterValidator(_bounded)]
"""What an answer repeats of the question; null, or what is not a string, is as good as absent."""


class Resource(Wire):
    """What has an ARM id or a URL. `Run` compares the id with what was asked, then sees that it holds that, and that
    the name is not empty."""

    id: Echo = ""
    name: Echo = ""


class Page(Wire, Generic[T]):
    """One page of a list; an absent, null or empty link ends it. Of `value` null is told apart from absent."""

    value: list[T] | None
    next_link: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """An item of a list that cannot be read: which, and why; INTERNAL where the defect is ours."""

    which: str
    why: str
    reason: GapReason = GapReason.MALFORMED


def items_of(body: bytes, page: type[P], item: type[W]) -> tuple[P, list[W | Unread]]:
    """A page and its items; what of them cannot be read, as null, does not spoil the others.

    Raises ValidationError if the page itself is not as documented.
    """
    try:
        whole = _page_of(page, item).model_validate_json(body)
    except ValidationError:
        loose = _page_of(page, JsonValue).model_validate_json(body)
        held = enumerate(loose.value or (), 1)
        return loose, [read_item(each, item, f"item {number}") for number, each in held]
    return whole, list(whole.value or ())


@cache  # pydantic forgets a generic model as soon as nothing holds it, and makes it again for every page
def _page_of(page: type[P], item: object) -> type[P]:
    made: type[P] = page[item]  # type: ignore[index]  # a type argument made at run time
    return made


def read_item(told: JsonValue, item: type[W], otherwise: str) -> W | Unread:
    """One item; if it cannot be read, it is called by its name, or `otherwise`."""
    try:
        return item.model_validate_json(to_json(told))
    except ValidationError as error:
        members = told if isinstance(told, dict) else {}
        called = (_text(members.get(each)) for each in ("name", "id"))
        named = (name(each) for each in called if _NAME.fullmatch(name(each)) and not is_key(each))
        return Unread(next(named, otherwise), fault(error))


def fault(error: ValueError) -> str:
    """Where a body is not as documented. Names members, never values."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or _told(part))
        return f"the answer is not as documented at {where or 'its root'} ({first['type']})"
    return "the answer is about another resource, or holds what cannot be"


def _told(member: str) -> bool:
    """Whether the name of a member may be told: it may be one that somebody gave a setting."""
    return member.isidentifier() and not is_key(member)


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise ValueError("not a count of seconds")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("not a moment") from error


def _aware(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except OverflowError:  # .NET's first and last moment, with a zone that leads beyond
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


Seconds = Annotated[datetime, BeforeValidator(_moment)]
"""Seconds since 1970 on the wire; a moment in UTC once validated."""

Moment = Annotated[datetime, AfterValidator(_aware)]
"""An ISO moment; one without a zone is UTC."""
