"""OCSF 1.8: a Compliance Finding (class 2003, cloud profile) a line, for security data lakes and SIEMs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from mzaudit.engine.gate import breaks_gate, verdict
from mzaudit.engine.results import BaselineState, Finding, Report, RuleNote, Status
from mzaudit.policy.models import Severity
from mzaudit.report.details import call, changed, waived
from mzaudit.report.gap_advice import advice
from mzaudit.report.grouping import shown
from mzaudit.report.json_text import line
from mzaudit.report.summary import baseline, caveats, utc

_VERSION = "1.8.0"
_CLASS = 2003
_CREATE, _UPDATE, _CLOSE = (1, "Create"), (2, "Update"), (3, "Close")
_NEW, _SUPPRESSED, _RESOLVED = (1, "New"), (3, "Suppressed"), (4, "Resolved")
_SEVERITIES = {
    Severity.CRITICAL: (5, "Critical"),
    Severity.HIGH: (4, "High"),
    Severity.MEDIUM: (3, "Medium"),
    Severity.LOW: (2, "Low"),
}
_INFORMATIONAL = (1, "Informational")
# The compliance status. A waiver changes what is done about a failure, not that it is one.
_STATUSES = {
    Status.PASS: (1, "Pass"),
    Status.INCONCLUSIVE: (2, "Warning"),
    Status.FAIL: (3, "Fail"),
    Status.WAIVED: (3, "Fail"),
    Status.NOT_APPLICABLE: (99, "Not applicable"),
}


def chunks(report: Report) -> Iterator[str]:
    """One event a line, in the report's order. OCSF has no envelope that could say so: without findings, no event, and
    the text is empty."""
    pages = {rule.code: rule for rule in report.rules}
    said = [f"{word}: {text}" for word, text in caveats(report)]
    return (line(_event(finding, pages.get(finding.rule), report, said)) for finding in report.findings)


def _event(finding: Finding, rule: RuleNote | None, report: Report, said: Sequence[str]) -> dict[str, object]:
    severity_id, severity = _severity(finding)
    (activity_id, activity), (status_id, status) = _activity(finding)
    time = _milliseconds(report.run.started)
    first = finding.baseline.first_seen if finding.baseline is not None else None
    event: dict[str, object] = {
        "metadata": {
            "version": _VERSION,
            "profiles": ["cloud"],
            "product": {"name": report.tool.name, "vendor_name": report.tool.name, "version": report.tool.version},
            "event_code": finding.rule,
        },
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": _CLASS // 1000,
        "category_name": "Findings",
        "class_uid": _CLASS,
        "class_name": "Compliance Finding",
        "type_uid": _CLASS * 100 + activity_id,
        "type_name": f"Compliance Finding: {activity}",
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "message": f"{finding.subject.name}: {finding.note or finding.title}",
        "cloud": _cloud(finding),
        "finding_info": {
            "uid": finding.fingerprint,
            "title": finding.note or finding.title,
            "desc": f"Must hold: {finding.title}",
            "types": [finding.slug],
            **({"first_seen_time": _milliseconds(first)} if first is not None else {}),
            "last_seen_time": time,
            "analytic": {"type_id": 1, "type": "Rule", "uid": finding.rule, "name": finding.slug},
        },
        "compliance": _compliance(finding, rule, report),
        "resources": [_resource(finding)],
        "unmapped": _unmapped(finding, report, said),
    }
    if finding.evidence:
        event["evidences"] = [
            {"data": {"at": e.at, "expected": shown(e.expected), "observed": shown(e.observed), "note": e.note}}
            for e in finding.evidence
        ]
    mend = [finding.remediation] if finding.remediation else [advice(gap) for gap in finding.gaps]
    if mend:
        event["remediation"] = {"desc": " ".join(dict.fromkeys(mend))}
    return event


def _activity(finding: Finding) -> tuple[tuple[int, str], tuple[int, str]]:
    """What this event does to the finding, and the finding's own status. Without a baseline each is created anew."""
    status = _SUPPRESSED if finding.status is Status.WAIVED else _NEW
    match finding.baseline.state if finding.baseline is not None else None:
        case BaselineState.RESOLVED:
            return _CLOSE, _RESOLVED
        case BaselineState.UNCHANGED:
            return _UPDATE, status
        case BaselineState.NEW | None:
            return _CREATE, status


def _severity(finding: Finding) -> tuple[int, str]:
    if finding.status in (Status.PASS, Status.NOT_APPLICABLE):
        return _INFORMATIONAL
    return _SEVERITIES[finding.severity]


def _compliance(finding: Finding, rule: RuleNote | None, report: Report) -> dict[str, object]:
    status_id, status = _STATUSES[finding.status]
    if finding.gaps and finding.status is not Status.FAIL:  # never seen, whoever waived it
        status_id, status = _STATUSES[Status.INCONCLUSIVE]
    told = [finding.note] if finding.note else []
    told += [call(gap) for gap in finding.gaps]
    told += [waived(finding.waiver)] if finding.waiver is not None else []
    check_severity_id, check_severity = _SEVERITIES[rule.severity if rule is not None else finding.severity]
    return {
        "status_id": status_id,
        "status": status,
        "status_details": told,
        "standards": [report.run.policy],
        "control": finding.rule,
        "desc": finding.title,
        "requirements": list(finding.requirements),
        "checks": [
            {
                "uid": finding.rule,
                "name": finding.slug,
                "desc": finding.title,
                "severity_id": check_severity_id,
                "severity": check_severity,
                "status_id": status_id,
                "status": status,
            }
        ],
    }


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1000


def _cloud(finding: Finding) -> dict[str, object]:
    parts = finding.subject.id.split("/")
    known = len(parts) > 2 and parts[1].casefold() == "subscriptions"
    account = {"account": {"uid": parts[2], "type": "Azure Subscription", "type_id": 13}} if known else {}
    return {"provider": "Azure", **account}


def _resource(finding: Finding) -> dict[str, object]:
    return {"uid": finding.subject.id, "name": finding.subject.name, "type": finding.subject.kind}


def _unmapped(finding: Finding, report: Report, said: Sequence[str]) -> dict[str, object]:
    """What the class has no place for."""
    return {
        "environment": finding.env,
        "status": finding.status,
        "breaks_gate": breaks_gate(finding, report),
        "verdict": verdict(report),
        "policy": finding.policy,
        "cause": str(finding.cause or ""),
        "source": report.run.source,
        "caveats": list(said),
        "baseline": baseline(report),
        "first_seen": utc(finding.baseline.first_seen) if finding.baseline is not None else None,
        "changed": "; ".join(text for _, text in changed(finding)) or None,
    }
