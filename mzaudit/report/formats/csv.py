"""CSV, quoted as RFC 4180 says: one finding a row, for a spreadsheet. No cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from mzaudit.engine.gate import breaks_gate, verdict
from mzaudit.engine.results import Finding, Report
from mzaudit.engine.verdict import Evidence
from mzaudit.report.details import call, changed, waived
from mzaudit.report.escaping import cell
from mzaudit.report.gap_advice import advice
from mzaudit.report.grouping import shown
from mzaudit.report.summary import caveats, utc

# Evidence, gaps and commands are lists: they stand in one cell each, one behind the other.
COLUMNS: Mapping[str, Callable[[Finding, Report], str]] = MappingProxyType(
    {
        "environment": lambda finding, _: finding.env,
        "rule": lambda finding, _: finding.rule,
        "slug": lambda finding, _: finding.slug,
        "title": lambda finding, _: finding.title,
        "status": lambda finding, _: finding.status,
        "severity": lambda finding, _: finding.severity,
        "breaks_gate": lambda finding, report: "yes" if breaks_gate(finding, report) else "no",
        "kind": lambda finding, _: finding.subject.kind,
        "subject": lambda finding, _: finding.subject.name,
        "resource_id": lambda finding, _: finding.subject.id,
        "note": lambda finding, _: finding.note,
        "evidence": lambda finding, _: _listed(map(_fact, finding.evidence)),
        "unseen": lambda finding, _: _listed(map(call, finding.gaps)),
        "unseen_fix": lambda finding, _: _listed(dict.fromkeys(map(advice, finding.gaps))),
        "cause": lambda finding, _: str(finding.cause or ""),
        "baseline": lambda finding, _: finding.baseline.state if finding.baseline is not None else "",
        "first_seen": lambda finding, _: utc(finding.baseline.first_seen) if finding.baseline is not None else "",
        "changed": lambda finding, _: _listed(text for _, text in changed(finding)),
        "waiver": lambda finding, _: waived(finding.waiver) if finding.waiver is not None else "",
        "requirements": lambda finding, _: ", ".join(finding.requirements),
        "policy": lambda finding, _: finding.policy,
        "remediation": lambda finding, _: finding.remediation,
        "role": lambda finding, _: finding.fix.role if finding.fix is not None else "",
        "commands": lambda finding, _: _listed(finding.fix.commands) if finding.fix is not None else "",
        "fingerprint": lambda finding, _: finding.fingerprint,
    }
)
# The same in every row.
OF_THE_RUN: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {
        "verdict": lambda report: verdict(report),
        "read": lambda report: utc(report.run.started),
        "source": lambda report: report.run.source,
        "caveats": lambda report: _listed(f"{word}: {said}" for word, said in caveats(report)),
        "compared_with": lambda report: report.run.baseline.report if report.run.baseline is not None else "",
        "mzaudit_version": lambda report: report.tool.version,
    }
)


def chunks(report: Report) -> Iterator[str]:
    """The header, then a row a finding in the report's order; every row tells the run's verdict too."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow([*COLUMNS, *OF_THE_RUN])
    of_the_run = [cell(column(report)) for column in OF_THE_RUN.values()]
    for finding in report.findings:
        yield _taken(line)
        writer.writerow([*(cell(column(finding, report)) for column in COLUMNS.values()), *of_the_run])
    yield _taken(line)


def _taken(line: io.StringIO) -> str:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text


def _fact(fact: Evidence) -> str:
    note = f" ({fact.note})" if fact.note else ""
    return f"{fact.at}: expected {shown(fact.expected)}, observed {shown(fact.observed)}{note}"


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts)
