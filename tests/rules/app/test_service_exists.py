"""APP-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.app.service_exists import service_exists
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, ask, gap, said, service, site, site_properties

CLOUD = service("cloud")

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "stopped is APP-006's business": ((site_properties(CLOUD, state="Stopped"),), Pass, ""),
    "absent": ((site(CLOUD, properties=Observed(None)),), Fail, "app-monozu-cloud-prd (Cloud Backend API) does not"),
    "another one absent": ((site(service("manage"), properties=Observed(None)),), Pass, ""),
    "refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_service_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(service_exists, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
