"""App Service plan SKUs: the family and size of each name.

Sources: Microsoft's pricing tiers of App Service plans and App Service Environments (the first Isolated: the
introduction to App Service Environment v2), and the instance sizes of Functions Premium and Logic Apps Standard. The
first Premium (P1 to P3) is left out: no page of Microsoft's was found that tells its sizes. Of a name that is neither
here nor in the policy nothing may be concluded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mzaudit.policy.models import PlanSize

BASIC: Final = "B"


@dataclass(frozen=True, slots=True)
class Sku:
    """One SKU: `name` in Azure's usual spelling, `family` as policies name it, size of one instance."""

    name: str
    family: str
    cores: int
    memory_gib: float

    def at_least(self, other: Sku) -> bool:
        """Whether it has at least the other's cores and at least its memory."""
        return self.cores >= other.cores and self.memory_gib >= other.memory_gib


_SIZES: Final[dict[str, tuple[int, float]]] = {
    "B1": (1, 1.75),
    "B2": (2, 3.5),
    "B3": (4, 7),
    "S1": (1, 1.75),
    "S2": (2, 3.5),
    "S3": (4, 7),
    "P1v2": (1, 3.5),
    "P2v2": (2, 7),
    "P3v2": (4, 14),
    "P0v3": (1, 4),
    "P1v3": (2, 8),
    "P2v3": (4, 16),
    "P3v3": (8, 32),
    "P1mv3": (2, 16),
    "P2mv3": (4, 32),
    "P3mv3": (8, 64),
    "P4mv3": (16, 128),
    "P5mv3": (32, 256),
    "P0v4": (1, 4),
    "P1v4": (2, 8),
    "P2v4": (4, 16),
    "P3v4": (8, 32),
    "P1mv4": (2, 16),
    "P2mv4": (4, 32),
    "P3mv4": (8, 64),
    "P4mv4": (16, 128),
    "P5mv4": (32, 256),
    "I1": (1, 3.5),
    "I2": (2, 7),
    "I3": (4, 14),
    "I1v2": (2, 8),
    "I2v2": (4, 16),
    "I3v2": (8, 32),
    "I4v2": (16, 64),
    "I5v2": (32, 128),
    "I6v2": (64, 256),
    "I1mv2": (2, 16),
    "I2mv2": (4, 32),
    "I3mv2": (8, 64),
    "I4mv2": (16, 128),
    "I5mv2": (32, 256),
    "I1v4": (2, 8),
    "I2v4": (4, 16),
    "I3v4": (8, 32),
    "I4v4": (16, 64),
    "I5v4": (32, 128),
    "I1mv4": (2, 16),
    "I2mv4": (4, 32),
    "I3mv4": (8, 64),
    "I4mv4": (16, 128),
    "I5mv4": (32, 256),
    "EP1": (1, 3.5),
    "EP2": (2, 7),
    "EP3": (4, 14),
    "WS1": (1, 3.5),
    "WS2": (2, 7),
    "WS3": (4, 14),
}
# Consumption, whose instances have no size that a plan's name tells.
_WITHOUT_SIZE: Final = frozenset({"y1", "fc1"})
FUNCTIONS: Final = frozenset({"Y", "FC", "EP"})
"""Families for function apps alone."""
_NAME: Final = re.compile(r"([A-Z]{1,3})[0-9]+((?:m?v[0-9]+)?)", re.IGNORECASE)


def family_of(name: str) -> str | None:
    """The family that a SKU's name tells (`P1mv3` is of `Pmv3`), as policies spell it; `None` for what is no SKU."""
    found = _NAME.fullmatch(name)
    return None if found is None else found[1].upper() + found[2].lower()


def is_known(name: str, given: Mapping[str, PlanSize]) -> bool:
    """Whether a policy can ask for that SKU at least: its size is known, or it is the only one of its family."""
    return name.casefold() in _WITHOUT_SIZE or sku(name, given) is not None


def sku(name: str, given: Mapping[str, PlanSize]) -> Sku | None:
    """The SKU of that name, compared without case, with the size that the policy has given, else the table's; `None`
    where neither has one."""
    family = family_of(name)
    if family is None:
        return None
    for known, size in given.items():
        if known.casefold() == name.casefold():
            return Sku(known, family, size.cores, size.memory_gib)
    return next((Sku(known, family, *_SIZES[known]) for known in _SIZES if known.casefold() == name.casefold()), None)
