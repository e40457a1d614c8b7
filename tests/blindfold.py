"""Every way of seeing one thing less: each facet of a snapshot hidden, each listing cut short, one at a time."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed

HIDDEN = Gap(GapReason.FORBIDDEN, "GET hidden by the test", permission="Microsoft.Example/hidden/read")
_IDENTITIES = ("].properties=hidden", "].identity=hidden")
# What the run itself knows and no call could hide.
_OWN = ("permissions", "reads", "environments", "api_versions", "caller")


def one_less(seen: Snapshot) -> Iterator[tuple[str, Snapshot]]:
    """The path of what was hidden, and the snapshot without it; of other environments only what production's rules
    ask of them, which is who their identities are."""
    for field in dataclasses.fields(seen):
        if field.name not in _OWN:
            for path, value in _less(getattr(seen, field.name)):
                if not re.search(r"-(dev|stg)\b|monozu(dev|stg)\b", path) or path.endswith(_IDENTITIES):
                    yield field.name + path, dataclasses.replace(seen, **{field.name: value})


def blind(seen: Snapshot) -> Snapshot:
    """The same estate with every facet hidden."""
    changes = {field.name: _blind(getattr(seen, field.name)) for field in dataclasses.fields(seen)}
    return dataclasses.replace(seen, **{name: value for name, value in changes.items() if name not in _OWN})


def _less(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case Observed(inner):
            yield "=hidden", HIDDEN
            yield from ((path, Observed(less)) for path, less in _less(inner))
        case Listing(items, gap):
            if gap is None:
                yield "=open", Listing(items, HIDDEN)
                yield "=unread", Listing((), HIDDEN)
                if len(items) > 1:
                    yield "=cut", Listing(items[:1], HIDDEN)
            yield from ((path, Listing(less, gap)) for path, less in _less(items))
        case Mapping():
            for name, item in value.items():
                for path, less in _less(item):
                    yield f"[{name}]{path}", {**value, name: less}
        case tuple():
            for number, item in enumerate(value):
                for path, less in _less(item):
                    yield f"[{number}]{path}", (*value[:number], less, *value[number + 1 :])
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, (type, Gap)):
            for field in dataclasses.fields(value):
                for path, less in _less(getattr(value, field.name)):
                    yield f".{field.name}{path}", dataclasses.replace(value, **{field.name: less})
        case _:
            pass  # a plain value holds nothing that could be hidden by itself


def _blind(value: Any) -> Any:
    match value:
        case Observed():
            return HIDDEN
        case Listing():
            return Listing((), HIDDEN)
        case Mapping():
            return {name: _blind(item) for name, item in value.items()}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, (type, Gap)):
            return dataclasses.replace(
                value, **{f.name: _blind(getattr(value, f.name)) for f in dataclasses.fields(value)}
            )
        case _:
            return value
