"""Waivers laid over findings: a waived failure is reported as such, and what the rule saw stays as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from mzaudit.audit.results import Finding, Status, WaiverNote
from mzaudit.policy.waivers import Waiver

SOON_DAYS = 14


def lay(
    findings: tuple[Finding, ...], waivers: tuple[Waiver, ...], today: date
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings with what is waived marked, and warnings about the waivers. `today` is the date in UTC.

    A failure is waived, an inconclusive finding only by a waiver that says so. One whose waivers have all expired
    keeps its status and names the last of them. Warned of: waivers that expired, will within 14 days, or that
    cover nothing though their rule was asked in their environment.
    """
    laid = tuple(_laid(finding, waivers, today) for finding in findings)
    warnings = (warning for waiver in waivers for warning in _warnings(waiver, findings, today))
    return laid, tuple(warnings)


def _laid(finding: Finding, waivers: Iterable[Waiver], today: date) -> Finding:
    covering = [waiver for waiver in waivers if _covers(waiver, finding)]
    if not covering:
        return finding
    last = max(covering, key=lambda waiver: waiver.expires)
    expired = last.expires < today
    note = WaiverNote(last.reason, last.owner, last.expires.isoformat(), last.ticket, last.where, expired)
    return replace(finding, status=finding.status if expired else Status.WAIVED, waiver=note)


def _covers(waiver: Waiver, finding: Finding) -> bool:
    waivable = finding.status is Status.FAIL or (finding.status is Status.INCONCLUSIVE and waiver.covers_inconclusive)
    return waivable and _asks_for(waiver, finding) and _matches(waiver.subject, finding.subject.name)


def _asks_for(waiver: Waiver, finding: Finding) -> bool:
    return waiver.code == finding.rule and waiver.environment in (None, finding.env)


def _matches(glob: str, name: str) -> bool:
    wildcards = {"*": "[^/]*", "?": "[^/]"}
    pattern = "".join(wildcards.get(character, re.escape(character)) for character in glob.casefold())
    return re.fullmatch(pattern, name.casefold()) is not None


def _warnings(waiver: Waiver, findings: tuple[Finding, ...], today: date) -> Iterable[str]:
    asked = [finding for finding in findings if _asks_for(waiver, finding)]
    if not asked:  # another environment's, or a rule that this run left out
        return
    named = f"{waiver.where}: the waiver of {waiver.code} for {waiver.subject}"
    left = (waiver.expires - today).days
    if left < 0:
        yield f"{named} expired on {waiver.expires.isoformat()}; what it covered counts again"
    elif left <= SOON_DAYS:
        yield f"{named} expires on {waiver.expires.isoformat()}"
    if not any(_covers(waiver, finding) for finding in asked):
        yield f"{named} covers nothing"
