"""What a night's run tells a channel: the verdict, what is new, what could not be read, what is resolved, and a link.

A channel's message is short: items are left out from the least urgent end, and each part says how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from mzaudit import exit_codes
from mzaudit.engine.gate import exit_code, reason, verdict, violates
from mzaudit.engine.results import BaselineState, Finding, Report, Status
from mzaudit.policy.enums import counted
from mzaudit.report.escaping import log, plain, shorten
from mzaudit.report.gap_advice import shortener
from mzaudit.report.grouping import resolved, subject, unseen, worst_first
from mzaudit.report.summary import caveats

_LONGEST: Final = 200  # characters of any text of others


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a part: a finding by its severity, rule, title and subject; or what would let us see, by its fix."""

    severity: str
    rule: str
    title: str
    subject: str


@dataclass(frozen=True, slots=True)
class Part:
    """A titled list of which `count` is the whole and `items` are what is shown."""

    title: str
    count: int
    items: tuple[Item, ...]

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.count - len(self.items)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told: `verdict` in capitals, `gate` the name of the gate, `code` what the run exits with, `reason` in a
    sentence, `caveats` what to know before believing it, `parts` the most urgent first, `link` the page of the run,
    empty where there is none."""

    verdict: str
    gate: str
    code: int
    reason: str
    caveats: tuple[str, ...]
    parts: tuple[Part, ...]
    link: str

    def shortened(self, items: int) -> Notice:
        """The same with so many items in all, the most urgent ones."""
        parts = []
        for part in self.parts:
            parts.append(replace(part, items=part.items[: max(items, 0)]))
            items -= len(part.items)
        return replace(self, parts=tuple(parts))


def notice(report: Report, gate: str, link: str, since: tuple[Finding, ...] = ()) -> Notice:
    """What a report tells. `since` are its findings with what became of them since the night before; else what became
    of them since the report's own baseline is told, where it has one."""
    shown = replace(report, findings=since or report.findings)
    failed = worst_first(f for f in shown.findings if f.status is Status.FAIL)
    gating = [f for f in failed if violates(f, report.run.fail_on)]
    compared = bool(since) or report.run.baseline is not None
    old = [f for f in gating if _is_known(f)]
    new = [f for f in gating if not _is_known(f)]
    below = [f for f in failed if not violates(f, report.run.fail_on)]
    groups = unseen(shown)
    short = shortener(finding.subject.id for finding in report.findings)
    fixes = tuple(Item("", "", short(one.fix), counted(len(one.findings), "finding")) for one in groups)
    parts = (
        _part("New violations" if compared else "Violations", new, report),
        _part("Known violations", old, report),
        Part("Could not be read: what would change that", len(fixes), tuple(map(_clean, fixes))),
        _part("Resolved", resolved(shown), report),
        _part("Below the gate", below, report),
    )
    said = tuple(f"{word}: {plain(text)}" for word, text in caveats(report))
    return Notice(verdict(report), plain(gate), exit_code(report), _sentence(reason(report)), said, _held(parts), link)


def _is_known(finding: Finding) -> bool:
    return finding.baseline is not None and finding.baseline.state is BaselineState.UNCHANGED


def not_judged(gate: str, link: str) -> Notice:
    """What a run tells that made no report."""
    ended = "The run ended before it could judge, and made no report: its log says why."
    return Notice("NOT JUDGED", plain(gate), exit_codes.ABANDONED, ended, (), (), link)


def changed(report: Report, earlier: Report, since: tuple[Finding, ...]) -> bool:
    """Whether a night differs from the one before: another verdict; a violation, or something unseen, that is new or
    gone. `since` are the report's findings with what became of them."""
    states = {finding.baseline.state for finding in since if finding.baseline is not None}
    return (
        bool(states & {BaselineState.NEW, BaselineState.RESOLVED})
        or verdict(report) != verdict(earlier)
        or _open(report) != _open(earlier)
    )


def _open(report: Report) -> frozenset[tuple[str, Status]]:
    return frozenset(
        (f.fingerprint, f.status) for f in report.findings if f.status in (Status.FAIL, Status.INCONCLUSIVE)
    )


def _part(title: str, findings: Iterable[Finding], report: Report) -> Part:
    """Findings as they are told: of one that fails, that its title is what must hold, and does not."""
    items = [
        Item(
            f.severity.upper(),
            f.rule,
            f"Must hold: {f.title}" if f.status is Status.FAIL else f.title,
            subject(f, report),
        )
        for f in findings
    ]
    return Part(title, len(items), tuple(map(_clean, items)))


def _held(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.count)


def _clean(item: Item) -> Item:
    return Item(item.severity, _text(item.rule), _text(item.title), _text(item.subject))


def _text(text: str) -> str:
    """Text of others, short and on one line. Both services fill in what stands in double braces."""
    return shorten(log(plain(text)), _LONGEST).replace("{{", "{ {")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def fitted(
    one: Notice, draw: Callable[[Notice], object], size: Callable[[object], int], limit: int, most: int
) -> object:
    """The message with as many items as fit, `most` at most."""
    shown = min(most, sum(len(part.items) for part in one.parts))
    while True:
        drawn = draw(one.shortened(shown))
        if size(drawn) <= limit or not shown:
            return drawn
        shown -= max(1, shown // 8)
