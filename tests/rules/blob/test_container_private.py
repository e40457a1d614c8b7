"""BLOB-002, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.blob.container_private import container_private
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, account, account_facets, ask, gap

REFUSED = account_facets(properties=gap())
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "Azure says nothing of the container": ((account(True, None),), Inconclusive, ""),
    "nothing of the container, the account forbids it": ((account(False, None),), Pass, ""),
    "none": ((account(True, "None"),), Pass, ""),
    "none, in another case": ((account(None, "none"),), Pass, ""),
    "the account forbids what the container allows": ((account(False, "Container"),), Pass, ""),
    "the account forbids, container refused": ((account_facets(containers={"snaps": gap()}),), Pass, ""),
    "blobs": ((account(True, "Blob"),), Fail, "every blob in it."),
    "blobs and their list": ((account(True, "container"),), Fail, "and their list"),
    "blobs, the account says nothing": ((account(None, "Blob"),), Fail, "without signing in"),
    "an access level of tomorrow": ((account(True, "Everyone"),), Inconclusive, ""),
    "blobs, account refused": ((account(True, "Blob"), REFUSED), Inconclusive, ""),
    "none, account refused": ((account(True, "None"), REFUSED), Pass, ""),
    "container refused": ((account(True, None), account_facets(containers={"snaps": gap()})), Inconclusive, ""),
    "no container": (
        (account(True, None), account_facets(containers={"snaps": Observed(None)})),
        NotApplicable,
        "does not exist",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_container_private(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(container_private, "stmonozuprd/snaps", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", getattr(verdict, "because", ""))
