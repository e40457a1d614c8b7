"""Law 6 as a check: what a run with faults may say, beside what the same run says without them."""

from __future__ import annotations

from collections.abc import Sequence

from mzaudit.engine.results import Finding, Gate, Report, Status
from mzaudit.report.gap_advice import advice
from mzaudit.rule_testing import concludes_more
from mzaudit.simulator import CANARY, Request
from mzaudit.snapshot.observed import GapReason
from tests.faults.agreement import differences
from tests.faults.bench import DEADLINE, Outcome
from tests.faults.catalogue import abandons, called_for, excused
from tests.faults.targets import LOGIN, Target, tells_of

CODES = {Gate.PASSED: 0, Gate.FAILED: 1, Gate.INCOMPLETE: 3}
# reasons that a role cures: the gap must say which
_BY_ROLE = (GapReason.FORBIDDEN, GapReason.ACCESS_POLICY, GapReason.PARTIAL)


def wrongs(usual: Outcome, after: Outcome, met: Sequence[tuple[Target, str]]) -> list[str]:
    """What the run with these faults said or did that it must not."""
    assert usual.report is not None
    found = [f"it took {after.seconds:.0f} seconds"] if after.seconds > DEADLINE + 5 else []
    found += [f"it sent {r.method} {r.path}" for r in after.requests if r.path.casefold().endswith("/register")]
    if any(abandons(target) for target, _ in met):
        return [*found, *([] if after.code == 4 else [f"exit {after.code} without Resource Manager's token"])]
    if after.report is None:
        once = any(target.host == LOGIN and target.turns[:1] == (1,) for target, _ in met)
        return found if once and after.code == 4 else [*found, f"abandoned: {after.abandoned}"]
    found += disagreements(after)
    pairs = [(_key(f), f) for f in usual.report.findings], {_key(f): f for f in after.report.findings}
    if {key for key, _ in pairs[0]} != pairs[1].keys():
        found.append("an obligation came or went")
    free = any(excused(target, fault, after.requests) for target, fault in met)
    for key, before in pairs[0]:
        now = pairs[1].get(key)
        if now is None:
            continue
        if not free and concludes_more(before, now):
            found.append(f"{' '.join(key)}: {before.status} ({before.note}) became {now.status} ({now.note})")
        if not free and now.status is Status.INCONCLUSIVE and before.status is not Status.INCONCLUSIVE:
            found += _speechless(now, met, usual.requests)
    return found


def apart(memory: Outcome, wire: Outcome) -> list[str]:
    """Where a run in memory and the same one on the wire ended otherwise, or say another thing of anything."""
    ends = [(each.code, each.abandoned, each.report is None) for each in (memory, wire)]
    if ends[0] != ends[1] or memory.report is None or wire.report is None:
        return [] if ends[0] == ends[1] else [f"in memory it ended with {ends[0]}, on the wire with {ends[1]}"]
    both = zip(memory.report.findings, wire.report.findings, strict=True)
    return [f"in memory {one}, on the wire {other}" for one, other in both if one != other]


def disagreements(after: Outcome) -> list[str]:
    """Where the exit code and what the formats say differ, or a format tells of another number of findings."""
    report = after.report
    assert report is not None
    found = [] if after.code == CODES[report.summary.gate] else [f"exit {after.code}, gate {report.summary.gate}"]
    return found + differences(report, after.formats) + _complete(report) + leaks(after)


def leaks(after: Outcome) -> list[str]:
    """The formats that show one of the simulated secrets: each carries the same mark."""
    return [f"{name} shows a secret" for name, text in after.formats.items() if CANARY in text]


def _complete(report: Report) -> list[str]:
    unseen = any(f.status is Status.INCONCLUSIVE for f in report.findings)
    return [] if report.run.complete is not unseen else ["complete although something is inconclusive, or not"]


def _speechless(finding: Finding, met: Sequence[tuple[Target, str]], usual: Sequence[Request]) -> list[str]:
    """An inconclusive finding that does not name the call that failed, or not what would cure it. A refusal whose body
    cannot be read is still a refusal."""
    refused = {(request.host, request.path) for request in usual if request.status == 403}
    what = f"{finding.rule} {finding.subject.name}"
    found = []
    for gap in finding.gaps:
        if gap.reason is GapReason.INTERNAL:
            found.append(f"{what}: {gap.call} is a defect: {gap.detail}")
        if gap.reason in _BY_ROLE and not gap.permission:
            found.append(f"{what}: {gap.call} names no permission")
        if gap.permission not in advice(gap) and gap.reason in _BY_ROLE:
            found.append(f"{what}: {gap.call} has no cure")
    about = [(gap, called_for(*each)) for each in met for gap in finding.gaps if tells_of(gap, each[0])]
    about += [
        (gap, GapReason.FORBIDDEN)
        for target, _ in met
        if (target.host, target.path) in refused
        for gap in finding.gaps
        if tells_of(gap, target)
    ]
    told = "; ".join(f"{gap.reason} {gap.call} ({gap.detail})" for gap in finding.gaps)
    if not about:
        found.append(f"{what}: no gap names the call that failed, but {told}")
    elif not any(gap.reason is reason or f"{reason}: " in gap.detail for gap, reason in about):
        found.append(f"{what}: no gap is {' or '.join(reason for _, reason in about)}, but {told}")
    return found


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.env, finding.rule, finding.subject.name
