"""The trace matrix: requirement, section of the document, the rules that answer it, and how it fared."""

from __future__ import annotations

from collections.abc import Sequence, Set

from mzaudit.engine.results import Report, Status
from mzaudit.policy.requirements import Requirement
from mzaudit.report.escaping import plain
from mzaudit.report.requirement_matrix import matrix


def trace(requirements: Sequence[Requirement], codes: Set[str], last: Report | None) -> str:
    """One block a requirement, with the words of the matrix for each environment of the last report. A rule that this
    version does not have is said to be missing; a requirement that no rule answers is manual, and how, never left
    out."""
    cells = {} if last is None else {row.requirement: row.cells for row in matrix(requirements, last)}
    lines = []
    for requirement in requirements:
        lines.append(f"{requirement.id}  {plain(requirement.text)}")
        lines.append(_line("section", requirement.section))
        if last is not None:
            lines += [_line(env, cell.word) for env, cell in zip(last.environments, cells[requirement], strict=True)]
        for code in requirement.answered_by:
            lines.append(_line(code, _result(code, last) if code in codes else "not decided by this version"))
        if requirement.manual is not None:
            lines.append(_line("manual", requirement.manual))
    return "\n".join(lines)


def _line(label: str, text: str) -> str:
    return f"        {label:<8} {plain(text)}"


def _result(code: str, last: Report | None) -> str:
    if last is None:
        return "decided by this rule"
    counts = {status: sum(f.rule == code and f.status is status for f in last.findings) for status in Status}
    return ", ".join(f"{count:,} {status}" for status, count in counts.items() if count) or "not in this report"
