"""The numbers that the README shows are those that were gathered, and are not of an older run than today's would be."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from docs.evidence import BEGIN, END, KEPT, README, read, shown, table
from tests.faults.bench import Bench
from tests.faults.catalogue import FAULTS
from tests.faults.conftest import ESTATES
from tests.faults.test_law6 import every_case

gathered = pytest.mark.skipif(not KEPT.exists(), reason="`make evidence` has not been run")
NONE = ("false conclusions", "crashes", "leaks")


@gathered
def test_the_readme_shows_the_kept_numbers() -> None:
    assert shown(README.read_text()) == table(read())


@gathered
def test_what_must_not_happen_did_not() -> None:
    assert {name: read()[name] for name in NONE} == dict.fromkeys(NONE, 0)


@gathered
def test_the_numbers_are_those_of_today(benches: Mapping[str, Bench]) -> None:
    """A request or a fault that came since must be met too: run `make evidence` again."""
    kept = read()
    assert kept["requests of a run, both estates"] == sum(len(benches[each].targets) for each in ESTATES)
    assert kept["faults"] == len(FAULTS)
    assert kept["requests × faults tried"] == len(every_case(benches))


def test_the_table_is_found_again_in_a_readme() -> None:
    made = table({"tried": 1234, "crashes": 0})
    assert shown(f"before\n{made}\nafter") == made
    assert made.startswith(BEGIN)
    assert made.endswith(END)
    assert "| tried | 1,234 |" in made
