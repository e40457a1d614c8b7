"""A served estate to run whole audits against, fault by fault: the unmodified product with less patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from unittest.mock import patch

from mzaudit.audit.results import Report
from mzaudit.azure import Connection, choose, collect, lists
from mzaudit.azure.connection import Retry
from mzaudit.cli.judge import judge
from mzaudit.cli.look import quiet, scope_of
from mzaudit.cli.wanted import bound, load_policy
from mzaudit.errors import Abandoned
from mzaudit.policy.models import Severity
from mzaudit.report import FORMATS, render
from mzaudit.report.gate import exit_code
from mzaudit.simulator import Fault, Request, build, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason
from tests.faults.catalogue import FAULTS, abandons, pairs
from tests.faults.targets import Recorder, Target, targets, tells_of
from tests.faults.tunnel import Break, tunnel

# Two tries, and no wait between them that anybody would notice; what never answers is given up soon. On a busy machine
# an answer that was on its way may be given up too: that run tells nothing about the fault, and is made again, slower.
PATIENCE = Retry(tries=2, first=0.001, longest=0.001, budget=10.0, budget_when_exhausted=5.0)
HURRY = replace(PATIENCE, tries=1, budget=1.5, budget_when_exhausted=1.0)
SLOWER = (1, 4, 16)
DEADLINE = 60.0
AT_ONCE = 6  # where a call takes no time, a further connection costs more than the wait that it saves


@dataclass(frozen=True)
class Outcome:
    """How one run ended: `report` is None when it was abandoned, for the reason in `abandoned`."""

    code: int
    report: Report | None
    formats: dict[str, str]
    seconds: float
    requests: tuple[Request, ...]
    abandoned: str = ""

    def strays(self, asked: Sequence[Target]) -> bool:
        """Whether a call ran out of time that is none of these: the clock's doing, not the fault's."""
        if self.report is None:
            return not any(abandons(target) for target in asked)
        gaps = (gap for finding in self.report.findings for gap in finding.gaps)
        return any(_late(gap) and not any(tells_of(gap, target) for target in asked) for gap in gaps)


def _late(gap: Gap) -> bool:
    """Whether a gap says that time ran out: the call's own, that of the token it waited for, or that of the call which
    would have told whether its list is whole."""
    return gap.reason is GapReason.TIMEOUT or "in time" in gap.detail or f"{GapReason.TIMEOUT}: " in gap.detail


def _slower(retry: Retry, times: int) -> Retry:
    return replace(retry, budget=retry.budget * times, budget_when_exhausted=retry.budget_when_exhausted * times)


class Bench:
    """One estate, served until `close`; it knows what a run asks when nothing is wrong, and what is answered. With
    `many`, so many things of a kind are worth a list in place of a read of each."""

    def __init__(self, estate: str, many: int = lists.MANY) -> None:
        self._many = many
        self._open = ExitStack()
        self._sim = self._open.enter_context(serve(build(estate)))
        self._loaded = load_policy(None, shipped=True)
        everywhere = dict.fromkeys(self._loaded.policy.environments, self._sim.subscription_id)
        self._wanted = bound(self._loaded, ("prd",), everywhere)
        quiet(False)
        self.usual = self.run([], Retry())
        self.targets = targets(self.usual.requests)
        recorder = Recorder(self.targets)
        self.run(recorder.faults, Retry())
        self.bodies = recorder.bodies
        self.pairs = pairs(self.targets, self.bodies)

    def close(self) -> None:
        """Stop serving."""
        self._open.close()

    def fault(self, target: Target, name: str) -> list[Fault]:
        """The named fault for a request."""
        return FAULTS[name](target, self.bodies)

    def meet(self, *chosen: tuple[Target, str]) -> Outcome:
        """A run in which these requests meet these faults."""
        hangs = any(name == "time-out" or "Retry-After" in name for _, name in chosen)
        faults = [fault for target, name in chosen for fault in self.fault(target, name)]
        asked = [target for target, _ in chosen]
        for times in SLOWER:
            outcome = self.run(faults, _slower(HURRY if hangs else PATIENCE, times))
            if not outcome.strays(asked):
                break
        return outcome

    def run(self, faults: Sequence[Fault], retry: Retry, broken: dict[str, Break] | None = None) -> Outcome:
        """One whole run: collect, judge, render."""
        self._sim.faults[:] = faults
        before, begun = len(self._sim.requests), time.monotonic()
        try:
            with patch.object(lists, "MANY", self._many):
                seen = asyncio.run(self._collect(retry, broken or {}))
        except Abandoned as error:
            return Outcome(4, None, {}, time.monotonic() - begun, tuple(self._sim.requests[before:]), str(error))
        finally:
            self._sim.faults.clear()
        seconds = time.monotonic() - begun
        report = judge(self._loaded, self._wanted, seen, fail_on=Severity.MEDIUM)
        formats = {name: render(name, report) for name in FORMATS}
        return Outcome(exit_code(report), report, formats, seconds, tuple(self._sim.requests[before:]))

    @property
    def refused(self) -> list[str]:
        """The hosts that were asked for and that the estate does not have."""
        return self._sim.refused

    async def _collect(self, retry: Retry, broken: dict[str, Break]) -> Snapshot:
        async with tunnel(self._sim.proxy, broken) as proxy:
            connection = Connection(proxy=proxy, ca_file=self._sim.ca_file, retry=retry, at_once=AT_ONCE)
            return await collect(
                scope_of(self._wanted),
                choose(self._sim.environ(), connection),
                connection,
                taken=datetime.now(UTC).replace(microsecond=0),
                tool_version="0",
                source="simulated",
                timeout=DEADLINE,
                values=True,
            )
