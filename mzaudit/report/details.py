"""What is to be said about one finding, as labelled lines in the order in which they help; not neutralised."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from mzaudit.engine.results import Attribution, BaselineState, Finding, FurtherAssignment, Report, WaiverNote
from mzaudit.report.caution import check_first
from mzaudit.report.gap_advice import advice
from mzaudit.report.grouping import shown
from mzaudit.snapshot.clock import by_azure
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import name


def details(finding: Finding, report: Report) -> tuple[tuple[str, str], ...]:
    """(label, text): the sentence, since when, the proof, what asks for it, the fix."""
    return (
        *why(finding),
        *history(finding, report),
        *changed(finding),
        *proof(finding),
        *asked_by(finding),
        *mending(finding),
    )


def why(finding: Finding) -> tuple[tuple[str, str], ...]:
    """The rule's sentence, the waiver that covers it or no longer does, and the earlier link that explains it."""
    lines = [("", finding.note)] if finding.note else []
    if finding.waiver is not None:
        lines.append(("waiver", waived(finding.waiver)))
    if finding.cause:
        lines.append(("cause", str(finding.cause)))
    return tuple(lines)


def history(finding: Finding, report: Report) -> tuple[tuple[str, str], ...]:
    """What became of it since the baseline, since when it is known and how long that was when this report was made."""
    if finding.baseline is None:
        return ()
    state, first = finding.baseline.state, finding.baseline.first_seen
    now = by_azure(report.run.started, report.run.skew)
    days = (now.date() - first.astimezone(UTC).date()).days
    age = f"{days:,} day{'s' if days > 1 else ''} before this report" if days else "the day of this report"
    since = f"first seen on {first.astimezone(UTC).date().isoformat()}, {age}"
    if state is BaselineState.NEW and first < now:
        return (("baseline", f"new in this form; it failed otherwise before ({since})"),)
    return (("baseline", f"{state}, {since}"),)


def changed(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Who changed the resource last, or each of several, if that was asked."""
    return tuple(("changed", _changed(one)) for one in (finding.attribution.each if finding.attribution else ()))


def _changed(one: Attribution) -> str:
    if one.at is None:
        return f"{name(one.resource)}: {one.note}" if one.resource else one.note
    where = {True: f", in the pipeline {one.pipeline}", False: ", outside the known pipelines", None: ""}[one.inside]
    at = f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    what = name(one.resource) or "the resource"
    said = f"{what} was last changed on {at} by {one.by}{where}: {one.operation} ({one.record})"
    return f"{said}. {one.note}".strip() if one.note else said


def fresh(findings: Iterable[Finding]) -> str:
    """How many of several findings are new since the baseline, to be put behind their number."""
    new = sum(f.baseline is not None and f.baseline.state is BaselineState.NEW for f in findings)
    return f" ({new:,} new since the baseline)" if new else ""


def proof(finding: Finding) -> tuple[tuple[str, str], ...]:
    """The evidence, or what could not be seen and what would fix it."""
    lines: list[tuple[str, str]] = []
    for fact in finding.evidence:
        lines += [("at", fact.at), ("expected", shown(fact.expected)), ("observed", shown(fact.observed))]
        lines += [("note", fact.note)] if fact.note else []
    for gap in finding.gaps:
        lines += [("unseen", call(gap)), ("fix", advice(gap))]
    return tuple(lines)


def asked_by(finding: Finding) -> tuple[tuple[str, str], ...]:
    """The policy's line and the requirements behind it."""
    answers = f" ({', '.join(finding.requirements)})" if finding.requirements else ""
    return (("policy", finding.policy + answers),)


def mending(finding: Finding) -> tuple[tuple[str, str], ...]:
    """The fix, the role it needs, its commands, and what to check before a command that removes something."""
    lines = [("fix", finding.remediation)] if finding.remediation else []
    if finding.fix is not None:
        lines += [("role needed", finding.fix.role)] if finding.fix.role else []
        for command in finding.fix.commands:
            lines += [("check", check)] if (check := check_first(command)) else []
            lines += [("run", command)]
        lines += [("IaC property", finding.fix.property)] if finding.fix.property else []
    return tuple(lines)


def waived(waiver: WaiverNote) -> str:
    """The waiver in one line: until when, by whom, why, and where it is written."""
    until = f"EXPIRED on {waiver.expires}" if waiver.expired else f"until {waiver.expires}"
    ticket = f", {waiver.ticket}" if waiver.ticket else ""
    return f"{until} by {waiver.owner}{ticket}: {waiver.reason} ({waiver.where})"


def holder(one: FurtherAssignment) -> str:
    """Who holds a role: by the policy's name, if it has one, and by object id."""
    who = f"{one.principal_type or 'principal'} {one.principal}"
    return f"{one.name} ({who})" if one.name else who


def call(gap: Gap) -> str:
    """The call that gave no answer, and why, in one line."""
    detail = f" ({gap.detail})" if gap.detail else ""
    scope = f" on {gap.scope}" if gap.scope not in gap.call else ""
    return f"{gap.reason}: {gap.call}{scope}{detail}"
