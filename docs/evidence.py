"""The numbers behind the two promises: kept in docs/evidence.json, shown as a table in the README."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

KEPT = Path(__file__).parent / "evidence.json"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- evidence: written by `make evidence` -->", "<!-- end of evidence -->"


def read(path: Path = KEPT) -> Mapping[str, int]:
    """The numbers of a file; raises ValueError if it holds anything else."""
    numbers: object = json.loads(path.read_text())
    if not isinstance(numbers, dict) or not all(isinstance(number, int) for number in numbers.values()):
        raise ValueError(f"{path}: expected names and whole numbers")
    return numbers


def table(numbers: Mapping[str, int]) -> str:
    """The README's table, between its markers."""
    rows = [f"| {name} | {number:,} |" for name, number in sorted(numbers.items())]
    return "\n".join((BEGIN, "", "| what | how many |", "|---|---:|", *rows, "", END))


def shown(readme: str) -> str:
    """What stands in a README between the markers, the markers included; raises ValueError without them."""
    begin, end = readme.index(BEGIN), readme.index(END)
    return readme[begin : end + len(END)]


def keep(gathered: Path) -> None:
    """Keep the numbers that a run of the tests gathered, and show them."""
    numbers = read(gathered)
    KEPT.write_text(json.dumps(numbers, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    readme = README.read_text()
    README.write_text(readme.replace(shown(readme), table(numbers)))


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
