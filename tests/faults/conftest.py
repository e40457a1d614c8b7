"""A bench for each estate, and the place for the numbers that the tests show."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.faults.bench import Bench
from tests.faults.targets import Target
from tests.promises.conftest import evidence

__all__ = ["benches", "cases", "evidence"]

ESTATES = ("compliant", "drifted", "compliant, by lists")


@dataclass(frozen=True, order=True)
class Case:
    """One run to make: the request of an estate that meets a fault."""

    estate: str
    target: Target
    fault: str

    def __str__(self) -> str:
        return f"{self.estate}: {self.fault} at {self.target}"


@pytest.fixture(scope="package")
def benches() -> Iterator[Mapping[str, Bench]]:
    """The estates, served while this folder's tests run."""
    made = {
        "compliant": Bench("compliant"),
        "drifted": Bench("drifted"),
        "compliant, by lists": Bench("compliant", many=1),  # as an estate of many apps is read
    }
    assert tuple(made) == ESTATES
    yield made
    for bench in made.values():
        bench.close()


@pytest.fixture(scope="package")
def cases(benches: Mapping[str, Bench]) -> Sequence[Case]:
    """Every request of a run over any of the estates with every fault that it can meet; what several runs ask for, on
    one of them, drawn by seeded dice."""
    dice = random.Random(6)
    askers: dict[tuple[Target, str], list[str]] = {}
    for estate in ESTATES:
        for pair in benches[estate].pairs:
            askers.setdefault(pair, []).append(estate)
    return sorted(Case(dice.choice(estates), *pair) for pair, estates in askers.items())
