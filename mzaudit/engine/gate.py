"""The gate: which findings break it, the exit code, and the verdict in words. Every format and command asks here."""

from __future__ import annotations

from mzaudit import exit_codes
from mzaudit.engine.results import BaselineState, Finding, Gate, Report, Status, Summary
from mzaudit.policy.enums import Severity, counted


def violates(finding: Finding, fail_on: Severity) -> bool:
    """Whether a finding is a violation at or above the threshold."""
    return finding.status is Status.FAIL and finding.severity.rank <= fail_on.rank


def breaks(finding: Finding, fail_on: Severity, *, only_new: bool) -> bool:
    """Whether a finding breaks the gate: a violation at or above the threshold; with `only_new` none that the
    baseline had too, unless a waiver of it has expired: that it was known is what the waiver said."""
    old = finding.baseline is not None and finding.baseline.state is BaselineState.UNCHANGED
    expired = finding.waiver is not None and finding.waiver.expired
    return violates(finding, fail_on) and not (only_new and old and not expired)


def breaking(report: Report) -> tuple[Finding, ...]:
    """The violations that break the gate: the first ones to read."""
    return tuple(f for f in report.findings if breaks(f, report.run.fail_on, only_new=report.only_new))


def partly_unseen(finding: Finding) -> bool:
    """Whether something was not read that could make the finding worse: an inconclusive one, or a failure that was
    found at a lower severity than its rule's beside what was not read."""
    return finding.status is Status.INCONCLUSIVE or (finding.status is Status.FAIL and bool(finding.gaps))


def summarise(findings: tuple[Finding, ...], fail_on: Severity, *, only_new: bool = False) -> Summary:
    """Count, and decide the gate: a violation wins over incompleteness; nothing evaluated is incomplete."""
    counts = {status: sum(f.status is status for f in findings) for status in Status}
    evaluated = counts[Status.PASS] + counts[Status.FAIL] + counts[Status.WAIVED]
    if any(breaks(finding, fail_on, only_new=only_new) for finding in findings):
        gate = Gate.FAILED
    elif any(map(partly_unseen, findings)) or not evaluated:
        gate = Gate.INCOMPLETE
    else:
        gate = Gate.PASSED
    return Summary(
        counts[Status.PASS],
        counts[Status.FAIL],
        counts[Status.INCONCLUSIVE],
        counts[Status.NOT_APPLICABLE],
        counts[Status.WAIVED],
        gate,
    )


def exit_code(report: Report) -> int:
    """What a run that made this report exits with."""
    match report.summary.gate:
        case Gate.PASSED:
            return exit_codes.PASSED
        case Gate.FAILED:
            return exit_codes.VIOLATION
        case Gate.INCOMPLETE:
            return exit_codes.PASSED if report.run.allow_incomplete else exit_codes.INCOMPLETE


def verdict(report: Report) -> str:
    """The verdict in capitals: never `PASSED` alone when something was not seen."""
    match report.summary.gate:
        case Gate.PASSED:
            return "GATE PASSED"
        case Gate.FAILED:
            return "GATE FAILED"
        case Gate.INCOMPLETE:
            return "INCOMPLETE, allowed" if report.run.allow_incomplete else "INCOMPLETE"


def reason(report: Report) -> str:
    """Why the gate says so, in one sentence without the full stop."""
    unseen = _unseen(report)
    noun = "new violation" if report.only_new else "violation"
    old = len(known(report))
    besides = f", {old:,} known from the baseline" if old else ""
    match report.summary.gate:
        case Gate.PASSED:
            return f"no {noun} at or above {report.run.fail_on}{besides}, and everything was read"
        case Gate.FAILED:
            also = f"; {unseen}" if report.summary.inconclusive else ""
            return f"{counted(len(breaking(report)), noun)} at or above {report.run.fail_on}{besides}{also}"
        case Gate.INCOMPLETE:
            return f"no {noun} at or above {report.run.fail_on}{besides}, but {unseen}"


def evaluated(report: Report) -> bool:
    """Whether anything at all was decided."""
    return bool(report.summary.passed + report.summary.failed + report.summary.waived)


def known(report: Report) -> tuple[Finding, ...]:
    """The violations at or above the threshold that do not break the gate, because the baseline had them too."""
    gating = set(map(id, breaking(report)))
    return tuple(f for f in report.findings if violates(f, report.run.fail_on) and id(f) not in gating)


def breaks_gate(finding: Finding, report: Report) -> bool:
    """Whether this finding alone makes the exit code another than 0."""
    unseen = partly_unseen(finding) and not report.run.allow_incomplete
    return unseen or breaks(finding, report.run.fail_on, only_new=report.only_new)


def below(report: Report) -> tuple[Finding, ...]:
    """The violations under the threshold: shown, but they do not break the gate."""
    return tuple(f for f in report.findings if f.status is Status.FAIL and not violates(f, report.run.fail_on))


def _unseen(report: Report) -> str:
    if report.summary.inconclusive:
        count = report.summary.inconclusive
        return f"{counted(count, 'finding')} {'is' if count == 1 else 'are'} inconclusive"
    if any(map(partly_unseen, report.findings)):
        return "a lesser violation, and not everything was read"
    return "nothing was evaluated"
