"""App Service plan SKUs: the family and size of each name.

Sources: App Service plan and App Service Environment v3 pricing tiers, Microsoft. A name that is not here is unknown:
nothing may be concluded about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

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


_SIZES: Final[dict[str, dict[str, tuple[int, float]]]] = {
    BASIC: {"B1": (1, 1.75), "B2": (2, 3.5), "B3": (4, 7)},
    "S": {"S1": (1, 1.75), "S2": (2, 3.5), "S3": (4, 7)},
    "Pv2": {"P1v2": (1, 3.5), "P2v2": (2, 7), "P3v2": (4, 14)},
    "Pv3": {"P0v3": (1, 4), "P1v3": (2, 8), "P2v3": (4, 16), "P3v3": (8, 32)},
    "Pmv3": {"P1mv3": (2, 16), "P2mv3": (4, 32), "P3mv3": (8, 64), "P4mv3": (16, 128), "P5mv3": (32, 256)},
    "Pv4": {"P0v4": (1, 4), "P1v4": (2, 8), "P2v4": (4, 16), "P3v4": (8, 32)},
    "Pmv4": {"P1mv4": (2, 16), "P2mv4": (4, 32), "P3mv4": (8, 64), "P4mv4": (16, 128), "P5mv4": (32, 256)},
    "Iv2": {
        "I1v2": (2, 8),
        "I2v2": (4, 16),
        "I3v2": (8, 32),
        "I4v2": (16, 64),
        "I5v2": (32, 128),
        "I6v2": (64, 256),
    },
}
_BY_NAME: Final = {
    name.casefold(): Sku(name, family, cores, memory)
    for family, sizes in _SIZES.items()
    for name, (cores, memory) in sizes.items()
}


def sku(name: str) -> Sku | None:
    """The SKU of that name, compared without case; `None` for one that the table does not list."""
    return _BY_NAME.get(name.casefold())
