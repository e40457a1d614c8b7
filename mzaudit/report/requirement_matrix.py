"""Requirement × environment: what the findings of each environment say of each documented statement.

Which rules answer a requirement says the catalogue alone (`answered_by`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mzaudit.diagram.element_status import fared, links
from mzaudit.engine.results import Cause, ElementStatus, Finding, Report, Status
from mzaudit.policy.requirements import Requirement

_WORDS = {
    ElementStatus.VIOLATED: "violated",
    ElementStatus.NOT_SEEN: "not seen",
    ElementStatus.WAIVED: "waived",
    ElementStatus.PASSED: "passed",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One requirement in one environment. `mark` is None where no rule has anything to say; `open` are the findings
    that keep it from passing, each rule's first; `undecided` the rules that should answer it and have no finding in
    this report; `off` those that the policy switches off there; `by_hand`, whether a person has to look (at the rest,
    where rules see a part)."""

    env: str
    mark: ElementStatus | None
    open: tuple[Finding, ...]
    passed: int
    undecided: tuple[str, ...]
    off: tuple[str, ...]
    by_hand: bool

    @property
    def word(self) -> str:
        """How the requirement fared, for a reader. What a person has to look at never simply passed."""
        if self.mark is None:
            words = ["switched off"] if self.off else [] if self.by_hand else ["nothing to ask"]
        else:
            words = [_WORDS[self.mark], *(["partly switched off"] if self.off else [])]
        rest = "the rest by hand" if words else "by hand"
        return ", ".join((*words, rest) if self.by_hand else words)


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement, and its cell for each environment of the run."""

    requirement: Requirement
    cells: tuple[Cell, ...]

    @property
    def alike(self) -> tuple[tuple[Cell, ...], ...]:
        """The cells that say the same together, the worst first."""
        groups: dict[tuple[ElementStatus | None, str], list[Cell]] = {}
        for cell in self.cells:
            groups.setdefault((cell.mark, cell.word), []).append(cell)
        order = [*_WORDS, None]
        return tuple(tuple(groups[each]) for each in sorted(groups, key=lambda each: (order.index(each[0]), each[1])))


def matrix(requirements: Sequence[Requirement], report: Report) -> tuple[Row, ...]:
    """A row for each requirement, with a cell for each environment of the report."""
    causes = links(report.findings)
    by_place: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.findings:
        by_place.setdefault((finding.rule, finding.env), []).append(finding)

    def cell(requirement: Requirement, env: str) -> Cell:
        codes = tuple(dict.fromkeys(requirement.answered_by))
        findings = [finding for code in codes for finding in by_place.get((code, env), ())]
        undecided = tuple(code for code in codes if (code, env) not in by_place)
        open_ = blamed(findings, causes)
        passed = sum(finding.status is Status.PASS for finding in findings)
        mark = fared(findings, causes) if open_ or passed or undecided else None
        if undecided and mark in (ElementStatus.PASSED, ElementStatus.WAIVED):
            mark = ElementStatus.NOT_SEEN
        off = tuple(dict.fromkeys(finding.rule for finding in findings if finding.off))
        return Cell(env, mark, open_, passed, undecided, off, requirement.manual is not None)

    return tuple(
        Row(requirement, tuple(cell(requirement, env) for env in report.environments)) for requirement in requirements
    )


def blamed(findings: Iterable[Finding], causes: Mapping[tuple[str, Cause], Finding]) -> tuple[Finding, ...]:
    """What keeps these findings from passing: the failed, waived and inconclusive ones, and the causes (`links` of the
    report) of those that do not apply; the first of each rule, the failed ones first."""
    told = [causes.get((f.env, f.cause), f) if f.cause else f for f in findings]
    order = (Status.FAIL, Status.INCONCLUSIVE, Status.WAIVED)
    first: dict[tuple[str, str], Finding] = {}
    for status in order:
        for finding in told:
            if finding.status is status:
                first.setdefault((finding.rule, finding.env), finding)
    return tuple(first.values())
