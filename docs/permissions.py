"""The page on permissions: which rules cannot be decided without each, seen by taking it away.

`python -m docs.permissions` runs the real collector against the simulated estate once a permission and writes
docs/permissions.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mzaudit.azure.required_permissions import DATABASE_NEEDS, EVENTS, NEEDS, DatabaseNeed, Role
from mzaudit.engine.results import Status
from tests.doctor.nights import BENDS, RIGHTS, Bend, Night, Right, bent, estate_for, night_of, restrict

FILE = Path(__file__).parent / "permissions.md"

_HEAD = """\
# Permissions

What the auditing identity needs, by role, and what each permission is for: `mzaudit doctor --role` prints these roles.
The right column was seen, not typed: each permission was taken away alone, and these rules could no longer be decided.
No other verdict changed. Written by `make docs`.
"""

_INSIDE = """\
## Inside each database

No role of Azure's gives these; `mzaudit doctor --sql` prints the statements that do. Each was taken away in every
database of the environment.

| permission | what for | without it |
|---|---|---|"""


@dataclass(frozen=True, slots=True)
class Removal:
    """Two runs over the same estate: with the recommended roles, and with one permission less."""

    need: Right
    before: Night
    after: Night

    @property
    def undecided(self) -> tuple[str, ...]:
        """The rules that became inconclusive."""
        pairs = zip(self.before.findings, self.after.findings, strict=True)
        return tuple(
            sorted({new.rule for old, new in pairs if old.status != new.status and new.status is Status.INCONCLUSIVE})
        )

    @property
    def says_less(self) -> tuple[str, ...]:
        """The rules that fail all the same, in other words."""
        pairs = zip(self.before.findings, self.after.findings, strict=True)
        return tuple(sorted({new.rule for old, new in pairs if old.status is new.status is Status.FAIL and old != new}))


def removal(need: Right) -> Removal:
    """Take one permission away: about a second."""
    estate = estate_for(need)
    restrict(estate, need)
    return Removal(need, _whole(BENDS.get(need)), night_of(estate))


@lru_cache
def _whole(mutate: Bend | None) -> Night:
    """The run with nothing taken away."""
    estate = bent(mutate)
    restrict(estate)
    return night_of(estate)


def page(rows: Mapping[Right, str]) -> str:
    """The page from the row of every permission."""
    parts = [_HEAD]
    for role in Role:
        lines = [f"## {role}", "", "| permission | where | without it |", "|---|---|---|"]
        lines += [rows[need] for need in NEEDS if need.role is role]
        parts.append("\n".join(lines) + "\n")
    lines = [_INSIDE, *(rows[need] for need in DATABASE_NEEDS)]
    parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def row(found: Removal) -> str:
    """One permission's row."""
    need = found.need
    if isinstance(need, DatabaseNeed):
        return f"| `{need.permission}` | {need.why} | {_cost(found)} |"
    data = " (data action)" if need.data else ""
    spelled = f"`{need.permission}`{data}" + (f", when {need.when}" if need.when else "")
    return f"| {spelled} | {need.at} | {_cost(found)} |"


def _cost(found: Removal) -> str:
    if found.need == EVENTS:
        return "no rule: it is not told who changed what fails"
    if found.undecided:
        return "undecided: " + ", ".join(found.undecided)
    if found.says_less:
        return "fails all the same, without the fix: " + ", ".join(found.says_less)
    return "no rule of this version"


def main() -> None:
    """Write the page."""
    FILE.write_text(page({need: row(removal(need)) for need in RIGHTS}), encoding="utf-8")


if __name__ == "__main__":
    main()
