"""What Azure recorded of changes to a resource: its change history (Resource Graph) and the Activity Log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mzaudit.snapshot.moment import Moment
from mzaudit.snapshot.observed import Gap, Listing

HISTORY_DAYS = 14
"""How long Azure keeps the change history."""

ACTIVITY_DAYS = 89
"""How far back the Activity Log is asked: Azure keeps 90 days, and refuses a question that begins where they end."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One change. `caller` is as Azure names it: a person's sign-in name, an object id, `System`, or empty where the
    record is silent; `ids` are the object and application ids of the caller, casefolded."""

    at: Moment
    caller: str
    ids: tuple[str, ...]
    operation: str
    record: str


@dataclass(frozen=True, slots=True)
class Records:
    """What was recorded, by `ids.key` of the resource: in the change history the last change alone, in the Activity
    Log those that succeeded. A gap in place of the history is one for all."""

    history: Mapping[str, Recorded] | Gap
    activity: Mapping[str, Listing[Recorded]]
