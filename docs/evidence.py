"""The numbers behind the two promises: kept in docs/evidence.json, shown as a table in the README."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

KEPT = Path(__file__).parent / "evidence.json"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- evidence: written by `make evidence` -->", "<!-- end of evidence -->"
NONE = ("false conclusions", "false conclusions of pairs", "crashes", "leaks", "poisoned verdicts")
PAIRS = 5_000  # at least
ROWS = (
    "requests of a run, three estates",
    "faults",
    "requests × faults",
    "requests × faults tried",
    "requests × faults tried on the wire too",
    "contradictions tried",
    "false conclusions",
    "pairs of faults tried",
    "false conclusions of pairs",
    "crashes",
    "permissions removed",
    "canaries planted",
    "forced crashes",
    "outputs searched for secrets",
    "characters searched for secrets",
    "leaks",
    "hostile strings in Azure × formats",
    "hostile answers × formats",
    "hostile words in policies × formats",
    "hostile strings in saved reports × formats",
    "hostile strings in saved snapshots × formats",
    "fuzzed policies",
    "fuzzed snapshots",
    "fuzzed reports",
    "kills",
    "recorded responses read",
    "odd answers tried",
    "poisoned verdicts",
)
OPTIONAL = frozenset({"recorded responses read"})  # the recordings are no part of the project, and need not be there


class UnfitError(ValueError):
    """Numbers that are not those of a whole run in which all went well."""


def read(path: Path = KEPT) -> Mapping[str, int]:
    """The numbers of a file; raises UnfitError if they are not those of a whole run."""
    numbers: object = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(numbers, dict) or not all(type(number) is int for number in numbers.values()):
        raise UnfitError(f"{path}: expected names and whole numbers")
    wrong = []
    if missing := [name for name in ROWS if name not in numbers.keys() | OPTIONAL]:
        wrong.append(f"not gathered: {', '.join(missing)}")
    if unknown := sorted(numbers.keys() - set(ROWS)):
        wrong.append(f"unknown: {', '.join(unknown)}")
    there_are, tried = (numbers.get(name, 0) for name in ("requests × faults", "requests × faults tried"))
    if there_are != tried:
        wrong.append(f"{tried:,} of {there_are:,} requests × faults were tried")
    if (pairs := numbers.get("pairs of faults tried", PAIRS)) < PAIRS:
        wrong.append(f"{pairs:,} pairs of faults were tried, of at least {PAIRS:,}")
    wrong += [f"{name}: {numbers[name]:,}" for name in NONE if numbers.get(name)]
    if wrong:
        raise UnfitError(f"{path} is not fit to be shown: {'; '.join(wrong)}")
    return numbers


def table(numbers: Mapping[str, int]) -> str:
    """The README's table, between its markers."""
    rows = [f"| {name} | {numbers[name]:,} |" for name in ROWS if name in numbers]
    return "\n".join((BEGIN, "", "| what | how many |", "|---|---:|", *rows, "", END))


def shown(readme: str) -> str:
    """What stands in a README between the markers, the markers included; raises ValueError without them."""
    begin, end = readme.index(BEGIN), readme.index(END)
    return readme[begin : end + len(END)]


def keep(gathered: Path) -> None:
    """Keep the numbers that a run of the tests gathered, and show them; raises UnfitError, keeping nothing, where
    `read` refuses them."""
    numbers = read(gathered)
    KEPT.write_text(json.dumps(numbers, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    README.write_text(readme.replace(shown(readme), table(numbers)), encoding="utf-8")


if __name__ == "__main__":
    try:
        keep(Path(sys.argv[1]))
    except (OSError, UnfitError) as error:
        sys.exit(f"{error}; nothing was kept")
