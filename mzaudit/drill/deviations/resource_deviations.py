"""What can be wrong with a resource of any type: it is gone, or a fact of its body is another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice

from mzaudit.drill.deviation_registry import breaks, conforming
from mzaudit.drill.drill_case import DrillCase, DrillContext, Steps
from mzaudit.drill.expected_bodies import Change, broken, satisfy
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import Desired
from mzaudit.policy.models import Policy
from mzaudit.simulator import Estate
from mzaudit.simulator.http_messages import Json, inside

_FORMS = 4  # of each expectation


@conforming
def as_expected(estate: Estate, wanted: Desired) -> None:
    """Every resource of any type, and every body as the policy expects it."""
    for env in wanted.environments.values():
        for one in env.expected:
            satisfy(estate, one)
            if _is_private(estate.resource(one.id)):
                estate.private_links.add(one.id.casefold())


def _is_private(body: Json) -> bool:
    """Whether a body that is as the policy expects it lets nobody in from outside: who audits it is inside then."""
    told = inside(body, "properties")
    closed = str(told.get("publicNetworkAccess")).casefold() == "disabled"
    return closed or str(inside(told, "networkAcls").get("defaultAction")).casefold() == "deny"


@breaks(Policy, "resources")
def resources(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each resource that stands alone is gone once; each expectation is broken in a few ways."""
    accounts = {storage.account_id.casefold() for storage in ground.env.storage}
    for one in ground.env.expected:
        if one.stands_alone:
            demands = (Demand.RESOURCES, *((Demand.CONTAINER,) if one.id.casefold() in accounts else ()))
            yield DrillCase(f"resources.{one.key}", "gone", partial(_gone, one.id), demands)
        for fact in one.facts:
            for value, change in _told_apart(islice(broken(one, fact), _FORMS)):
                mutate = partial(_changed, one.id, change)
                yield DrillCase(f"resources.{one.key}.{fact.expression}", value, mutate, (Demand.BODIES,))


def _told_apart(forms: Iterable[tuple[str, Change]]) -> Iterator[tuple[str, Change]]:
    """Each form once."""
    yield from {value[:60]: (value[:60], change) for value, change in forms}.values()


def _gone(resource_id: str, estate: Estate) -> None:
    estate.remove(resource_id)


def _changed(resource_id: str, change: Change, estate: Estate) -> None:
    body = estate.resource(resource_id)
    changed = change(body)
    body.clear()
    body.update(changed)
