"""The trace matrix: requirement, section of the document, the rules that answer it, and their last result."""

from __future__ import annotations

from collections.abc import Iterable, Set

from mzaudit.audit.results import Report, Status
from mzaudit.policy.requirements import Requirement
from mzaudit.report.neutral import plain

# The worst first: a requirement is as well answered as its worst finding.
_WORST = (Status.FAIL, Status.INCONCLUSIVE, Status.WAIVED, Status.PASS, Status.NOT_APPLICABLE)


def matrix(requirements: Iterable[Requirement], codes: Set[str], last: Report | None) -> str:
    """One block a requirement. A rule that this version does not have is said to be missing; a requirement that no
    rule answers is manual, and how, never left out."""
    lines = []
    for requirement in requirements:
        lines.append(f"{requirement.id}  {plain(requirement.text)}")
        lines.append(f"        section  {plain(requirement.section)}")
        for code in requirement.answered_by:
            lines.append(f"        {code:<9}{_result(code, last) if code in codes else 'not decided by this version'}")
        if requirement.manual is not None:
            lines.append(f"        manual   {plain(requirement.manual)}")
    return "\n".join(lines)


def _result(code: str, last: Report | None) -> str:
    if last is None:
        return "decided by this rule"
    counts = {status: sum(f.rule == code and f.status is status for f in last.findings) for status in _WORST}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "not in this report"
