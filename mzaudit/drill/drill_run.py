"""Runs cases: one simulated Azure a worker process, the estate bent and collected anew for each case."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mzaudit.drill.deviations import deviations
from mzaudit.drill.drill_case import DrillCase, DrillContext
from mzaudit.drill.policy_estate import estate_of
from mzaudit.drill.simulated_estates import bound
from mzaudit.drill.variations import variations
from mzaudit.engine.demand import Demand
from mzaudit.engine.overrides import override_of
from mzaudit.engine.results import Finding, Status
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import Loaded
from mzaudit.simulator import Simulator, serve

Audit = Callable[[Desired, Simulator], tuple[Finding, ...]]
"""Collects from the simulator and judges; has to be picklable, to reach the workers."""

_SMALLEST_BATCH, _BATCHES = 30, 4  # of cases; for each worker
_LOOK_FOR_GARBAGE = 100_000  # objects made and not yet freed: oftener, it costs a seventh of a case


@dataclass(frozen=True, slots=True)
class DrillFinding:
    """One finding that was not so on the conforming estate; `answers`: its rule answers for what was violated; `off`:
    the policy switches its rule off, so that a check would not say it."""

    rule: str
    subject: str
    status: Status
    note: str
    answers: bool
    off: bool = False

    def __str__(self) -> str:
        off = " (switched off)" if self.off else ""
        return f"{self.rule} {self.subject} {self.status}{off}: {self.note}"


@dataclass(frozen=True, slots=True)
class DrillOutcome:
    """What became of a case: the findings that changed."""

    place: str
    what: str
    demands: tuple[Demand, ...]
    all_environments: bool
    said: tuple[DrillFinding, ...]

    @property
    def failed(self) -> tuple[DrillFinding, ...]:
        """The new failures."""
        return tuple(one for one in self.said if one.status is Status.FAIL and not one.off)

    @property
    def answering(self) -> tuple[DrillFinding, ...]:
        """The new failures of rules that answer for what was violated."""
        return tuple(one for one in self.failed if one.answers)

    @property
    def switched_off(self) -> bool:
        """Whether only rules that the policy switches off would answer."""
        return not self.answering and any(one.answers for one in self.said)

    @property
    def quiet(self) -> bool:
        """Whether nothing new failed or became inconclusive."""
        return not any(one.status in (Status.FAIL, Status.INCONCLUSIVE) and not one.off for one in self.said)


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """Everything that a worker needs to make the same cases again: nothing in it is bent. `guards` are the rules that
    answer where a demand is violated."""

    loaded: Loaded
    env: str
    audit: Audit
    guards: Mapping[Demand, frozenset[str]]


def ground_of(plan: DrillPlan) -> DrillContext:
    """The policy, bound for the drilled environment."""
    return DrillContext.of(bound(plan.loaded, plan.env))


class Drill:
    """A running drill: call `outcome` with the number of a case."""

    def __init__(self, plan: DrillPlan, simulator: Simulator) -> None:
        self._plan = plan
        self._simulator = simulator
        self._ground = ground_of(plan)
        self._estate = pickle.dumps(simulator.estate)
        self.cases = cases_of(self._ground)
        self._conforming: dict[bool, tuple[Finding, ...]] = {}

    def conforming(self, *, everywhere: bool) -> tuple[Finding, ...]:
        """The findings about the conforming estate, looked at once."""
        if everywhere not in self._conforming:
            self._conforming[everywhere] = self._look(everywhere=everywhere, case=None)
        return self._conforming[everywhere]

    def conforms(self, *, everywhere: bool) -> DrillOutcome:
        """What is said of the conforming estate itself; anything but silence is a false alarm."""
        alarms = [f for f in self.conforming(everywhere=everywhere) if f.status in (Status.FAIL, Status.INCONCLUSIVE)]
        what = "as documented" + (", all environments together" if everywhere else "")
        said = tuple(_said(f, frozenset(), self._ground.wanted) for f in alarms)
        return DrillOutcome("policy", what, (), everywhere, said)

    def outcome(self, number: int) -> DrillOutcome:
        """Bend, look, compare."""
        case = self.cases[number]
        before = {_key(finding): finding.status for finding in self.conforming(everywhere=case.all_environments)}
        after = self._look(everywhere=case.all_environments, case=case)
        changed = [f for f in after if before.get(_key(f)) is not f.status]
        return DrillOutcome(
            case.place,
            case.what,
            case.demands,
            case.all_environments,
            tuple(_said(f, self._guards(case), self._ground.wanted) for f in changed),
        )

    def _guards(self, case: DrillCase) -> frozenset[str]:
        """The rules of which one has to fail."""
        return frozenset(code for demand in case.demands for code in self._plan.guards[demand])

    def _look(self, *, everywhere: bool, case: DrillCase | None) -> tuple[Finding, ...]:
        estate = pickle.loads(self._estate)  # noqa: S301 - our own bytes; twice as fast as a deep copy
        if case is not None:
            case.mutate(estate)
        estate.fixed = True
        self._simulator.estate = estate
        wanted = self._ground.wanted
        asked = tuple(wanted.environments) if everywhere else wanted.asked
        # every rule is asked: what the policy switches off is said to be so, not left untried
        return self._plan.audit(replace(wanted, asked=asked, overrides={}), self._simulator)


def cases_of(ground: DrillContext) -> tuple[DrillCase, ...]:
    """All deviations and variations; those that compare only where the policy has a second environment."""
    every = (*deviations(ground), *variations(ground))
    return tuple(case for case in every if not case.all_environments or ground.other is not None)


@contextmanager
def drill(plan: DrillPlan) -> Iterator[Drill]:
    """Serve the conforming estate on loopback while the block runs."""
    with serve(estate_of(ground_of(plan).wanted)) as simulator:
        yield Drill(plan, simulator)


def _batch(plan: DrillPlan, numbers: Sequence[int], conforming: Sequence[bool] = ()) -> list[DrillOutcome]:
    with drill(plan) as running:
        looks = [running.conforms(everywhere=everywhere) for everywhere in conforming]
        return [*looks, *map(running.outcome, numbers)]


def run(plan: DrillPlan, numbers: Sequence[int], jobs: int) -> Iterator[DrillOutcome]:
    """The outcomes of those cases and of the conforming estate, by `jobs` worker processes, in no set order."""
    cases = cases_of(ground_of(plan))
    conforming = sorted({False, *(cases[number].all_environments for number in numbers)})
    if jobs <= 1 or len(numbers) <= _SMALLEST_BATCH:
        yield from _batch(plan, numbers, conforming)
        return
    # what compares all environments goes together: a batch looks at the conforming estate once for each kind
    ordered = sorted(numbers, key=lambda number: not cases[number].all_environments)
    size = max(_SMALLEST_BATCH, len(ordered) // (_BATCHES * jobs) + 1)
    batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, gc.set_threshold, (_LOOK_FOR_GARBAGE,)) as workers:
        first = workers.submit(_batch, plan, batches[0], conforming)
        for done in as_completed([first, *(workers.submit(_batch, plan, batch) for batch in batches[1:])]):
            yield from done.result()


def _key(finding: Finding) -> tuple[str, str, str, str]:
    return finding.rule, finding.env, finding.subject.kind, finding.subject.name


def _said(finding: Finding, answering: Set[str], wanted: Desired) -> DrillFinding:
    answers = finding.status is Status.FAIL and finding.rule in answering
    override = override_of(wanted, finding.rule, finding.env, finding.subject)
    off = override is not None and override.severity is None
    unseen = "; ".join(f"{gap.reason} {gap.call} {gap.detail}".rstrip() for gap in finding.gaps[:1])
    return DrillFinding(finding.rule, finding.subject.name, finding.status, finding.note or unseen, answers, off)
