"""What a rule can conclude, each with its proof; a verdict refuses to be empty."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.policy.enums import Severity
from mzaudit.snapshot.observed import Gap

Shown = str | int | float | bool | tuple[str, ...] | None


def shown(value: Shown) -> str:
    """One value of the evidence as words: those of every report, and of a waiver that accepts it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value) if value else "none"
        case "":
            return "(empty)"
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact of the proof: where it was read, what was wanted, what was seen. Dates, never ages; never a value
    of a secret or setting. `principal` is the object id of whoever holds access that is not documented, where that is
    the fact."""

    at: str
    expected: Shown
    observed: Shown
    note: str = ""
    principal: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """How to mend it: `az` commands with this estate's names (secrets as placeholders), the property to set in
    Bicep or Terraform, and the role that may do so. Never executed."""

    role: str
    commands: tuple[str, ...] = ()
    property: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """Seen to be as wanted."""

    evidence: tuple[Evidence, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError("a pass needs evidence")


@dataclass(frozen=True, slots=True)
class Fail:
    """Seen not to be as wanted. `note` is one sentence on what is wrong; `remediation` one on how to mend it;
    `severity` replaces the rule's own where this way of failing is weaker; `gaps` are then what was not read and may
    hide a worse one. `fix` is None where it is the policy that has to be mended, not Azure."""

    evidence: tuple[Evidence, ...]
    note: str
    remediation: str
    fix: Fix | None
    severity: Severity | None = None
    gaps: tuple[Gap, ...] = ()

    def __post_init__(self) -> None:
        if not (self.evidence and self.note and self.remediation):
            raise ValueError("a failure needs evidence, a note and a remediation")
        if self.fix is not None and not (self.fix.role and self.fix.commands and all(self.fix.commands)):
            raise ValueError("a fix needs the role that may run it, and a command")


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """Not seen, or not enough of it."""

    gaps: tuple[Gap, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if not self.gaps:
            raise ValueError("an inconclusive verdict needs a gap")


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The rule has nothing to ask of this subject, and why; `broken_link`: because of what a rule that this one
    `follows` fails for, which then is the cause."""

    because: str
    broken_link: bool = False

    def __post_init__(self) -> None:
        if not self.because:
            raise ValueError("not applicable needs a reason")


Verdict = Pass | Fail | Inconclusive | NotApplicable
