"""The Markdown report, for a pull request: failures first, no larger than a comment may be, nothing in it alive.

What does not fit is left out in whole findings from the least severe end; the counts always stay and say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mzaudit.audit.results import Finding, Report, Status
from mzaudit.report.budget import Block, Section, fill
from mzaudit.report.details import asked_by, call, fresh, history, mending, why
from mzaudit.report.gate import below, counted, exit_code, known, reason, verdict
from mzaudit.report.grouping import (
    batches,
    by_rule,
    by_rule_and_note,
    followers,
    link,
    resolved,
    shown,
    subject,
    unexplained,
    unseen,
    with_status,
    worst_first,
)
from mzaudit.report.head import COLUMNS, areas, caveats, facts, totals
from mzaudit.report.neutral import code, prose
from mzaudit.report.prose import short

_FACTS = 20
_LISTED = 20
_Effects = Mapping[tuple[str, str], tuple[Finding, ...]]


def chunks(report: Report, *, budget: int = 60_000) -> Iterator[str]:
    """The report in at most `budget` bytes of UTF-8 (a GitHub comment holds 65,536 characters)."""
    yield fill("\n".join(_head(report)), _sections(report), budget)


def _head(report: Report) -> Iterator[str]:
    yield f"# mzaudit: {verdict(report)} (exit {exit_code(report)})"
    yield f"\n{_sentence(reason(report))}\n"
    for word, said in caveats(report):
        yield f"**{word}**: {said}\n"
    yield "| run | |\n| --- | --- |"
    yield from (f"| {label} | {prose(text)} |" for label, text in facts(report).items())
    yield f"\n| area | {' | '.join(COLUMNS.values())} |\n| --- |{' ---: |' * len(COLUMNS)}"
    for area, counts in areas(report).items():
        yield f"| {prose(area)} | {' | '.join(f'{counts.get(status, 0):,}' for status in COLUMNS)} |"
    yield f"| all | {' | '.join(f'{totals(report)[status]:,}' for status in COLUMNS)} |"


def _sections(report: Report) -> Iterator[Section]:
    effects = followers(report)
    failing = (
        ("Violations", report.gating()),
        ("Known from the baseline", known(report)),
        ("Below the gate", below(report)),
    )
    for title, findings in failing:
        yield Section(title, len(findings), _failures(findings, effects, report))
    yield Section("Inconclusive", report.summary.inconclusive, _inconclusive(report))
    waived = with_status(report, Status.WAIVED)
    yield Section("Waived", len(waived), _waived(waived, effects, report))
    warnings = report.run.warnings
    yield Section("Warnings", len(warnings), (Block(f"- {prose(text)}", 0) for text in warnings))
    mended = resolved(report)
    yield Section("Resolved since the baseline", len(mended), _passed(mended, report))
    rest = unexplained(report)
    yield Section("Not applicable, and no finding explains it", len(rest), _not_applicable(rest, report), True)
    passed = tuple(f for f in with_status(report, Status.PASS) if f.baseline is None)
    yield Section("Passed", len(passed), _passed(passed, report), True)


def _failures(findings: Iterable[Finding], effects: _Effects, report: Report) -> Iterator[Block]:
    for finding in worst_first(findings):
        yield _failure(finding, report)
        yield from _followers(finding, effects, report)


def _failure(finding: Finding, report: Report) -> Block:
    """The finding in full, and its title alone where that does not fit."""
    title = f"{finding.severity.upper()} {code(finding.rule)} {prose(finding.title)}"
    about = code(subject(finding, report))
    lines = ["", f"### {title}", "", about, ""]
    lines += [f"- {_said(label, text)}" for label, text in (*why(finding), *history(finding, report))]
    if finding.evidence:
        lines += ["", "| at | expected | observed |", "| --- | --- | --- |"]
    for fact in finding.evidence[:_FACTS]:
        observed = code(shown(fact.observed)) + (f" {prose(fact.note)}" if fact.note else "")
        lines.append(f"| {code(short(fact.at))} | {code(shown(fact.expected))} | {observed} |")
    hidden = len(finding.evidence) - _FACTS
    lines += ["", f"{counted(hidden, 'fact')} more in the JSON report."] if hidden > 0 else []
    lines += ["", *(f"- {_said(label, text)}" for label, text in (*asked_by(finding), *mending(finding)))]
    return Block("\n".join(lines) + "\n", 1, f"- {title}: {about}")


def _followers(finding: Finding, effects: _Effects, report: Report) -> Iterator[Block]:
    for group in by_rule(effects.get(link(finding), ())).values():
        yield from _listed(f"follows from it: {_rule(group[0])}", group, report)


def _inconclusive(report: Report) -> Iterator[Block]:
    told: set[Finding] = set()
    for group in unseen(report):
        calls = [f"  - {code(short(call(gap)))}" for gap in group.gaps[:_LISTED]]
        hidden = len(group.gaps) - _LISTED
        calls += [f"  - {counted(hidden, 'call')} more in the JSON report."] if hidden > 0 else []
        waiting = f"- {counted(len(group.findings), 'finding')}{fresh(group.findings)} waiting for: {prose(group.cure)}"
        yield Block("\n".join((waiting, *calls)), 0)
        for findings in by_rule_and_note(group.findings):
            for some in batches(findings, _LISTED):
                said = f" {prose(some[0].note)}" if some[0].note else ""
                yield Block(f"  - {_rule(some[0])}: {_names(some, report)}{said}", len(set(some) - told))
                told.update(some)
    silent = [finding for finding in with_status(report, Status.INCONCLUSIVE) if not finding.gaps]
    for findings in by_rule(silent).values():
        yield from _listed(f"no reason was recorded: {_rule(findings[0])}", findings, report)


def _waived(findings: Iterable[Finding], effects: _Effects, report: Report) -> Iterator[Block]:
    for finding in worst_first(findings):
        title = f"- {finding.severity.upper()} {_rule(finding)} {code(subject(finding, report))}"
        said = [f"  - {_said(label, text)}" for label, text in (*why(finding), *history(finding, report))]
        yield Block("\n".join((title, *said)), 1, title)
        yield from _followers(finding, effects, report)


def _not_applicable(findings: Iterable[Finding], report: Report) -> Iterator[Block]:
    for members in by_rule_and_note(findings):
        because = ": ".join(filter(None, (members[0].cause, members[0].note)))
        yield from _listed(f"{_rule(members[0])} {prose(because)}", members, report)


def _passed(findings: Iterable[Finding], report: Report) -> Iterator[Block]:
    for group in by_rule(findings).values():
        yield from _listed(_rule(group[0]), group, report)


def _listed(title: str, findings: Sequence[Finding], report: Report) -> Iterator[Block]:
    for some in batches(findings, _LISTED):
        yield Block(f"- {title}: {_names(some, report)}", len(some))


def _names(findings: Iterable[Finding], report: Report) -> str:
    return ", ".join(code(subject(finding, report)) for finding in findings)


def _rule(finding: Finding) -> str:
    return f"{code(finding.rule)} {code(finding.slug)}"


def _said(label: str, text: str) -> str:
    return code(text, 2_000) if label == "run" else f"{label or 'what'}: {prose(short(text))}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
