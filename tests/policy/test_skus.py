"""App Service SKUs: sizes, families, and what is not known."""

from __future__ import annotations

import pytest

from mzaudit.policy.models import PlanSize
from mzaudit.policy.skus import Sku, family_of, sku

SIZES = {
    "B1": ("B", 1, 1.75),
    "B2": ("B", 2, 3.5),
    "b3": ("B", 4, 7),
    "S2": ("S", 2, 3.5),
    "P1V2": ("Pv2", 1, 3.5),
    "P0v3": ("Pv3", 1, 4),
    "P1V3": ("Pv3", 2, 8),
    "p2v3": ("Pv3", 4, 16),
    "P1mv3": ("Pmv3", 2, 16),
    "P5mv3": ("Pmv3", 32, 256),
    "P1v4": ("Pv4", 2, 8),
    "P2mv4": ("Pmv4", 4, 32),
    "I1v2": ("Iv2", 2, 8),
    "I6V2": ("Iv2", 64, 256),
    "I1MV2": ("Imv2", 2, 16),
    "I5mv2": ("Imv2", 32, 256),
    "I3v4": ("Iv4", 8, 32),
    "I2mv4": ("Imv4", 4, 32),
    "P4mv4": ("Pmv4", 16, 128),
    "I1": ("I", 1, 3.5),
    "EP2": ("EP", 2, 7),
    "ws1": ("WS", 1, 3.5),
}


@pytest.mark.parametrize("name", SIZES)
def test_size(name: str) -> None:
    found = sku(name, {})
    assert found is not None
    assert (found.family, found.cores, found.memory_gib) == SIZES[name]


@pytest.mark.parametrize("name", ["", "F1", "D1", "Y1", "FC1", "P1v5", "P1", "p3", "P4", "Basic", " B2"])
def test_not_listed(name: str) -> None:
    assert sku(name, {}) is None


def test_the_policys_size_counts() -> None:
    given = {"FC1": PlanSize(cores=1, memory_gib=2), "B2": PlanSize(cores=3, memory_gib=5.5)}
    assert [sku(name, given) for name in ("fc1", "B2")] == [Sku("FC1", "FC", 1, 2), Sku("B2", "B", 3, 5.5)]


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("P1MV3", "Pmv3"),
        ("b1", "B"),
        ("EP1", "EP"),
        ("I6mv2", "Imv2"),
        ("P1v9", "Pv9"),
        ("PremiumV3", None),
        ("", None),
    ],
)
def test_the_name_tells_the_family(name: str, family: str | None) -> None:
    assert family_of(name) == family


@pytest.mark.parametrize(
    ("one", "other", "enough"),
    [
        ("P2v3", "P2v3", True),
        ("P2mv3", "P2v3", True),
        ("I2v2", "P2v3", True),
        ("P1mv3", "P2v3", False),
        ("P3v2", "P2v3", False),
        ("P0v3", "B2", False),
        ("B2", "P0v3", False),
    ],
)
def test_order_is_partial(one: str, other: str, enough: bool) -> None:
    left, right = sku(one, {}), sku(other, {})
    assert left is not None
    assert right is not None
    assert left.at_least(right) is enough
