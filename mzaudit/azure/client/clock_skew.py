"""How far this machine's clock is from Azure's, by the `Date` header of the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median_low

from mzaudit.snapshot.clock import LIMIT

_FIRST, _LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)  # no service tells another time


class Skew:
    """What the answers of one run told of the time, each compared with this machine's clock when it came."""

    def __init__(self) -> None:
        self._ahead: list[int] = []  # seconds

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take note of an answer; one without a `Date`, with one that no service sends, or out of a cache tells
        nothing. Header names are casefolded."""
        if "age" in headers:
            return
        try:
            told = parsedate_to_datetime(headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return
        if told.tzinfo is not None and _FIRST <= told <= _LAST:
            self._ahead.append(round(told.timestamp() - time.time()))

    def minutes(self) -> int:
        """How far most of the answers are ahead, in whole minutes: 0 if that is not more than the limit, or if nothing
        was told."""
        middle = median_low(self._ahead) if self._ahead else 0
        return round(middle / 60) if abs(middle) > LIMIT * 60 else 0
