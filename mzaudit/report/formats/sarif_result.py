"""A finding as a SARIF result: where the policy asks for it, what it is about, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from mzaudit.engine.gate import breaks_gate
from mzaudit.engine.results import BaselineState, Finding, Report, Status, WaiverNote
from mzaudit.report.details import details
from mzaudit.report.escaping import plain, sarif, shorten
from mzaudit.report.formats.sarif_rules import LEVELS
from mzaudit.report.summary import utc

ROOT = "%SRCROOT%"
_KINDS = {
    Status.PASS: "pass",
    Status.FAIL: "fail",
    Status.WAIVED: "fail",
    Status.INCONCLUSIVE: "open",
    Status.NOT_APPLICABLE: "notApplicable",
}
_STATES = {BaselineState.NEW: "new", BaselineState.UNCHANGED: "unchanged", BaselineState.RESOLVED: "absent"}


def result(finding: Finding, rules: Mapping[str, int], report: Report) -> dict[str, object]:
    """The result; `rules` are the numbers of the rules' descriptors."""
    # a waiver of what was not seen makes it no failure
    kind = "open" if finding.gaps and finding.status is not Status.FAIL else _KINDS[finding.status]
    made: dict[str, object] = {
        "ruleId": finding.rule,
        "ruleIndex": rules[finding.rule],
        "kind": kind,
        "level": LEVELS[finding.severity] if kind == "fail" else "none",
        "message": {"text": _message(finding, report)},
        "locations": [
            {
                "physicalLocation": _place(finding.policy),
                "logicalLocations": [
                    {
                        "name": finding.subject.name,
                        "fullyQualifiedName": finding.subject.id or finding.subject.name,
                        "kind": "resource",
                    }
                ],
            }
        ],
        # The second is the only one that GitHub tells alerts apart by.
        "partialFingerprints": {
            "mzauditFinding/v1": finding.fingerprint,
            "primaryLocationLineHash": finding.fingerprint,
        },
        # All results of a run have this list, or none may.
        "suppressions": [_suppression(finding.waiver)] if finding.waiver is not None else [],
        "properties": {
            "environment": finding.env,
            "status": finding.status,
            "severity": finding.severity,
            "breaksGate": breaks_gate(finding, report),
            "subject": finding.subject.kind,
            "requirements": list(finding.requirements),
            "cause": str(finding.cause or ""),
        },
    }
    if finding.baseline is not None:
        made["baselineState"] = _STATES[finding.baseline.state]
        made["provenance"] = {"firstDetectionTimeUtc": utc(finding.baseline.first_seen)}
    return made


def _message(finding: Finding, report: Report) -> str:
    """What is wrong in the first line, because that is what lists show; then all that a person needs."""
    name = finding.subject.name
    match finding.status:
        case Status.FAIL | Status.WAIVED:
            head = f"{name}: {finding.note or finding.title}"
        case Status.INCONCLUSIVE:
            head = f"{name}: inconclusive, because it could not be seen whether this holds: {finding.title}"
        case Status.NOT_APPLICABLE:
            head = f"{name}: not applicable: {finding.note}"
        case Status.PASS:
            head = f"{name}: {finding.title}"
    lines = [f"{label}: {text}" for label, text in details(finding, report) if label]
    return "\n".join(map(sarif, (head, *lines)))


def _suppression(waiver: WaiverNote) -> dict[str, object]:
    return {
        "kind": "external",
        "status": "rejected" if waiver.expired else "accepted",
        "justification": waiver.reason,
        "location": {"physicalLocation": _place(waiver.where)},
        "properties": {"owner": waiver.owner, "ticket": waiver.ticket, "expires": waiver.expires},
    }


def _place(where: str) -> dict[str, object]:
    """`policies/estate.yaml:41` as a region of one line; a path that is not relative to the repository stays as it
    is."""
    path, _, line = where.rpartition(":")
    number = int(line) if line.isascii() and line.isdigit() and len(line) < 10 and int(line) else 1
    shown = quote(shorten(plain(path or where), 1_000) or "policy", safe="/")
    file: dict[str, object] = {"uri": f"file://{shown}"} if shown.startswith("/") else {"uri": shown, "uriBaseId": ROOT}
    region = {"startLine": number, "startColumn": 1, "endLine": number, "endColumn": 2}
    return {"artifactLocation": file, "region": region}
