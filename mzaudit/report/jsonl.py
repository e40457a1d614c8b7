"""JSON Lines: one finding a line, each with the run that it is of, for log stores and streams."""

from __future__ import annotations

import json
from typing import cast

from mzaudit.audit.results import Report
from mzaudit.report.json import document, inert


def render(report: Report) -> str:
    """One line a finding, in the report's order; a run without findings is an empty text."""
    whole = document(report)
    run = {"schema_version": whole["schema_version"], "tool": whole["tool"], "run": whole["run"]}
    # `document` types its values as objects; findings are a list of dicts by the report's declaration.
    findings = cast(list[dict[str, object]], whole["findings"])
    return "".join(inert(json.dumps(run | finding, ensure_ascii=False)) + "\n" for finding in findings)
