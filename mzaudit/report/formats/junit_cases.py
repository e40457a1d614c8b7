"""Findings as JUnit test cases: which outcome each has, what it says, and a name that stays the same between runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mzaudit.engine.gate import breaks, evaluated, violates
from mzaudit.engine.results import Finding, Report, Status
from mzaudit.policy.enums import counted
from mzaudit.report.details import call, details, waived
from mzaudit.report.escaping import shorten, xml

RUN = "mzaudit.run"
_LONGEST_NAME = 250
_LONGEST_MESSAGE = 3900  # readers cut at 4,000; some room for the words that say so


class JUnitOutcome(StrEnum):
    """The element a test case holds; a passed one holds none."""

    PASSED = "passed"
    FAILURE = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


_RANK = (JUnitOutcome.FAILURE, JUnitOutcome.ERROR, JUnitOutcome.SKIPPED, JUnitOutcome.PASSED)


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """One test case, neutralised; `message` and `body` are never empty unless it passed."""

    classname: str
    name: str
    outcome: JUnitOutcome
    type: str = ""
    message: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one area, or of the run itself, made as they are taken; `outcomes` counts them."""

    name: str
    outcomes: Counter[JUnitOutcome]
    cases: Iterable[JUnitCase]


def suites(report: Report) -> Iterator[Suite]:
    """A case for every finding, by environment and area: suites with failures first, then with errors, else in the
    report's order; then those of the run itself. In a suite the failures stand first too."""
    by_suite: dict[str, list[tuple[Finding, str]]] = {}
    for finding, name in zip(report.findings, _names(report.findings), strict=True):
        suite = xml(f"mzaudit.{finding.env}.{finding.rule.split('-')[0]}")
        by_suite.setdefault(suite, []).append((finding, name))
    found: list[tuple[int, str, Counter[JUnitOutcome], list[tuple[Finding, str]]]] = []
    for suite, members in by_suite.items():
        ranked = [(_outcome(finding, report)[0], (finding, name)) for finding, name in members]
        outcomes = Counter(outcome for outcome, _ in ranked)
        ordered = sorted(ranked, key=lambda each: _RANK.index(each[0]))
        worst = min(map(_RANK.index, outcomes))
        found.append((worst, suite, outcomes, [member for _, member in ordered]))
    for _, suite, outcomes, members in sorted(found, key=lambda each: each[0]):
        yield Suite(suite, outcomes, (_case(finding, name, report) for finding, name in members))
    run = _run_cases(report)
    yield Suite(RUN, Counter(case.outcome for case in run), run)


def _case(finding: Finding, name: str, report: Report) -> JUnitCase:
    classname = xml(f"mzaudit.{finding.env}.{finding.rule}")
    outcome, kind, message = _outcome(finding, report)
    if outcome is JUnitOutcome.PASSED:
        return JUnitCase(classname, name, outcome)
    subject = f"{finding.subject.kind} {finding.subject.name}, {finding.subject.id}"
    head = f"must hold ({finding.severity}): {finding.title}: {subject}"
    lines = (head, *(f"{label}: {text}" if label else text for label, text in details(finding, report)))
    body = "\n".join(xml(line) for line in lines)
    return JUnitCase(classname, name, outcome, kind, shorten(xml(message), _LONGEST_MESSAGE), body)


def _outcome(finding: Finding, report: Report) -> tuple[JUnitOutcome, str, str]:
    asked = f"{finding.title}: {finding.note}" if finding.note else finding.title
    what = finding.note or finding.title  # what is wrong; the title says what should be, and alone it misleads
    match finding.status:
        case Status.PASS:
            return JUnitOutcome.PASSED, "", ""
        case Status.FAIL if breaks(finding, report.run.fail_on, only_new=report.only_new):
            waiver = finding.waiver
            expired = f"waiver expired on {waiver.expires}: " if waiver is not None and waiver.expired else ""
            return JUnitOutcome.FAILURE, str(finding.severity), f"{expired}{finding.severity}: {what}"
        case Status.FAIL if violates(finding, report.run.fail_on):
            return JUnitOutcome.SKIPPED, "", f"known from the baseline ({finding.severity}): {what}"
        case Status.FAIL:
            return JUnitOutcome.SKIPPED, "", f"below the gate ({finding.severity}): {what}"
        case Status.WAIVED:
            note = waived(finding.waiver) if finding.waiver is not None else "no waiver is recorded"
            return JUnitOutcome.SKIPPED, "", f"WAIVED {note}: {what}"
        case Status.NOT_APPLICABLE:
            because = (
                f"explained by {finding.cause}: " if finding.cause and str(finding.cause) not in finding.note else ""
            )
            return JUnitOutcome.SKIPPED, "", f"not applicable: {because}{asked}"
        case Status.INCONCLUSIVE:
            gaps = "; ".join(call(gap) for gap in finding.gaps) or "no reason was recorded"
            if report.run.allow_incomplete:
                return (
                    JUnitOutcome.SKIPPED,
                    "",
                    f"inconclusive, allowed by --allow-incomplete: {asked}: not seen: {gaps}",
                )
            return JUnitOutcome.ERROR, "inconclusive", f"inconclusive: {asked}: not seen: {gaps}"


def _run_cases(report: Report) -> tuple[JUnitCase, ...]:
    unseen = f"{counted(report.summary.inconclusive, 'finding')} inconclusive" if report.summary.inconclusive else ""
    nothing = "" if evaluated(report) else "nothing was evaluated"
    incomplete = JUnitOutcome.SKIPPED if report.run.allow_incomplete else JUnitOutcome.ERROR
    # Nothing evaluated breaks the gate only by way of incompleteness, and so does anything unseen.
    return (
        _run_case("everything-was-read", unseen, incomplete),
        _run_case("something-was-evaluated", nothing, incomplete),
        _run_case("no-warnings", "; ".join(report.run.warnings), JUnitOutcome.SKIPPED),
    )


def _run_case(name: str, complaint: str, otherwise: JUnitOutcome) -> JUnitCase:
    if not complaint:
        return JUnitCase(RUN, name, JUnitOutcome.PASSED)
    said = xml(complaint)
    kind = "incomplete" if otherwise is JUnitOutcome.ERROR else ""
    return JUnitCase(RUN, name, otherwise, kind, shorten(said, _LONGEST_MESSAGE), said)


def _names(findings: Sequence[Finding]) -> list[str]:
    """The subjects' names; where that is empty, too long or used twice, with the fingerprint, which stays the same."""
    bare = [" ".join(xml(finding.subject.name).split()) for finding in findings]
    used = Counter((f.env, f.rule, name.casefold()) for f, name in zip(findings, bare, strict=True))
    marked = [
        name
        if name and len(name) <= _LONGEST_NAME and used[(f.env, f.rule, name.casefold())] == 1
        else f"{name[: _LONGEST_NAME - 30].strip()} [{xml(f.fingerprint)[:16]}]".strip()
        for f, name in zip(findings, bare, strict=True)
    ]
    seen: Counter[tuple[str, str, str]] = Counter()
    for place, (f, name) in enumerate(zip(findings, marked, strict=True)):
        seen[(f.env, f.rule, name)] += 1
        if seen[(f.env, f.rule, name)] > 1:
            marked[place] = f"{name} {seen[(f.env, f.rule, name)]}"
    return marked
