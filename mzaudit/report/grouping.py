"""Findings brought together as people read them: by rule, by the cause they follow from, by the fix they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mzaudit.engine.results import BaselineState, Cause, Finding, Report, Status
from mzaudit.engine.verdict import shown as shown  # beside what else is put on paper
from mzaudit.report.gap_advice import advice
from mzaudit.snapshot.observed import Gap


@dataclass(frozen=True, slots=True)
class Unseen:
    """What one fix would let us see: the gaps that it closes and the findings that wait for it."""

    fix: str
    gaps: tuple[Gap, ...]
    findings: tuple[Finding, ...]


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """By severity, else in the report's order."""
    return tuple(sorted(findings, key=lambda f: f.severity.rank))


def with_status(report: Report, status: Status) -> tuple[Finding, ...]:
    """The findings of one status, in the report's order."""
    return tuple(f for f in report.findings if f.status is status)


def resolved(report: Report) -> tuple[Finding, ...]:
    """What failed in the baseline and was now seen to be as wanted."""
    return tuple(f for f in report.findings if f.baseline is not None and f.baseline.state is BaselineState.RESOLVED)


def subject(finding: Finding, report: Report) -> str:
    """The subject's name, with its environment where the run has several."""
    return finding.subject.name if len(report.environments) == 1 else f"{finding.env}: {finding.subject.name}"


def by_rule(findings: Iterable[Finding]) -> Mapping[str, tuple[Finding, ...]]:
    """Findings by the code of their rule, both in the order in which they come."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    return {code: tuple(group) for code, group in groups.items()}


def by_rule_and_note(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Findings of which one rule says the same, in the order in which they come."""
    groups: dict[tuple[str, Cause | None, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.cause, finding.note), []).append(finding)
    return tuple(tuple(group) for group in groups.values())


def batches(findings: Sequence[Finding], size: int) -> Iterator[Sequence[Finding]]:
    """The findings, at most `size` at a time."""
    return (findings[start : start + size] for start in range(0, len(findings), size))


def followers(report: Report) -> Mapping[tuple[str, Cause], tuple[Finding, ...]]:
    """By environment and cause: the findings that do not apply because of it.

    Causes that the report does not hold are left out: what follows from them has no other place to be shown.
    """
    there = {link(finding) for finding in report.findings}
    groups: dict[tuple[str, Cause], list[Finding]] = {}
    for finding in with_status(report, Status.NOT_APPLICABLE):
        if finding.cause is not None and (finding.env, finding.cause) in there:
            groups.setdefault((finding.env, finding.cause), []).append(finding)
    return {cause: tuple(group) for cause, group in groups.items()}


def unexplained(report: Report) -> tuple[Finding, ...]:
    """The findings that do not apply and have no place below a finding of this report."""
    explained = {finding for group in followers(report).values() for finding in group}
    return tuple(f for f in with_status(report, Status.NOT_APPLICABLE) if f not in explained)


def link(finding: Finding) -> tuple[str, Cause]:
    """What other findings call this one when it is their cause, with its environment."""
    return finding.env, finding.as_cause


def unseen(report: Report) -> tuple[Unseen, ...]:
    """Inconclusive findings by what would fix them, the fix that helps most first; one that waits for several
    fixes stands under each."""
    gaps: dict[str, dict[Gap, None]] = {}
    waiting: dict[str, dict[Finding, None]] = {}
    for finding in with_status(report, Status.INCONCLUSIVE):
        for fix, gap in ((advice(gap), gap) for gap in finding.gaps):
            gaps.setdefault(fix, {})[gap] = None
            waiting.setdefault(fix, {})[finding] = None
    groups = [Unseen(fix, tuple(gaps[fix]), tuple(waiting[fix])) for fix in gaps]
    return tuple(sorted(groups, key=lambda group: (-len(group.findings), group.fix)))
