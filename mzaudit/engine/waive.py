"""Waivers laid over findings: a waived failure is reported as such, and what the rule saw stays as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from mzaudit.engine.results import Finding, Status, WaiverNote
from mzaudit.engine.verdict import shown
from mzaudit.policy.waivers import Waiver
from mzaudit.snapshot.text import wildcard

SOON_DAYS = 14


def lay(
    findings: tuple[Finding, ...], waivers: tuple[Waiver, ...], today: date
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings with what is waived marked, and warnings about the waivers. `today` is the date in UTC.

    A failure is waived, an inconclusive finding only by a waiver that says so; one that is pinned to an observation
    only while nothing else is observed. One whose waivers have all expired keeps its status and names the last of
    them. Warned of: waivers that expired, will within 14 days, are of a day that is yet to come, accepted something
    else, or that cover nothing though their rule was asked in their environment.
    """
    begun = tuple(waiver for waiver in waivers if waiver.created <= today)
    laid = tuple(_laid(finding, begun, today) for finding in findings)
    warnings = (warning for waiver in waivers for warning in _warnings(waiver, findings, today))
    return laid, tuple(warnings)


def _laid(finding: Finding, waivers: Iterable[Waiver], today: date) -> Finding:
    covering = [waiver for waiver in waivers if _covers(waiver, finding)]
    if not covering:
        return finding
    last = max(covering, key=lambda waiver: waiver.expires)
    expired = last.expires < today
    if finding.status is Status.FAIL and finding.gaps and not expired and not last.covers_inconclusive:
        return replace(finding, status=Status.INCONCLUSIVE, note=f"Waived as far as it was seen: {finding.note}")
    note = WaiverNote(last.reason, last.owner, last.expires.isoformat(), last.ticket, last.where, expired)
    return replace(finding, status=finding.status if expired else Status.WAIVED, waiver=note)


def _covers(waiver: Waiver, finding: Finding) -> bool:
    return _is_for(waiver, finding) and (waiver.observed is None or _observed(finding) == _accepted(waiver))


def _is_for(waiver: Waiver, finding: Finding) -> bool:
    """Whether the waiver would cover the finding, were it not for what was observed."""
    waivable = finding.status is Status.FAIL or (finding.status is Status.INCONCLUSIVE and waiver.covers_inconclusive)
    return waivable and _asks_for(waiver, finding) and matches(waiver.subject, finding.subject.name)


def _observed(finding: Finding) -> list[str]:
    return sorted(shown(fact.observed) for fact in finding.evidence)


def _accepted(waiver: Waiver) -> list[str]:
    return sorted(waiver.observed or ())


def _asks_for(waiver: Waiver, finding: Finding) -> bool:
    return waiver.code == finding.rule and waiver.environment in (None, finding.env)


def matches(glob: str, name: str) -> bool:
    """Whether a waiver's subject is for a thing of that name. No wildcard stands for a `/`."""
    wanted, found = glob.casefold().split("/"), name.casefold().split("/")
    pairs = zip(wanted, found, strict=False)
    return len(wanted) == len(found) and all(wildcard.matches(part, of, one="?") for part, of in pairs)


def _warnings(waiver: Waiver, findings: tuple[Finding, ...], today: date) -> Iterable[str]:
    asked = [finding for finding in findings if _asks_for(waiver, finding)]
    if not asked:  # another environment's, or a rule that this run left out
        return
    named = f"{waiver.where}: the waiver of {waiver.code} for {waiver.subject}"
    left = (waiver.expires - today).days
    if waiver.created > today:
        yield f"{named} starts on {waiver.created.isoformat()} and is not applied yet"
        return
    if left < 0:
        yield f"{named} expired on {waiver.expires.isoformat()}; its failures count again"
    elif left <= SOON_DAYS:
        yield f"{named} expires on {waiver.expires.isoformat()}"
    meant = [finding for finding in asked if _is_for(waiver, finding)]
    for finding in meant:
        if not _covers(waiver, finding):
            seen, accepted = "; ".join(_observed(finding)), "; ".join(_accepted(waiver))
            yield f"{named} is not applied to {finding.subject.name}: it accepts {accepted}, observed now: {seen}"
    if not meant:
        yield f"{named} matches no failure"
