"""JSON Lines: one finding a line, each with the run that it is of, for log stores and streams."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.audit.results import Report
from mzaudit.report.json import finding, head
from mzaudit.report.json_text import line


def chunks(report: Report) -> Iterator[str]:
    """One line a finding, in the report's order; a run without findings is an empty text."""
    whole = head(report)
    run = {"schema_version": whole["schema_version"], "tool": whole["tool"], "run": whole["run"]}
    return (line(run | finding(one)) for one in report.findings)
