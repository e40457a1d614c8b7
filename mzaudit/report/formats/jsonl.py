"""JSON Lines, for log stores and streams: the run, then one finding a line, each with the run that it is of."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.engine.results import Report
from mzaudit.report.formats.json import finding, head
from mzaudit.report.json_text import line


def chunks(report: Report) -> Iterator[str]:
    """A line of `type` run with the counts and the gate, so that a run without findings is seen too; then one of `type`
    finding for each, in the report's order."""
    whole = head(report)
    run = {"schema_version": whole["schema_version"], "tool": whole["tool"], "run": whole["run"]}
    yield line({"type": "run"} | run | {"summary": whole["summary"]})
    for one in report.findings:
        yield line({"type": "finding"} | run | finding(one))
