"""A run against an earlier report of the same estate: what is new, what was known, what is resolved.

A finding was known only if the earlier report saw it fail in the same way: what has become more severe, shows another
observation, was waived and no longer is, or could not be seen then, is new. So a baseline hides nothing that it does
not hold itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from mzaudit.engine.results import BaselineNote, BaselineState, Finding, Report, Status
from mzaudit.errors import InputError
from mzaudit.snapshot.clock import by_azure
from mzaudit.snapshot.text.ids import same

_FAILING: Final = (Status.FAIL, Status.WAIVED)
_NAMED: Final = 10


@dataclass(frozen=True, slots=True)
class Earlier:
    """The report to compare with; `name` is what its file is called. With `only_new` the gate looks at new ones."""

    name: str
    report: Report
    only_new: bool = False


def comparable(earlier: Earlier, environments: Sequence[str], policy: str, source: str, started: datetime) -> None:
    """Refuse a report of another environment, policy or estate, or of a later day by Azure's clock, as `started` is;
    raises `InputError`."""
    run = earlier.report.run
    then = by_azure(run.started, run.skew)
    held = earlier.report.environments
    for env in environments:
        if env not in held:
            raise InputError(f"{earlier.name}: run.env: expected a baseline of {env}, found one of {', '.join(held)}")
    if run.policy != policy:
        raise InputError(f"{earlier.name}: run.policy: expected a baseline by {policy}, found one by {run.policy}")
    if run.source != source:
        raise InputError(f"{earlier.name}: run.source: expected a baseline of {source}, found one of {run.source}")
    if then > started:
        raise InputError(
            f"{earlier.name}: run.started: expected a baseline no later than {started.isoformat()}, when this state "
            f"was read, found one of {then.isoformat()}"
        )


def mark(findings: Sequence[Finding], started: datetime, earlier: Report) -> tuple[Finding, ...]:
    """The findings, each with what became of it since the earlier report; `started` is when they were read, by
    Azure's clock."""
    before = {finding.fingerprint: finding for finding in earlier.findings}
    return tuple(
        replace(finding, baseline=_note(finding, before.get(finding.fingerprint), started, earlier))
        for finding in findings
    )


def dropped(findings: Sequence[Finding], earlier: Earlier) -> tuple[str, ...]:
    """A warning that names what failed then and is not asked now, which is not the same as resolved."""
    asked = {f.fingerprint for f in findings if f.status is not Status.NOT_APPLICABLE or f.cause}
    environments = {finding.env for finding in findings}
    rules = {finding.rule for finding in findings}
    gone = [
        f"{finding.rule} {finding.subject.name}"
        for finding in earlier.report.findings
        if finding.status in _FAILING
        and finding.fingerprint not in asked
        and finding.env in environments
        and finding.rule in rules
    ]
    if not gone:
        return ()
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    named = ", ".join(gone[:_NAMED])
    return (f"{earlier.name}: failed there and is no longer checked, so it may still fail: {named}{more}",)


def _note(finding: Finding, before: Finding | None, started: datetime, earlier: Report) -> BaselineNote | None:
    failed = before is not None and before.status in _FAILING
    unseen = before is not None and before.status is Status.INCONCLUSIVE
    match finding.status:
        case Status.FAIL | Status.WAIVED if before is not None and failed:
            state = BaselineState.UNCHANGED if _known(finding, before) else BaselineState.NEW
            return BaselineNote(state, _first_seen(before, earlier))
        case Status.INCONCLUSIVE if before is not None and unseen:
            return BaselineNote(BaselineState.UNCHANGED, _first_seen(before, earlier))
        case Status.FAIL | Status.WAIVED | Status.INCONCLUSIVE:
            return BaselineNote(BaselineState.NEW, started.astimezone(UTC))
        case Status.PASS if before is not None and failed:
            return BaselineNote(BaselineState.RESOLVED, _first_seen(before, earlier))
        case Status.PASS | Status.NOT_APPLICABLE:
            return None


def _known(finding: Finding, before: Finding) -> bool:
    """Whether the earlier failure is this one. A waiver that is gone leaves a failure that nobody answers for."""
    return (
        (before.status is Status.FAIL or finding.status is Status.WAIVED)
        and finding.severity.rank >= before.severity.rank
        and same(finding.subject.id, before.subject.id)
        and _observed(finding) == _observed(before)
    )


def _observed(finding: Finding) -> frozenset[tuple[str, object]]:
    return frozenset((fact.at, fact.observed) for fact in finding.evidence)


def _first_seen(before: Finding, earlier: Report) -> datetime:
    if before.baseline is not None:
        return before.baseline.first_seen.astimezone(UTC)
    return by_azure(earlier.run.started, earlier.run.skew)
