"""A time that a snapshot holds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

if TYPE_CHECKING:
    from pydantic_core import CoreSchema


class _WithZone:
    """What pydantic's `AwareDatetime` says, which is not loaded where nothing is read."""

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        from pydantic_core.core_schema import datetime_schema

        return datetime_schema(tz_constraint="aware")


Moment = Annotated[datetime, _WithZone()]
"""A time with its zone; a stored one without is refused."""
