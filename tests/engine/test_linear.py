"""Judging many role assignments takes time in proportion to their number: counted in calls, by no clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from mzaudit import rules
from mzaudit.engine.evaluate import evaluate
from mzaudit.snapshot.authorization import Expiry, RoleAssignment
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing
from tests import built_estate

FEW = 150
VAULT = built_estate.vault("cloud").id
GROUP = f"/subscriptions/{built_estate.SUBSCRIPTION}/resourceGroups/other"

PLACES: dict[str, Callable[[int], tuple[str, str]]] = {
    "each on a secret of its own": lambda n: (f"{VAULT}/secrets/s{n}", f"{n:08d}-0000-0000-0000-000000000000"),
    "one principal, many secrets": lambda n: (f"{VAULT}/secrets/s{n}", "1" * 8),
    "a service, many secrets": lambda n: (
        f"{VAULT}/secrets/s{n}",
        built_estate.principal(built_estate.service("cloud")),
    ),
    "all on one vault": lambda n: (VAULT, f"{n:08d}-0000-0000-0000-000000000000"),
    "on what nobody documents": lambda n: (f"{GROUP}/providers/a.b/c/d{n}", f"{n:08d}"),
}


def many(place: Callable[[int], tuple[str, str]], count: int) -> Snapshot:
    seen = built_estate.compliant()
    before = seen.authorization[built_estate.SUBSCRIPTION]
    more = [
        RoleAssignment(f"{scope}/a{n}", scope, built_estate.SECRETS_USER, who, "ServicePrincipal")
        for n in range(count)
        for scope, who in (place(n),)
    ]
    reach: dict[str, Listing[RoleAssignment]] = dict(before.assigned_to)
    for who, listing in before.assigned_to.items():
        reach[who] = replace(listing, items=(*listing.items, *(one for one in more if one.principal_id == who)))
    after = replace(
        before,
        assignments=Listing((*before.assignments.items, *more)),
        assigned_to=reach,
        expiring=Listing(tuple(Expiry(one.principal_id, one.role, one.scope, built_estate.TAKEN) for one in more)),
    )
    return replace(seen, authorization={built_estate.SUBSCRIPTION: after})


def steps(seen: Snapshot) -> int:
    """Calls of functions that judging takes."""
    wanted, every_rule = built_estate.wanted("prd"), rules.load()
    taken = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal taken
        taken += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        evaluate(wanted, seen, every_rule)
    finally:
        sys.setprofile(before)
    return taken


@pytest.mark.parametrize("case", PLACES)
def test_twice_the_assignments_take_twice_the_steps(case: str) -> None:
    none, some, more = (steps(many(PLACES[case], count)) for count in (0, FEW, 2 * FEW))
    assert more - none < 2.3 * max(some - none, 1000)
