"""What Azure's JSON looks like on the wire, in the parts that are read: strict types, all else ignored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

T = TypeVar("T")


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


class Identified(Wire):
    """What has an ARM id: it is compared with what was asked for."""

    id: str


class Resource(Identified):
    """An ARM resource."""

    name: str


class Page(Wire, Generic[T]):
    """One page of a list; an absent, null or empty link ends it."""

    value: list[T]
    next_link: str | None = None


def _moment(seconds: object) -> datetime:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise ValueError("not a count of seconds")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError("not a moment") from error


def _aware(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


Seconds = Annotated[datetime, BeforeValidator(_moment)]
"""Seconds since 1970 on the wire; a moment in UTC once validated."""

Moment = Annotated[datetime, AfterValidator(_aware)]
"""An ISO moment; one without a zone is UTC."""
