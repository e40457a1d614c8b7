"""IMG-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.image.registry_exists import registry_exists
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, ask, gap, registry, said, service

CLOUD = service("cloud")

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "absent": (
        (registry(CLOUD, properties=Observed(None)),),
        Fail,
        "acrmonozu (documented as acr-monozu) does not exist",
    ),
    "refused": ((registry(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_registry_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(registry_exists, "acrmonozu", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
