"""OBS-004, case by case."""

from __future__ import annotations

import pytest

from mzaudit.audit import Fail, Inconclusive, Pass
from mzaudit.rules.telemetry.alerts_exist import alerts_exist
from mzaudit.snapshot.insights import Alert
from mzaudit.snapshot.observed import Gap, Listing
from tests.estate import Bend, ask, component, gap, wanted

ID = wanted().environments["prd"].component.id
OTHER = wanted().environments["stg"].component.id


def alert(
    name: str = "failures", enabled: bool | None = True, scopes: tuple[str, ...] = (ID,), groups: int = 1
) -> Alert:
    return Alert(f"{ID.rsplit('/', 2)[0]}/metricAlerts/{name}", name, enabled, scopes, groups)


def alerts(*items: Alert, cut: Gap | None = None) -> tuple[Bend, ...]:
    return (component(alerts=Listing(items, cut)),)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "an enabled alert with an action group": ((), Pass, ""),
    "its scope in another case": (alerts(alert(scopes=(ID.upper() + "/",))), Pass, ""),
    "beside a disabled one": (alerts(alert("a", enabled=False), alert("b")), Pass, ""),
    "list cut short behind it": (alerts(alert(), cut=gap()), Pass, ""),
    "disabled": (alerts(alert(enabled=False)), Fail, "is enabled and calls an action group: failures"),
    "calls nobody": (alerts(alert(groups=0)), Fail, "calls an action group: failures"),
    "watches another component": (alerts(alert(scopes=(OTHER,))), Fail, "No alert watches appi-monozu-prd"),
    "none": (alerts(), Fail, "No alert watches"),
    "enabled or not is not told": (alerts(alert(enabled=None)), Inconclusive, ""),
    "enabled or not is not told, but it calls nobody": (alerts(alert(enabled=None, groups=0)), Fail, "failures"),
    "none in a list cut short": (alerts(cut=gap()), Inconclusive, ""),
    "disabled, in a list cut short": (alerts(alert(enabled=False), cut=gap()), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_alerts_exist(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(alerts_exist, "appi-monozu-prd", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
