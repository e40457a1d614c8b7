"""RBAC-009, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass, Verdict
from mzaudit.engine.subjects import PrincipalAccess, each_principal_access
from mzaudit.policy.desired import DesiredAccess, DesiredPrincipal
from mzaudit.rules.rbac.principal_access import principal_access
from mzaudit.snapshot.observed import Listing, Unobserved
from tests.built_estate import READER, SUBSCRIPTION, Bend, authorization, bent, gap, granted, said, service, wanted

WHO = "5f3c1d1e-2b7a-4c55-9d57-0d6f4f6f2a10"
CLOUD = service("cloud")
THING = CLOUD.registry.id
GROUP = THING.partition("/providers/")[0]
ACCESS = DesiredAccess("reader", "main", THING, "p.yaml:1")
WANT = PrincipalAccess(DesiredPrincipal(WHO, "the release pipeline", True, (ACCESS,)), ACCESS)

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "held": ((granted(WHO, READER, THING),), Pass, ""),
    "held, the object id in capitals": ((granted(WHO.upper(), READER, THING),), Pass, ""),
    "held by a group of that object id": ((granted(WHO, READER, THING, principal_type="Group"),), Pass, ""),
    "held under a condition": ((granted(WHO, READER, THING, condition="x", condition_version="2.0"),), Pass, ""),
    "not held": ((), Fail, f"the release pipeline ({WHO}) is not assigned reader on acrmonozu."),
    "on the resource group": (
        (granted(WHO, READER, GROUP),),
        Fail,
        "is not assigned reader on acrmonozu: it holds Reader on /subscriptions/",
    ),
    "on something else, and on the resource group": (
        (granted(WHO, READER, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/aaa"), granted(WHO, READER, GROUP)),
        Fail,
        f"is not assigned reader on acrmonozu: it holds Reader on {GROUP}.",
    ),
    "by somebody else": ((granted("someone", READER, THING),), Fail, "is not assigned reader"),
    "the assignments were cut short": (
        (authorization(assignments=Listing(gap=gap("GET assignments"))),),
        Inconclusive,
        "GET assignments",
    ),
    "the assignments were cut short, and it is among them": (
        (
            granted(WHO, READER, THING),
            lambda seen: authorization(
                assignments=replace(seen.authorization[SUBSCRIPTION].assignments, gap=gap("GET assignments"))
            )(seen),
        ),
        Pass,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_principal_access(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = _asked(WANT, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


@pytest.mark.parametrize("pipeline", [True, False])
def test_only_of_a_pipeline_the_type_is_known(pipeline: bool) -> None:
    verdict = _asked(replace(WANT, principal=replace(WANT.principal, pipeline=pipeline)))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    (command,) = verdict.fix.commands
    assert f"--assignee-object-id {WHO} " in command
    assert ("--assignee-principal-type ServicePrincipal" in command) == pipeline


def test_what_is_not_there_is_the_cause() -> None:
    """The subject is made of the thing that the role is held on."""
    bound = wanted()
    env = bound.environments["prd"]
    vault, storage, app = env.vaults[0], env.storage[0], env.services[0]
    scopes = {vault.id: "vault", storage.container_id: "storage", app.id: "service", THING: "registry"}
    held = tuple(replace(ACCESS, scope=scope) for scope in scopes)
    there = replace(env, principals=(replace(WANT.principal, access=held),))
    assert [next(iter(s.parts), None) for s in each_principal_access(bound, there)] == list(scopes.values())


def _asked(want: PrincipalAccess, *bends: Bend) -> Verdict:
    try:
        return principal_access.check(want, bent(*bends))
    except Unobserved as unseen:
        return Inconclusive(unseen.gaps)
