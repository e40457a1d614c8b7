"""RBAC-008, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.engine.subjects import ServiceAccess
from mzaudit.policy.desired import DesiredAccess, DesiredIdentity
from mzaudit.rules.rbac.documented_access import documented_access
from mzaudit.snapshot.observed import Listing, Observed, Unobserved
from mzaudit.snapshot.web import Identity, UserAssigned
from tests.built_estate import (
    READER,
    Bend,
    assigned_to,
    bent,
    gap,
    granted,
    granted_by_group,
    principal,
    said,
    service,
    site,
    site_properties,
)

CLOUD = service("cloud")
THING = CLOUD.registry.id
WANT = ServiceAccess(CLOUD, DesiredAccess("reader", "main", THING, "p.yaml:1"))
WHO = principal(CLOUD)
OPS = DesiredIdentity("prd", "ops", "id-ops", f"{CLOUD.id.rpartition('/sites/')[0]}/x/id-ops", "p.yaml:2")
ATTACHED = UserAssigned(OPS.id.upper(), "0b0b0b0b-0000-0000-0000-000000000001", "0b0b0b0b-0000-0000-0000-000000000002")

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "held": ((granted(WHO, READER, THING),), Pass, ""),
    "held under a condition": ((granted(WHO, READER, THING, condition="x", condition_version="2.0"),), Pass, ""),
    "not held": ((), Fail, "is not assigned reader on acrmonozu. "),
    "on the resource group": (
        (granted(WHO, READER, THING.partition("/providers/")[0]),),
        Fail,
        "is not assigned reader on acrmonozu: it holds Reader on /subscriptions/",
    ),
    "through a group": ((granted_by_group(WHO, "g", READER, THING),), Fail, "through the group g"),
    "by somebody else": ((granted("someone", READER, THING),), Fail, "is not assigned reader"),
    "the identity is off": (
        (site_properties(CLOUD, identity=Identity((), None, None)),),
        Fail,
        "has no system-assigned identity",
    ),
    "not all that it holds was read": (
        (assigned_to(WHO, Listing(gap=gap("GET assigned"))),),
        Inconclusive,
        "GET assigned",
    ),
    "the app cannot be read": ((site(CLOUD, properties=gap("GET app")),), Inconclusive, "GET app"),
    "no app": ((site(CLOUD, properties=Observed(None)),), NotApplicable, "does not exist"),
}


@pytest.mark.parametrize("case", CASES)
def test_documented_access(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = _asked(WANT, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_a_user_assigned_identity_holds_it() -> None:
    want = replace(WANT, service=replace(CLOUD, acts_as="user", identity=OPS))
    here = site_properties(CLOUD, identity=Identity(("userassigned",), None, None, (ATTACHED,)))
    oid = ATTACHED.principal_id or ""
    assert isinstance(_asked(want, here, granted(oid, READER, THING)), Pass)
    assert isinstance(_asked(want, here, assigned_to(oid, Listing()), granted(WHO, READER, THING)), Fail)
    assert "has no user-assigned identity id-ops" in said(_asked(want))


def test_a_role_that_nothing_is_of_may_not_exist() -> None:
    want = replace(WANT, access=replace(WANT.access, role="Cache Operator"))
    assert said(_asked(want)).count("No role named Cache Operator was found") == 1
    assert "a role called" not in said(
        _asked(replace(WANT, access=replace(WANT.access, role="Data Factory Contributor")))
    )


def _asked(want: ServiceAccess, *bends: Bend) -> Verdict:
    try:
        return documented_access.check(want, bent(*bends))
    except Unobserved as unseen:
        return Inconclusive(unseen.gaps)
