"""What stands above and below the findings in every format for people: the run, its caveats, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from mzaudit.engine.results import BaselineState, Finding, OverrideNote, Report, Status
from mzaudit.policy.enums import counted
from mzaudit.snapshot import clock

COLUMNS = {
    Status.PASS: "pass",
    Status.FAIL: "fail",
    Status.INCONCLUSIVE: "inconclusive",
    Status.WAIVED: "waived",
    Status.NOT_APPLICABLE: "not applicable",
}


_NAMED = 3


def facts(report: Report) -> Mapping[str, str]:
    """The run in (label, text) pairs; not neutralised."""
    run = report.run
    read = Counter(read.outcome for read in report.reads)
    outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(read.items()))
    return {
        "tool": f"{report.tool.name} {report.tool.version}",
        "environment": ", ".join(report.environments),
        "gate": f"{'new ' if report.only_new else ''}violations at or above {run.fail_on}",
        "policy": run.policy,
        "source": run.source,
        "read": moment(run.started),
        "identity": run.identity,
        "calls": f"{len(report.reads):,} ({outcomes})" if outcomes else "none",
    } | ({"baseline": baseline(report)} if run.baseline is not None else {})


def baseline(report: Report) -> str:
    """The report that this one was compared with, and how many findings are new, unchanged and resolved."""
    held = report.run.baseline
    if held is None:
        return "none"
    states = Counter(finding.baseline.state for finding in report.findings if finding.baseline is not None)
    counts = ", ".join(f"{states[state]:,} {state}" for state in BaselineState)
    return f"{held.report}, read {moment(held.started)}: {counts}"


def moment(time: datetime) -> str:
    """A time as a person reads it, in UTC."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def utc(time: datetime) -> str:
    """A time as programs read it: RFC 3339, in UTC, whole seconds."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def caveats(report: Report) -> tuple[tuple[str, str], ...]:
    """What a reader must know before believing any line below: (word, sentence); not neutralised."""
    said = []
    if "simulated" in report.run.source.casefold():
        said.append(("SIMULATED", "this estate is simulated; nothing here is about a real one."))
    if report.run.skew:
        said.append(
            (
                "WRONG CLOCK",
                f"{clock.words(report.run.skew)} against Azure's; what depends on it is inconclusive.",
            )
        )
    if report.run.allow_incomplete:
        said.append(("ALLOW-INCOMPLETE", "what could not be read does not fail this gate (--allow-incomplete)."))
    if report.only_new:
        said.append(("ONLY NEW", "violations that the baseline holds too do not fail this gate (--gate new)."))
    return (*said, *_overridden(report))


def _overridden(report: Report) -> Iterator[tuple[str, str]]:
    """What the policy makes of rules, for each of its statements: where, why, and how many findings that is."""
    by_statement: dict[tuple[str, OverrideNote], list[Finding]] = {}
    every: Counter[tuple[str, str]] = Counter()
    for finding in report.findings:
        every[finding.rule, finding.env] += 1
        if finding.override is not None:
            by_statement.setdefault((finding.rule, finding.override), []).append(finding)
    for (rule, override), findings in by_statement.items():
        touched = Counter(finding.env for finding in findings)
        whole = all(every[rule, env] == count for env, count in touched.items())
        names = tuple(dict.fromkeys(finding.subject.name for finding in findings))
        rest = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        which = "" if whole else f" for {', '.join(names[:_NAMED])}{rest}"
        because = f"{override.reason} ({override.where})"
        count = counted(len(findings), "finding")
        if override.severity is None:
            yield "SWITCHED OFF", f"{rule} in {', '.join(touched)}{which}, {count} not judged: {because}"
        else:
            said = f"{rule} counts as {override.severity} in {', '.join(touched)}{which}, {count}: {because}"
            yield "WEIGHED DIFFERENTLY", said


def areas(report: Report) -> Mapping[str, Mapping[Status, int]]:
    """Findings of each status by area (`KV`), with the environment in front where the run has several."""
    several = len(report.environments) > 1
    rows: dict[str, Counter[Status]] = {}
    for finding in report.findings:
        area = finding.rule.split("-")[0]
        rows.setdefault(f"{finding.env} {area}" if several else area, Counter())[finding.status] += 1
    return rows


def totals(report: Report) -> Mapping[Status, int]:
    """Findings of each status in the whole run."""
    summary = report.summary
    return {
        Status.PASS: summary.passed,
        Status.FAIL: summary.failed,
        Status.INCONCLUSIVE: summary.inconclusive,
        Status.WAIVED: summary.waived,
        Status.NOT_APPLICABLE: summary.not_applicable,
    }
