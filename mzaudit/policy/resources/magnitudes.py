"""Which of two values is the greater: numbers, dotted versions, TLS versions as Azure spells them, plan SKUs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mzaudit.policy.skus import sku

if TYPE_CHECKING:
    from mzaudit.policy.models import PlanSize

Plain = str | int | float | bool

_TLS: Final = re.compile(r"TLS[ _v]{0,2}(\d)[._]?(\d)?", re.IGNORECASE)
_VERSION: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}")


def at_least(one: Plain, other: Plain, sizes: Mapping[str, PlanSize]) -> bool | None:
    """Whether the first is as great as the second or greater; None where the two cannot be compared."""
    if isinstance(one, bool) or isinstance(other, bool):
        return None
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one >= other if math.isfinite(one) and math.isfinite(other) else None
    versions = _version(one), _version(other)
    if versions[0] is not None and versions[1] is not None:
        return versions[0] >= versions[1]
    plans = sku(str(one), sizes), sku(str(other), sizes)
    return plans[0].at_least(plans[1]) if plans[0] is not None and plans[1] is not None else None


def has_magnitude(value: Plain, sizes: Mapping[str, PlanSize]) -> bool:
    """Whether something can be greater or smaller than this."""
    return at_least(value, value, sizes) is not None


def same_tls_version(one: Plain, other: Plain) -> bool:
    """Whether two texts are one version of TLS, at least one of them as Azure spells it: `TLS1_2`, `Tls12`, `1.2`."""
    if isinstance(one, bool) or isinstance(other, bool) or not any(_TLS.fullmatch(str(each)) for each in (one, other)):
        return False
    version = _version(one)
    return bool(version) and version == _version(other)


def _version(value: Plain) -> tuple[int, ...] | None:
    text = str(value).strip()
    if tls := _TLS.fullmatch(text):
        found = [int(tls[1]), int(tls[2] or 0)]
    elif _VERSION.fullmatch(text):
        found = [int(part) for part in text.split(".")]
    else:
        return None
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)
