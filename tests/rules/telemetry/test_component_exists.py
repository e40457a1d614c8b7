"""OBS-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.telemetry.component_exists import component_exists
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, ask, component, gap

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "absent": ((component(properties=Observed(None)),), Fail, "appi-monozu-prd does not exist"),
    "refused": ((component(properties=gap()),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_component_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(component_exists, "appi-monozu-prd", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
