"""KV-003, case by case."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.secret_present import secret_present
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing
from tests.built_estate import ask, gap, secret_gone, secret_item, vault, vault_facets

CLOUD = vault("cloud")
CASES: dict[str, tuple[tuple[Callable[[Snapshot], Snapshot], ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "spelt in another case": ((secret_item(CLOUD, "SECRET-KEY", name="secret-key"),), Pass, ""),
    "disabled is KV-004's business": ((secret_item(CLOUD, "SECRET-KEY", enabled=False),), Pass, ""),
    "gone": ((secret_gone(CLOUD, "SECRET-KEY"),), Fail, "is not in kv-mz-cloud-prd"),
    "soft-deleted": (
        (secret_gone(CLOUD, "SECRET-KEY"), vault_facets(CLOUD, deleted_secrets=Listing(("SECRET-KEY",)))),
        Fail,
        "soft-deleted",
    ),
    "not in the list, and its own read refused": (
        (secret_gone(CLOUD, "SECRET-KEY"), vault_facets(CLOUD, lookups={"secret-key": gap()})),
        Inconclusive,
        "",
    ),
    "the list refused, nothing else read": (
        (vault_facets(CLOUD, secrets=Listing(gap=gap())),),
        Inconclusive,
        "",
    ),
    "the list cut short behind it": (
        (lambda seen: vault_facets(CLOUD, secrets=Listing(seen.vault(CLOUD.id).secrets.items, gap()))(seen),),
        Pass,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_secret_present(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(secret_present, "kv-mz-cloud-prd/SECRET_KEY", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
