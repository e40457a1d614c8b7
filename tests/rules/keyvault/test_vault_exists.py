"""KV-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.vault_exists import vault_exists
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, ask, gap, said, vault, vault_facets, vault_properties

CLOUD = vault("cloud")
GONE = vault_facets(CLOUD, properties=Observed(None))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "by access policies is KV-002's business": ((vault_properties(CLOUD, rbac=False),), Pass, ""),
    "absent": ((GONE,), Fail, "kv-mz-cloud-prd does not exist"),
    "soft-deleted": ((GONE, vault_facets(CLOUD, soft_deleted=Observed(True))), Fail, "is soft-deleted"),
    "absent, deleted vaults refused": ((GONE, vault_facets(CLOUD, soft_deleted=gap())), Fail, "does not exist"),
    "refused": ((vault_facets(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_vault_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(vault_exists, "kv-mz-cloud-prd", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
