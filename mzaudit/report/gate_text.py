"""What a report means for a pipeline: the exit code and the verdict as a sentence."""

from __future__ import annotations

from mzaudit.engine.results import Finding, Gate, Report, Status, breaks, partly_unseen, violates
from mzaudit.policy.enums import counted


def exit_code(report: Report) -> int:
    """0, 1 or 3 of the exit-code table: what a run that made this report exits with."""
    match report.summary.gate:
        case Gate.PASSED:
            return 0
        case Gate.FAILED:
            return 1
        case Gate.INCOMPLETE:
            return 0 if report.run.allow_incomplete else 3


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
            gating = len(report.gating())
            also = f"; {unseen}" if report.summary.inconclusive else ""
            return f"{counted(gating, noun)} at or above {report.run.fail_on}{besides}{also}"
        case Gate.INCOMPLETE:
            return f"no {noun} at or above {report.run.fail_on}{besides}, but {unseen}"


def evaluated(report: Report) -> bool:
    """Whether anything at all was decided."""
    return bool(report.summary.passed + report.summary.failed + report.summary.waived)


def known(report: Report) -> tuple[Finding, ...]:
    """The violations at or above the threshold that do not break the gate, because the baseline had them too."""
    gating = set(map(id, report.gating()))
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
        return "not everything was read beside a lesser violation"
    return "nothing was evaluated"
