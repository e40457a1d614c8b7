"""How far the clock of the machine that read was from that of the services."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

LIMIT: Final = 5
"""Minutes apart that are nothing to speak of: Azure allows its callers as much."""

_UNITS: Final = ((2 * 24 * 60, 24 * 60, "days"), (2 * 60, 60, "hours"), (0, 1, "minutes"))


def words(skew: int) -> str:
    """A skew in minutes as a person says it: `this machine's clock was 3 days slow`."""
    amount, unit = next((abs(skew) // size, unit) for least, size, unit in _UNITS if abs(skew) >= least)
    return f"this machine's clock was {amount:,} {unit} {'slow' if skew > 0 else 'fast'}"


def by_azure(moment: datetime, skew: int) -> datetime:
    """A moment by the clock of a machine as Azure's had it, in UTC."""
    try:
        return (moment + timedelta(minutes=skew)).astimezone(UTC)
    except OverflowError:  # a stored one, from the end of the calendar
        return moment.astimezone(UTC)
