"""What stands around a draft as comments: where it is from, what differs, what it does not document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mzaudit.adoption.estate_draft import Draft
from mzaudit.adoption.observed_apps import Inventory, Looks
from mzaudit.engine.results import Finding, Status
from mzaudit.report.details import call
from mzaudit.report.gap_advice import short, shortener
from mzaudit.report.summary import moment
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import key

_LISTED = 60


def head(draft: Draft, looks: Looks, source: str, findings: Sequence[Finding]) -> Iterator[str]:
    """What a reader needs to know first."""
    yield "yaml-language-server: $schema=policy.schema.json"
    said = " (SIMULATED)." if "simulated" in looks.newest.source else "."
    yield f"Drafted by mzaudit adopt from {source}, read {moment(looks.newest.taken)}{said}"
    yield "Each line was seen, or is guessed for the reason given. Nobody has reviewed it yet: correct the guesses, and"
    yield "decide of each difference whether the estate is to change or the document. Then remove this header."
    unlisted = [call(gap) for gap in unlisted_gaps(looks)]
    yield from _listed("NOT LISTED, so that more may be there", unlisted)
    yield from _listed("NOT SAID BY THIS DRAFT", draft.remarks)
    brief = shortener(finding.subject.id for finding in findings)
    for title, status in (("DIFFERS", Status.FAIL), ("NOT SEEN", Status.INCONCLUSIVE)):
        told = [finding for finding in findings if finding.status is status]
        yield from _listed(title, [f"{each.rule} {each.subject.name}: {brief(_why(each))}" for each in told])


def unlisted_gaps(looks: Looks) -> tuple[Gap, ...]:
    """What of the subscriptions, and by the newest look of the adopted groups, could not be listed."""
    kinds = [listing.gap for listing in looks.there.values()]
    groups = [listing.gap for seen in looks.seen[-1:] for listing in seen.inventories.values()]
    return tuple(gap for gap in (*kinds, *groups) if gap is not None)


def tail(draft: Draft, there: Inventory) -> tuple[str, ...]:
    """What else is in the subscriptions."""
    used = {key(each) for each in draft.documented}
    rest = sorted(each for listing in there.values() for each in listing.items if key(each) not in used)
    said = ("Also in the subscriptions, and no part of this draft:", *(f"  {short(each)}" for each in rest))
    return said if rest else ()


def _why(finding: Finding) -> str:
    return finding.note or "; ".join(call(gap) for gap in finding.gaps[:1])


def _listed(title: str, lines: Sequence[str]) -> Iterable[str]:
    if not lines:
        return
    yield f"{title} ({len(lines):,}):"
    yield from (f"  {line}" for line in lines[:_LISTED])
    if len(lines) > _LISTED:
        yield f"  and {len(lines) - _LISTED:,} more; `mzaudit check` with this policy lists them all"
