"""What can be wrong with the plan that the apps run on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import DrillCase, DrillContext, Steps, dotted
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredService
from mzaudit.policy.models import EnvironmentSpec, PlansSpec
from mzaudit.simulator import Estate

# Sizes of each family, smallest first: (name, cores, memory in GiB). From Azure's price lists, not from any rule.
SIZES: Final[dict[str, tuple[tuple[str, int, float], ...]]] = {
    "B": (("B1", 1, 1.75), ("B2", 2, 3.5), ("B3", 4, 7)),
    "S": (("S1", 1, 1.75), ("S2", 2, 3.5), ("S3", 4, 7)),
    "Pv2": (("P1v2", 1, 3.5), ("P2v2", 2, 7), ("P3v2", 4, 14)),
    "Pv3": (("P0v3", 1, 4), ("P1v3", 2, 8), ("P2v3", 4, 16), ("P3v3", 8, 32)),
    "Pmv3": (("P1mv3", 2, 16), ("P2mv3", 4, 32), ("P3mv3", 8, 64)),
    "Pv4": (("P0v4", 1, 4), ("P1v4", 2, 8), ("P2v4", 4, 16), ("P3v4", 8, 32)),
    "Pmv4": (("P1mv4", 2, 16), ("P2mv4", 4, 32), ("P3mv4", 8, 64)),
    "Iv2": (("I1v2", 2, 8), ("I2v2", 4, 16), ("I3v2", 8, 32)),
    "Imv2": (("I1mv2", 2, 16), ("I2mv2", 4, 32), ("I3mv2", 8, 64)),
    "Iv4": (("I1v4", 2, 8), ("I2v4", 4, 16), ("I3v4", 8, 32)),
    "Imv4": (("I1mv4", 2, 16), ("I2mv4", 4, 32), ("I3mv4", 8, 64)),
    "I": (("I1", 1, 3.5), ("I2", 2, 7), ("I3", 4, 14)),
    "EP": (("EP1", 1, 3.5), ("EP2", 2, 7), ("EP3", 4, 14)),
    "WS": (("WS1", 1, 3.5), ("WS2", 2, 7), ("WS3", 4, 14)),
}


def sizes(ground: DrillContext) -> Iterator[tuple[str, bool, bool]]:
    """Every size of a family that the policy names: is it enough, and is it what is recommended or more."""
    plans = ground.env.plans
    refused = {name.casefold() for name in plans.refused}
    known = {name.casefold(): (cores, memory) for family in SIZES.values() for name, cores, memory in family}
    cores_wanted, memory_wanted = known.get((plans.recommended or "").casefold(), (0, 0))
    for family, smallest in plans.minimum.items():
        names = [name.casefold() for name, _, _ in SIZES.get(family, ())]
        if smallest.casefold() not in names:
            continue
        for place, (name, cores, memory) in enumerate(SIZES[family]):
            enough = place >= names.index(smallest.casefold()) and name.casefold() not in refused
            strong = family != "B" and cores >= cores_wanted and memory >= memory_wanted
            yield name, enough, enough and strong


def _one(ground: DrillContext, steps: Steps, size: str, demand: Demand) -> Iterator[DrillCase]:
    """The plan of the first service, if there is one, of that size."""
    for service in ground.env.services[:1]:
        yield DrillCase(dotted(steps), f"plan {size}", partial(mutations.resize, service=service, size=size), (demand,))


@breaks(PlansSpec, "minimum")
def minimum(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each family's sizes below its minimum; each app alone on a plan that is too small."""
    small = [name for name, enough, _ in sizes(ground) if not enough]
    for name in small:
        yield from _one(ground, steps, name, Demand.PLAN_MINIMUM)
    for service in ground.env.services:
        for name in small[:2]:

            def alone(estate: Estate, service: DesiredService = service, name: str = name) -> None:
                mutations.own_plan(estate, service, name)

            yield DrillCase(dotted(steps), f"{service.key} alone on a plan {name}", alone, (Demand.PLAN_MINIMUM,))


@breaks(PlansSpec, "refused")
def refused(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each SKU that is refused."""
    for name in ground.wanted.policy.plans.refused:
        yield from _one(ground, steps, name, Demand.PLAN_MINIMUM)


@breaks(PlansSpec, "recommended")
@breaks(EnvironmentSpec, "production")
def recommended(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """In production: each size that is enough and yet less than recommended."""
    if not ground.env.production or steps[1:2] not in ((ground.env.env,), ("recommended",)):
        return
    weak = [name for name, enough, strong in sizes(ground) if enough and not strong]
    if steps[0] == "plans":
        for name in weak:
            yield from _one(ground, steps, name, Demand.PLAN_RECOMMENDED)
        return
    for service in ground.env.services:
        for name in weak[:2]:

            def alone(estate: Estate, service: DesiredService = service, name: str = name) -> None:
                mutations.own_plan(estate, service, name)

            yield DrillCase(dotted(steps), f"{service.key} alone on a plan {name}", alone, (Demand.PLAN_RECOMMENDED,))
