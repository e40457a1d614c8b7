"""A bench for each estate, and the place for the numbers that the tests show."""

from __future__ import annotations

import random
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

from tests.faults.bench import Bench
from tests.faults.targets import Target
from tests.promises.conftest import evidence

__all__ = ["benches", "cases", "evidence", "tried"]

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


@dataclass
class Tried:
    """Counts what became of runs, and says at once what was wrong: the end of a whole enumeration is far away."""

    evidence: Callable[[str, int], None]
    capfd: pytest.CaptureFixture[str]
    runs: int = 0
    bad: int = 0

    def one(self, name: str, look: Callable[[], list[str]]) -> bool:
        """Make one run, and note what it did wrong; whether it concluded what it must not."""
        crashed = False
        try:
            found = look()
        except Exception:  # noqa: BLE001 - whatever the product raises is what is looked for
            found, crashed = [traceback.format_exc()], True
        self.runs += 1
        self.bad += bool(found)
        self.evidence("crashes", crashed)
        self.evidence("leaks", sum("shows a secret" in said for said in found))
        if found:
            with self.capfd.disabled():
                sys.stderr.write(f"\n{name}\n  " + "\n  ".join(found[:5])[-2000:] + "\n")
        return any("became" in said for said in found)

    def well(self) -> None:
        assert self.bad == 0, f"{self.bad} of {self.runs}: said above, each as it was met"


@pytest.fixture
def tried(evidence: Callable[[str, int], None], capfd: pytest.CaptureFixture[str]) -> Tried:
    return Tried(evidence, capfd)
