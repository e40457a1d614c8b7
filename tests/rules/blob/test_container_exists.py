"""BLOB-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.blob.container_exists import container_exists
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, account_facets, ask, gap

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "no account": (
        (account_facets(properties=Observed(None), containers={"snaps": Observed(None)}),),
        Fail,
        "The storage account stmonozuprd does not exist",
    ),
    "no container": (
        (account_facets(containers={"snaps": Observed(None)}),),
        Fail,
        "The container snaps is not in stmonozuprd",
    ),
    "account refused": ((account_facets(properties=gap()),), Inconclusive, ""),
    "container refused": ((account_facets(containers={"snaps": gap()}),), Inconclusive, ""),
    "container not read": ((account_facets(containers={}),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_container_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(container_exists, "stmonozuprd/snaps", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
