"""The terminal report: details first, the table next, the verdict last; nothing cut, clear without colour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from mzaudit.engine.gate import below, breaking, exit_code, known, reason, verdict
from mzaudit.engine.results import Finding, Report, Status
from mzaudit.policy.enums import counted
from mzaudit.report.ansi import Ink, fold
from mzaudit.report.details import call, details, fresh
from mzaudit.report.escaping import log, plain
from mzaudit.report.gap_advice import shortener
from mzaudit.report.grouping import (
    by_rule,
    by_rule_and_note,
    followers,
    link,
    resolved,
    subject,
    unexplained,
    unseen,
    with_status,
    worst_first,
)
from mzaudit.report.summary import COLUMNS, areas, caveats, facts, totals

_LABEL = 14


def chunks(report: Report, *, width: int = 100, colour: bool = False) -> Iterator[str]:
    """The report in lines of `width` characters; a word that is longer (an id, a command) is never broken."""
    ink = Ink(colour)
    parts = (
        _head(report, width, ink),
        _passed(report, width, ink),
        _resolved(report, width, ink),
        _not_applicable(report, width, ink),
        _waived(report, width, ink),
        _violations("BELOW THE GATE", below(report), "!", report, width, ink),
        _violations("KNOWN FROM THE BASELINE", known(report), "=", report, width, ink),
        _inconclusive(report, width, ink),
        _violations("VIOLATIONS", breaking(report), "✗", report, width, ink),
        _table(report, ink),
        _verdict(report, width, ink),
    )
    for part, lines in enumerate(parts):
        for place, line in enumerate(lines):
            yield ("\n" if part and not place else "") + log(line) + "\n"


def _head(report: Report, width: int, ink: Ink) -> Iterator[str]:
    for label, text in facts(report).items():
        yield from fold(plain(text), width, f"{label:<{_LABEL + 2}}")
    for word, sentence in caveats(report):
        yield from ink.lines("bold", fold(plain(sentence), width, f"{word}: ", " " * (_LABEL + 2)))


def _passed(report: Report, width: int, ink: Ink) -> Iterator[str]:
    findings = tuple(f for f in with_status(report, Status.PASS) if f.baseline is None)
    if findings:
        yield ink.paint("bold", f"PASSED ({len(findings):,})")
    for code, group in by_rule(findings).items():
        start = f"  {ink.paint('green', '✓')} {plain(code)} {plain(group[0].slug)}: "
        yield from fold(_names(group, report), width, start, " " * 6)


def _resolved(report: Report, width: int, ink: Ink) -> Iterator[str]:
    findings = resolved(report)
    if findings:
        yield ink.paint("bold", f"RESOLVED SINCE THE BASELINE ({len(findings):,})")
    for code, group in by_rule(findings).items():
        start = f"  {ink.paint('green', '✓')} {plain(code)} {plain(group[0].slug)}: "
        yield from fold(_names(group, report), width, start, " " * 6)


def _not_applicable(report: Report, width: int, ink: Ink) -> Iterator[str]:
    findings = unexplained(report)
    if findings:
        yield ink.paint("bold", f"NOT APPLICABLE ({len(findings):,})")
    for members in by_rule_and_note(findings):
        first = members[0]
        cause = f"{first.cause}: " if first.cause else ""
        yield from fold(plain(f"{first.rule} {first.slug}: {cause}{first.note}"), width, "  - ")
        yield from fold(_names(members, report), width, " " * 6)


def _waived(report: Report, width: int, ink: Ink) -> Iterator[str]:
    findings = worst_first(with_status(report, Status.WAIVED))
    if findings:
        yield ink.paint("bold", f"WAIVED ({len(findings):,})")
    yield from _blocks(findings, "~", report, width, ink)


def _violations(
    title: str, findings: Iterable[Finding], glyph: str, report: Report, width: int, ink: Ink
) -> Iterator[str]:
    found = worst_first(findings)
    if found:
        yield ink.paint("bold", f"{title} ({len(found):,})")
    yield from _blocks(found, glyph, report, width, ink)


def _blocks(findings: Iterable[Finding], glyph: str, report: Report, width: int, ink: Ink) -> Iterator[str]:
    following, short = followers(report), shortener(f.subject.id for f in report.findings)
    indent = " " * 4
    for number, ((severity, code), group) in enumerate(groupby(findings, key=lambda f: (f.severity, f.rule))):
        members = list(group)
        if number:
            yield ""
        word = ink.paint(severity, f"{glyph} {severity.upper()}")
        yield from fold(plain(f"{code}  {members[0].title}"), width, f"  {word}  ", indent)
        for finding in members:
            yield from ink.lines("bold", fold(plain(subject(finding, report)), width, indent))
            for label, text in details(finding, report):
                yield from _labelled(label, plain(text if label == "run" else short(text)), width)
            effects = following.get(link(finding), ())
            if effects:
                listed = _by_rule(effects, report)
                yield from _labelled(
                    "",
                    f"{len(effects):,} more {'follows' if len(effects) == 1 else 'follow'} from this: {listed}",
                    width,
                )


def _labelled(label: str, text: str, width: int) -> Iterator[str]:
    start = f"{'':6}{label:<{_LABEL}}" if label else " " * 6
    if label == "run":  # kept whole, to be copied
        yield start + text
    else:
        yield from fold(text, width, start)


def _inconclusive(report: Report, width: int, ink: Ink) -> Iterator[str]:
    findings, short = with_status(report, Status.INCONCLUSIVE), shortener(f.subject.id for f in report.findings)
    if findings:
        yield ink.paint("bold", f"INCONCLUSIVE ({len(findings):,}: could not be read, neither passed nor failed)")
    silent = [finding for finding in findings if not finding.gaps]
    groups = [(group.fix, [call(gap) for gap in group.gaps], group.findings) for group in unseen(report)]
    groups += [("No reason was recorded.", [], tuple(silent))] if silent else []
    for number, (fix, calls, waiting) in enumerate(groups):
        if number:
            yield ""
        glyph = ink.paint("yellow", "?")
        yield from fold(plain(short(fix)), width, f"  {glyph} ", " " * 4)
        for one in calls:
            yield from _labelled("unseen", plain(short(one)), width)
        yield from _labelled("waiting", counted(len(waiting), "finding") + fresh(waiting), width)
        for told in by_rule_and_note(waiting):
            said = f" ({plain(told[0].note)})" if told[0].note else ""
            yield from fold(f"{_by_rule(told, report)}{said}", width, " " * 8, " " * 10)


def _table(report: Report, ink: Ink) -> Iterator[str]:
    rows = {plain(area): counts for area, counts in areas(report).items()} | {"all": totals(report)}
    first = max(len(name) for name in ("area", *rows))
    yield ink.paint("bold", "  ".join(("area".ljust(first), *COLUMNS.values())))
    for name, counts in rows.items():
        cells = (f"{counts.get(status, 0):,}".rjust(len(title)) for status, title in COLUMNS.items())
        yield "  ".join((name.ljust(first), *cells))


def _verdict(report: Report, width: int, ink: Ink) -> Iterator[str]:
    for warning in report.run.warnings:
        yield from fold(plain(warning), width, "warning: ")
    for word, sentence in caveats(report):
        yield from fold(plain(sentence), width, f"{word}: ")
    code = exit_code(report)
    gating = dict.fromkeys(f.rule for f in worst_first(breaking(report)))
    if gating:
        yield from fold(plain(", ".join(gating)), width, "violated: ")
    style = "green" if verdict(report) == "GATE PASSED" else "red" if code == 1 else "yellow"
    # One line whatever the width: people and scripts look for it.
    yield ink.paint(style, f"{verdict(report)}  {reason(report)}  (exit {code})")


def _names(findings: Iterable[Finding], report: Report) -> str:
    return plain(", ".join(subject(finding, report) for finding in findings))


def _by_rule(findings: Iterable[Finding], report: Report) -> str:
    groups = by_rule(findings).items()
    return "; ".join(f"{plain(code)} {plain(group[0].slug)}: {_names(group, report)}" for code, group in groups)
