"""A served estate to run whole audits against, fault by fault: the unmodified product with less patience."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from unittest.mock import patch

from mzaudit.azure import Connection, bulk_lists, choose, collect
from mzaudit.azure.client.connection import AnswerMemory, Retry
from mzaudit.cli.debug_log import configure_logging
from mzaudit.cli.evaluation import judge
from mzaudit.cli.read_scope import scope_of
from mzaudit.cli.resolve import bind_policy, load_policy
from mzaudit.engine.gate import exit_code
from mzaudit.engine.results import Report
from mzaudit.errors import Abandoned
from mzaudit.policy.models import Severity
from mzaudit.report import FORMATS, render
from mzaudit.simulator import Fault, Request, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason
from tests.documented_estate import build
from tests.faults.catalogue import FAULTS, abandons, pairs
from tests.faults.targets import Recorder, Target, targets, tells_of
from tests.faults.tunnel import Break, tunnel
from tests.virtual_time import VirtualTime

# Two tries. In memory a wait costs nothing: time is virtual. Only databases are waited for in truth, and as long.
PATIENCE = Retry(tries=2, first=0.001, longest=0.001, budget=25.0, budget_when_exhausted=12.0)
DEADLINE = 300.0
# On the wire there is time for the busiest machine, but what never answers is given up soon. An answer that was on its
# way may be given up too then: that run tells nothing about the fault, and is made again, slower.
PATIENT = replace(PATIENCE, budget=600.0, budget_when_exhausted=300.0)
HURRY = replace(PATIENCE, tries=1, budget=1.5, budget_when_exhausted=1.0)
SLOWER = (1, 4, 16, 64)
AT_ONCE = 6  # where a call takes no time, a further connection costs more than the wait that it saves


@dataclass(frozen=True)
class Outcome:
    """How one run ended: `report` is None when it was abandoned, for the reason in `abandoned`; `seconds` are those of
    a clock that only waits move, and none on the wire."""

    code: int
    report: Report | None
    formats: dict[str, str]
    seconds: float
    requests: tuple[Request, ...]
    abandoned: str = ""

    def strays(self, asked: Sequence[Target], host: str = "no host") -> bool:
        """Whether a call ran out of time that is none of these, nor a database's at the host: the clock's doing, not
        the fault's."""
        if self.report is None:
            return not any(abandons(target) for target in asked)
        gaps = (gap for finding in self.report.findings for gap in finding.gaps)
        late = (gap for gap in gaps if _late(gap) and not gap.call.startswith(f"SQL {host}/"))
        return any(not any(tells_of(gap, target) for target in asked) for gap in late)


def _late(gap: Gap) -> bool:
    """Whether a gap says that time ran out: the call's own, that of the token it waited for, or that of the call which
    would have told whether its list is whole."""
    return gap.reason is GapReason.TIMEOUT or "in time" in gap.detail or f"{GapReason.TIMEOUT}: " in gap.detail


def _passed(loop: asyncio.AbstractEventLoop) -> float:
    return loop.time() if isinstance(loop, VirtualTime) else 0.0


async def _added(work: Coroutine[object, object, Snapshot], found: list[Snapshot]) -> None:
    found.append(await work)


def _slower(retry: Retry, times: int) -> Retry:
    return replace(retry, budget=retry.budget * times, budget_when_exhausted=retry.budget_when_exhausted * times)


class Bench:
    """One estate, served until `close`; it knows what a run asks when nothing is wrong, and what is answered. With
    `many`, so many things of a kind are worth a list in place of a read of each."""

    def __init__(self, estate: str, many: int = bulk_lists.MANY) -> None:
        self._many = many
        self._open = ExitStack()
        estate_served = build(estate)
        estate_served.fixed = True
        self._sim = self._open.enter_context(serve(estate_served))
        self._taken = datetime.now(UTC).replace(microsecond=0)
        self._loaded = load_policy(None, shipped=True)
        everywhere = dict.fromkeys(self._loaded.policy.environments, self._sim.subscription_id)
        self._wanted = bind_policy(self._loaded, ("prd",), everywhere)
        configure_logging(False)
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
        """A run in memory in which these requests meet these faults. What was made of every other answer is used again,
        unless a token is at stake: an answer that is used again needs none."""
        again = not any(target.grants for target, _ in chosen)
        return self.run(self._faults(*chosen), PATIENCE, memory=self._sim.memory if again else None)

    def meet_on_the_wire(self, *chosen: tuple[Target, str]) -> Outcome:
        """The same run over sockets, TLS and a proxy."""
        if not any(name == "time-out" for _, name in chosen):
            return self.run(self._faults(*chosen), PATIENT, {})
        for times in SLOWER:
            outcome = self.run(self._faults(*chosen), _slower(HURRY, times), {})
            if not outcome.strays([target for target, _ in chosen]):
                break
        return outcome

    def without(self, host: str, broken: Break) -> Outcome:
        """A run on the wire that finds the way to a host broken."""
        if broken != "silent":
            return self.run([], PATIENT, {host: broken})
        asked = [target for target in self.targets if target.host == host]
        for times in SLOWER:
            outcome = self.run([], _slower(HURRY, times), {host: broken})
            if not outcome.strays(asked, host):
                break
        return outcome

    def run(
        self,
        faults: Sequence[Fault],
        retry: Retry,
        broken: Mapping[str, Break] | None = None,
        memory: AnswerMemory | None = None,
    ) -> Outcome:
        """One whole run: collect, judge, render. It is made in memory, but on the wire where it is told which hosts
        are `broken`, be it none."""
        self._sim.faults[:] = faults
        before = len(self._sim.requests)
        found: list[Snapshot] = []
        with asyncio.Runner(loop_factory=VirtualTime if broken is None else asyncio.SelectorEventLoop) as runner:
            loop = runner.get_loop()
            try:
                with patch.object(bulk_lists, "MANY", self._many):
                    work = self._in_memory(retry, memory) if broken is None else self._on_the_wire(retry, broken)
                    runner.run(_added(work, found))  # asyncio takes the `repr` of what a task returns
            except Abandoned as error:
                return Outcome(4, None, {}, _passed(loop), tuple(self._sim.requests[before:]), str(error))
            finally:
                self._sim.faults.clear()
        report = judge(self._loaded, self._wanted, found[0], fail_on=Severity.MEDIUM)
        formats = {name: render(name, report) for name in FORMATS}
        return Outcome(exit_code(report), report, formats, _passed(loop), tuple(self._sim.requests[before:]))

    @property
    def refused(self) -> list[str]:
        """The hosts that were asked for and that the estate does not have."""
        return self._sim.refused

    async def _in_memory(self, retry: Retry, memory: AnswerMemory | None) -> Snapshot:
        return await self._collect(replace(self._connection(retry), session=self._sim.session, memory=memory))

    async def _on_the_wire(self, retry: Retry, broken: Mapping[str, Break]) -> Snapshot:
        async with tunnel(self._sim.proxy, broken) as proxy:
            return await self._collect(replace(self._connection(retry), proxy=proxy))

    def _connection(self, retry: Retry) -> Connection:
        return Connection(proxy=self._sim.proxy, ca_file=self._sim.ca_file, retry=retry, at_once=AT_ONCE)

    async def _collect(self, connection: Connection) -> Snapshot:
        return await collect(
            scope_of(self._wanted),
            choose(self._sim.environ(), connection),
            connection,
            taken=self._taken,
            tool_version="0",
            source="simulated",
            timeout=DEADLINE if connection.session else 10 * DEADLINE,
            values=True,
        )

    def _faults(self, *chosen: tuple[Target, str]) -> list[Fault]:
        return [fault for target, name in chosen for fault in self.fault(target, name)]
