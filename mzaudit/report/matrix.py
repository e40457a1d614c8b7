"""Requirement × environment: what the findings of each environment say of each documented statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mzaudit.audit.marks import fared, links
from mzaudit.audit.results import Finding, Mark, Report, Status
from mzaudit.policy.requirements import Requirement


@dataclass(frozen=True, slots=True)
class Cell:
    """One requirement in one environment: `open` are the findings that keep it from passing, each rule's first;
    `undecided` the rules that should answer it and have no finding in this report."""

    mark: Mark
    open: tuple[Finding, ...]
    passed: int
    undecided: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement, and its cell for each environment of the run."""

    requirement: Requirement
    cells: tuple[Cell, ...]


def matrix(report: Report) -> tuple[Row, ...]:
    """A row for each requirement of the policy's catalogue."""
    causes = links(report.findings)
    by_place: dict[tuple[str, str], list[Finding]] = {}
    for finding in report.findings:
        for requirement in finding.requirements:
            by_place.setdefault((requirement, finding.env), []).append(finding)

    def cell(requirement: Requirement, env: str) -> Cell:
        findings = by_place.get((requirement.id, env), [])
        answered = {finding.rule for finding in findings}
        undecided = tuple(rule for rule in requirement.answered_by if rule not in answered)
        mark = fared(findings, causes)
        if undecided and mark in (Mark.PASSED, Mark.WAIVED):
            mark = Mark.NOT_SEEN
        passed = sum(finding.status is Status.PASS for finding in findings)
        return Cell(mark, blamed(findings, causes), passed, undecided)

    return tuple(
        Row(requirement, tuple(cell(requirement, env) for env in report.environments))
        for requirement in report.requirements
    )


def blamed(findings: Iterable[Finding], causes: Mapping[tuple[str, str], Finding]) -> tuple[Finding, ...]:
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
