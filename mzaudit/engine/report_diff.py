"""What differs between two sets of findings about one estate: of two runs, or of one snapshot under two policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from mzaudit.engine.results import Finding, Status


class Turn(StrEnum):
    """What a difference means for its reader, the most urgent first."""

    APPEARS = "violations that appear"
    CHANGES = "violations that change"
    UNSEEN = "findings that become inconclusive"
    LOST = "violations that are no longer decided"
    DISAPPEARS = "violations that disappear"
    OTHER = "other findings that change"


@dataclass(frozen=True, slots=True)
class Difference:
    """One obligation's finding on both sides; none on the side where nobody asked."""

    before: Finding | None
    after: Finding | None

    @property
    def turn(self) -> Turn:
        """What it means. A violation disappears only by being seen to be as wanted, or by a waiver."""
        before, after = _status(self.before), _status(self.after)
        match before, after:
            case Status.FAIL, Status.FAIL:
                return Turn.CHANGES
            case _, Status.FAIL:
                return Turn.APPEARS
            case _, Status.INCONCLUSIVE:
                return Turn.UNSEEN
            case Status.FAIL, Status.PASS | Status.WAIVED:
                return Turn.DISAPPEARS
            case Status.FAIL, _:
                return Turn.LOST
            case _:
                return Turn.OTHER


def differences(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Difference, ...]:
    """Every obligation whose answer differs, in the findings' order. Where its policy line stands, and how it would be
    mended, is no difference."""
    old = {finding.fingerprint: finding for finding in before}
    new = {finding.fingerprint: finding for finding in after}
    found = [
        Difference(old.get(fingerprint), new.get(fingerprint))
        for fingerprint in {**old, **new}
        if _answer(old.get(fingerprint)) != _answer(new.get(fingerprint))
    ]
    return tuple(sorted(found, key=_order))


def by_turn(found: Iterable[Difference]) -> Mapping[Turn, tuple[Difference, ...]]:
    """The differences by what they mean, every turn with its own, the most urgent first."""
    held = tuple(found)
    return {turn: tuple(one for one in held if one.turn is turn) for turn in Turn}


def either(one: Difference) -> Finding:
    """The finding that a difference is about, as it is now, else as it was."""
    finding = one.after or one.before
    if finding is None:
        raise ValueError("a difference needs a finding")
    return finding


def _answer(finding: Finding | None) -> object:
    if finding is None:
        return None
    waiver = replace(finding.waiver, where="") if finding.waiver is not None else None
    return (
        finding.status,
        finding.severity,
        finding.note,
        finding.evidence,
        finding.gaps,
        finding.cause,
        waiver,
        finding.subject.id.casefold(),
    )


def _order(one: Difference) -> tuple[str, str, str]:
    finding = either(one)
    return finding.env, finding.rule, finding.subject.name


def _status(finding: Finding | None) -> Status | None:
    return None if finding is None else finding.status
