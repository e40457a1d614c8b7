"""APP-006, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.app.service_running import service_running
from tests.built_estate import Bend, ask, gap, said, service, site, site_properties

CLOUD = service("cloud")

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "in another case": ((site_properties(CLOUD, state="running"),), Pass, ""),
    "stopped": ((site_properties(CLOUD, state="Stopped"),), Fail, "its state is Stopped"),
    "disabled": ((site_properties(CLOUD, enabled=False),), Fail, "app-monozu-cloud-prd is disabled"),
    "stopped, and Azure silent on enabled": (
        (site_properties(CLOUD, state="Stopped", enabled=None),),
        Fail,
        "its state is Stopped",
    ),
    "Azure silent on enabled": ((site_properties(CLOUD, enabled=None),), Inconclusive, "properties.enabled"),
    "Azure silent on the state": ((site_properties(CLOUD, state=None),), Inconclusive, "properties.state"),
    "refused": ((site(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_service_running(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(service_running, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
