"""What a drill has shown, as text: what slipped, false alarms, coverage by what is demanded, totals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mzaudit.drill.drill_run import DrillOutcome
from mzaudit.engine.demand import Demand
from mzaudit.policy.enums import counted

_MOST_SAID = 4


def slipped(outcomes: Sequence[DrillOutcome]) -> tuple[DrillOutcome, ...]:
    """The deviations that no rule that answers for them failed over."""
    return tuple(o for o in outcomes if o.demands and not o.answering and not o.switched_off)


def unguarded(outcomes: Sequence[DrillOutcome]) -> tuple[DrillOutcome, ...]:
    """The deviations that only rules answer for which the policy switches off there."""
    return tuple(o for o in outcomes if o.demands and o.switched_off)


def false_alarms(outcomes: Sequence[DrillOutcome]) -> tuple[DrillOutcome, ...]:
    """The harmless variations over which something failed or became inconclusive."""
    return tuple(o for o in outcomes if not o.demands and not o.quiet)


def render(outcomes: Sequence[DrillOutcome], env: str, left_out: Sequence[str] = ()) -> str:
    """The whole page; `left_out` are the expectations for which no estate could be made."""
    not_made = [f"NOT DRILLED  {each}: no body could be made for it" for each in left_out]
    return "\n".join((*_troubles(outcomes), *not_made, *_coverage(outcomes), "", *_totals(outcomes, env)))


def _troubles(outcomes: Sequence[DrillOutcome]) -> Iterator[str]:
    for outcome in slipped(outcomes):
        yield f"SLIPPED      {outcome.place}: {outcome.what}"
        yield f"             violates {', '.join(outcome.demands)}"
        yield from _said(outcome)
    for outcome in false_alarms(outcomes):
        yield f"FALSE ALARM  {outcome.place}: {outcome.what}"
        yield from _said(outcome)
    for outcome in unguarded(outcomes):
        rules = ", ".join(sorted({one.rule for one in outcome.said if one.answers}))
        yield f"SWITCHED OFF {outcome.place}: {outcome.what} ({rules})"
    if slipped(outcomes) or false_alarms(outcomes) or unguarded(outcomes):
        yield ""


def _said(outcome: DrillOutcome) -> Iterator[str]:
    told = sorted(outcome.said, key=lambda one: (one.status != "fail", one.status != "inconclusive", one.rule))
    for one in told[:_MOST_SAID]:
        yield f"             {one}"
    if len(told) > _MOST_SAID:
        yield f"             and {counted(len(told) - _MOST_SAID, 'more finding')} that changed"
    if not told:
        yield "             nothing changed"


def _coverage(outcomes: Sequence[DrillOutcome]) -> Iterator[str]:
    deviations = [o for o in outcomes if o.demands]
    yield f"{'demand':<40} {'deviations':>10} {'caught':>7} {'slipped':>8}  caught by"
    for demand in Demand:
        of_it = [o for o in deviations if demand in o.demands]
        if not of_it:
            continue
        caught = [o for o in of_it if o.answering]
        missed = slipped(of_it)
        rules = sorted({one.rule for o in caught for one in o.answering})
        yield (f"{demand:<40} {len(of_it):>10} {len(caught):>7} {len(missed):>8}  {', '.join(rules)}").rstrip()


def _totals(outcomes: Sequence[DrillOutcome], env: str) -> Iterator[str]:
    deviations = [o for o in outcomes if o.demands]
    variations = [o for o in outcomes if not o.demands]
    off = len(unguarded(outcomes))
    caught = len(deviations) - len(slipped(outcomes)) - off
    share = f"{100 * caught // len(deviations)} %" if deviations else "none"
    missed = len(slipped(outcomes))
    yield f"{env}: {counted(len(deviations), 'deviation')}, {caught:,} caught ({share}), {missed:,} slipped"
    if off:
        yield f"{counted(off, 'deviation')} would be caught by rules that the policy switches off"
    unsure = [o for o in slipped(outcomes) if any(one.status == "inconclusive" for one in o.said)]
    if unsure:
        was = "was" if len(unsure) == 1 else "were"
        yield f"{len(unsure):,} of the slipped {was} inconclusive, which is not caught"
    yield f"{counted(len(variations), 'harmless variation')}, {counted(len(false_alarms(outcomes)), 'false alarm')}"
    several = sum(len(o.failed) > 1 for o in deviations)
    also = sum(any(not one.answers for one in o.failed) for o in deviations)
    many = f"{counted(several, 'deviation')} had more than one failing finding"
    yield f"{many}; {also:,} failed a rule beside those that answer"
