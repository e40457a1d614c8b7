"""Conclusions over many, in three values: a counter-example settles `every`, an example settles `some`;
nothing else may be concluded from a partial view."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from mzaudit.engine.verdict import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.observed import Gap, Unobserved

T = TypeVar("T")
_WORST = tuple(Severity)


def every(items: Iterable[T], check: Callable[[T], Verdict], *, empty: str, missing: Gap | None = None) -> Verdict:
    """All of them hold: every failure's words and evidence; `missing` says there may be more items.

    What was found stands, whatever was not seen; a weaker failure keeps the gaps: they may hide a worse one.
    """
    fails: list[Fail] = []
    gaps: list[Gap] = [missing] if missing is not None else []
    proof: list[Evidence] = []
    for item in items:
        verdict = _ask(check, item)
        match verdict:
            case Fail():
                fails.append(verdict)
            case Inconclusive(found):
                gaps.extend(found)
            case Pass(evidence):
                proof.extend(evidence)
            case NotApplicable():
                pass
    if fails:
        worst = merged(fails)
        return worst if worst.severity is None else replace(worst, gaps=tuple(dict.fromkeys((*worst.gaps, *gaps))))
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    return Pass(tuple(proof)) if proof else NotApplicable(empty)


def merged(fails: list[Fail]) -> Fail:
    """One failure out of several: worst severity, all evidence, each distinct sentence and command once."""
    if len(fails) == 1:
        return fails[0]
    fixes = [fail.fix for fail in fails if fail.fix is not None]
    fix = (
        Fix(
            ", ".join(dict.fromkeys(fix.role for fix in fixes)),
            tuple(dict.fromkeys(command for fix in fixes for command in fix.commands)),
            "; ".join(dict.fromkeys(fix.property for fix in fixes if fix.property)),
        )
        if fixes
        else None
    )
    own = any(fail.severity is None for fail in fails)
    severities = [fail.severity for fail in fails if fail.severity is not None]
    return Fail(
        tuple(evidence for fail in fails for evidence in fail.evidence),
        " ".join(dict.fromkeys(fail.note for fail in fails)),
        " ".join(dict.fromkeys(fail.remediation for fail in fails)),
        fix,
        None if own else min(severities, key=_WORST.index),
        () if own else tuple(dict.fromkeys(gap for fail in fails for gap in fail.gaps)),
    )


def _ask(check: Callable[[T], Verdict], item: T) -> Verdict:
    try:
        return check(item)
    except Unobserved as unseen:
        return Inconclusive(unseen.gaps)
