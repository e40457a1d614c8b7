"""Differences of two reports, of two policies over one snapshot, of two snapshots: as text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from mzaudit.engine.report_diff import Difference, Turn, by_turn, either
from mzaudit.engine.results import Finding, Status
from mzaudit.engine.verdict import Evidence
from mzaudit.policy.enums import counted
from mzaudit.report.ansi import fold
from mzaudit.report.details import call, waived
from mzaudit.report.escaping import code, plain, prose
from mzaudit.report.gap_advice import shortener
from mzaudit.report.grouping import shown
from mzaudit.report.size_budget import Block, Section, fill
from mzaudit.snapshot.saved.snapshot_diff import ChangeKind, FactChange

_FACTS = 20
_Short = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class DiffEntry:
    """One thing that differs: what it is, how, and more lines about it."""

    name: str
    what: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs, under titles; `verdict` is the first line, `facts` are what was compared."""

    verdict: str
    facts: Mapping[str, str]
    groups: Mapping[str, tuple[DiffEntry, ...]]
    caveats: tuple[str, ...] = ()


def text(changes: Changes, width: int) -> str:
    """The groups, then the verdict in the last line; not neutralised against pipelines."""
    lines: list[str] = []
    for label, fact in changes.facts.items():
        lines += fold(plain(fact), width, f"{label:<10}")
    for caveat in changes.caveats:
        lines += fold(plain(caveat), width)
    for title, entries in _held(changes):
        lines += ["", f"{title.upper()} ({len(entries):,})"]
        for entry in entries:
            lines += fold(plain(f"{entry.name}: {entry.what}"), width, "  ", " " * 6)
            for line in entry.lines:
                lines += fold(plain(line), width, " " * 6)
    return "\n".join([*lines, "", plain(changes.verdict)]) + "\n"


def markdown(changes: Changes, title: str, budget: int = 60_000) -> str:
    """For a pull request's comment, in at most `budget` bytes; the most urgent first."""
    head = [f"# mzaudit {title}: {prose(changes.verdict)}", ""]
    head += [f"**{prose(caveat)}**\n" for caveat in changes.caveats]
    head += ["| compared | |", "| --- | --- |"]
    head += [f"| {label} | {prose(fact)} |" for label, fact in changes.facts.items()]
    sections = [Section(name.capitalize(), len(entries), _blocks(entries)) for name, entries in _held(changes)]
    return fill("\n".join(head), sections, budget, "run the command again to see them all")


def findings(found: Iterable[Difference]) -> Mapping[str, tuple[DiffEntry, ...]]:
    """Differences of findings, by what they mean; violations by severity."""
    held = tuple(found)
    short = shortener(either(one).subject.id for one in held)
    return {
        turn: tuple(_entry(one, short) for one in sorted(ones, key=lambda one: either(one).severity.rank))
        for turn, ones in by_turn(held).items()
    }


def drifts(found: Iterable[FactChange]) -> Mapping[str, tuple[DiffEntry, ...]]:
    """Differences of snapshots, by kind of drift."""
    held = tuple(found)
    short = shortener(step for one in held for step in one.path)
    return {kind: tuple(_drifted(one, short) for one in held if one.kind is kind) for kind in ChangeKind}


def _held(changes: Changes) -> Iterator[tuple[str, tuple[DiffEntry, ...]]]:
    return ((title, entries) for title, entries in changes.groups.items() if entries)


def _blocks(entries: Iterable[DiffEntry]) -> Iterator[Block]:
    for entry in entries:
        first = f"- {code(entry.name)} {prose(entry.what)}"
        yield Block("\n".join((first, *(f"  - {prose(line)}" for line in entry.lines))), 1, first)


def _entry(one: Difference, short: _Short) -> DiffEntry:
    finding = either(one)
    name = f"{finding.rule} {finding.subject.name} ({finding.env})"
    before, after = _word(one.before), _word(one.after)
    turn = f"{before} before, {after} now" if before != after else after
    return DiffEntry(name, f"{turn}: {finding.title}", tuple(_lines(one, finding, short)))


def _word(finding: Finding | None) -> str:
    if finding is None:
        return "not asked"
    return f"{finding.severity} violation" if finding.status is Status.FAIL else str(finding.status)


def _lines(one: Difference, finding: Finding, short: _Short) -> Iterator[str]:
    if one.turn is Turn.OTHER and finding.status is Status.PASS:
        return
    if finding.note:
        yield finding.note if one.after is not None else f"before: {finding.note}"
    if finding.cause and str(finding.cause) not in finding.note:
        yield f"explained by {finding.cause}"
    if finding.waiver is not None:
        yield f"waiver {waived(finding.waiver)}"
    old = one.before.evidence if one.before is not None else ()
    new = one.after.evidence if one.after is not None else ()
    if one.after is not None and one.after.status is not Status.PASS:
        yield from _facts("", [fact for fact in new if fact not in old], short)
    if one.before is not None and one.before.status is Status.FAIL:
        yield from _facts("before: ", [fact for fact in old if fact not in new], short)
    for gap in finding.gaps[:_FACTS] if one.after is not None else ():
        yield f"not seen: {short(call(gap))}"


def _facts(start: str, facts: list[Evidence], short: _Short) -> Iterator[str]:
    for fact in facts[:_FACTS]:
        note = f" ({fact.note})" if fact.note else ""
        yield f"{start}{short(fact.at)}: expected {shown(fact.expected)}, observed {shown(fact.observed)}{note}"
    if len(facts) > _FACTS:
        yield f"{start}{counted(len(facts) - _FACTS, 'more fact')}"


def _drifted(one: FactChange, short: _Short) -> DiffEntry:
    name = " ".join(short(step) for step in one.path[:2])
    steps = " ".join(one.path[2:-1]) if one.path[-1:] in (("same",), ("same_trimmed",)) else " ".join(one.path[2:])
    where = f"{short(steps)} " if steps else ""
    if one.gap is not None:
        return DiffEntry(name, f"{where}{short(call(one.gap))}")
    match one.path[-1], one.kind:
        case ("same" | "same_trimmed") as label, ChangeKind.CHANGED:
            trimmed = " but for outer white space" if label == "same_trimmed" else ""
            was, now = _others(one.before, one, short), _others(one.after, one, short)
            what = f"{where}has the same value{trimmed} as {now}; before, as {was}"
        case _, ChangeKind.CHANGED:
            what = f"{where}{short(shown(one.before))} before, {short(shown(one.after))} now"
        case _:
            fact = one.before if one.kind is ChangeKind.GONE else one.after
            what = f"{where}{one.kind}" + (f": {short(shown(fact))}" if fact != "present" else "")
    facts = [
        f"{' '.join(short(step) for step in path)}: {short(shown(fact))}" for path, fact in one.of if _tells(path, fact)
    ]
    return DiffEntry(name, what, tuple(facts[:_FACTS]))


def _tells(path: tuple[str, ...], fact: object) -> bool:
    return fact not in (None, (), "present") and path[-1] not in ("same", "same_trimmed")


def _others(group: object, one: FactChange, short: _Short) -> str:
    own = " ".join(one.path[1:-1])
    names = [short(name) for name in group if name != own] if isinstance(group, tuple) else []
    return ", ".join(names) or "no other"
