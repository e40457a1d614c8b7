"""KV-002, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.rbac_mode import rbac_mode
from tests.built_estate import Bend, ask, gap, said, vault, vault_facets, vault_properties

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
def test_rbac_mode(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(rbac_mode, "kv-mz-cloud-prd", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
