"""KV-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.authorization_mode import authorization_mode
from tests.built_estate import Bend, ask, bent, gap, said, vault, vault_facets, vault_properties

CLOUD = vault("cloud")

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "by access policies": (
        (vault_properties(CLOUD, rbac=False),),
        Fail,
        "kv-mz-cloud-prd authorises by access policies",
    ),
    "Azure silent, which means access policies": ((vault_properties(CLOUD, rbac=None),), Fail, "access policies"),
    "another vault": ((vault_properties(vault("manage"), rbac=False),), Pass, ""),
    "refused": ((vault_facets(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_authorization_mode(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(authorization_mode, "kv-mz-cloud-prd", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


@pytest.mark.parametrize(("rbac", "kind"), [(None, Pass), (False, Pass), (True, Fail)])
def test_a_vault_by_access_policies(rbac: bool | None, kind: type) -> None:
    want = replace(CLOUD, by_policies=True)
    verdict = authorization_mode.check(want, bent(vault_properties(CLOUD, rbac=rbac)))
    assert type(verdict) is kind
    assert kind is Pass or "authorises by RBAC: its access policies have no effect" in said(verdict)
