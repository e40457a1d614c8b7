"""How far this machine's clock is from Azure's, by the `Date` header of the answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from statistics import median_low
from typing import Final

from mzaudit.snapshot.clock import LIMIT

_FIRST, _LAST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)  # no service tells another time
_AGREE: Final = 0.9  # of the answers


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
        """How far the services are ahead, in whole minutes: 0 if that is not more than the limit, if nothing was told,
        or if the answers disagree."""
        if not self._ahead:
            return 0
        middle, limit = median_low(self._ahead), LIMIT * 60
        agreeing = sum(abs(each - middle) <= limit for each in self._ahead)
        return round(middle / 60) if abs(middle) > limit and agreeing >= _AGREE * len(self._ahead) else 0
