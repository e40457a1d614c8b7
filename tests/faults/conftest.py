"""A bench for each estate, and the place for the numbers that the tests show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.faults.bench import Bench
from tests.promises.conftest import evidence

__all__ = ["benches", "evidence"]

ESTATES = ("compliant", "drifted")


@pytest.fixture(scope="package")
def benches() -> Iterator[Mapping[str, Bench]]:
    """The estates, served while this folder's tests run."""
    made = {estate: Bench(estate) for estate in ESTATES}
    yield made
    for bench in made.values():
        bench.close()
