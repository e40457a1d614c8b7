"""The numbers that the README shows are those that were gathered, and are not of an older run than today's would be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from docs.evidence import BEGIN, END, KEPT, NONE, OPTIONAL, PAIRS, README, ROWS, UnfitError, read, shown, table
from tests.faults.bench import Bench
from tests.faults.catalogue import FAULTS
from tests.faults.conftest import ESTATES, Case

KNOWN: dict[str, int] = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
gathered = pytest.mark.skipif(
    not KNOWN.keys() >= set(ROWS) - OPTIONAL, reason="`make evidence` has not been run since a row was added"
)


@gathered
def test_the_readme_shows_the_kept_numbers() -> None:
    assert shown(README.read_text()) == table(read())


@gathered
def test_the_numbers_are_those_of_today(benches: Mapping[str, Bench], cases: Sequence[Case]) -> None:
    """A request or a fault that came since must be met too: run `make evidence` again."""
    kept = read()
    assert kept["requests of a run, three estates"] == sum(len(benches[each].targets) for each in ESTATES)
    assert kept["faults"] == len(FAULTS)
    assert kept["requests × faults tried"] == len(cases)


WHOLE = {name: 0 if name in NONE else 1200 for name in ROWS} | {"pairs of faults tried": PAIRS}


def test_every_row_is_counted_by_a_test_and_every_count_has_a_row() -> None:
    folders = (Path(__file__).parents[1] / name for name in ("faults", "promises", "corpus", "doctor", "odd"))
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.py")]
    counted = {name for text in texts for name in re.findall(r'\bevidence\(\s*"([^"]+)"', text)}
    assert counted == set(ROWS)


def kept(folder: Path, numbers: object) -> Path:
    file = folder / "evidence.json"
    file.write_text(json.dumps(numbers))
    return file


def test_the_table_is_found_again_in_a_readme() -> None:
    made = table(WHOLE)
    assert shown(f"before\n{made}\nafter") == made
    assert made.startswith(BEGIN)
    assert made.endswith(END)
    assert "| requests × faults tried | 1,200 |" in made


def test_a_whole_run_is_read(tmp_path: Path) -> None:
    assert read(kept(tmp_path, WHOLE)) == WHOLE


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([], "expected names and whole numbers"),
        ({**WHOLE, "leaks": "none"}, "expected names and whole numbers"),
        ({name: WHOLE[name] for name in ROWS if name != "leaks"}, "not gathered: leaks"),
        ({**WHOLE, "smiles": 1}, "unknown: smiles"),
        ({**WHOLE, "requests × faults tried": 1100}, "1,100 of 1,200 requests × faults were tried"),
        ({**WHOLE, "pairs of faults tried": 24}, "24 pairs of faults were tried, of at least 5,000"),
        ({**WHOLE, "crashes": 1}, "crashes: 1"),
    ],
    ids=["a list", "a word", "a part that is missing", "an unknown part", "a share not tried", "few pairs", "a crash"],
)
def test_a_run_in_part_is_refused(numbers: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnfitError, match=said):
        read(kept(tmp_path, numbers))
