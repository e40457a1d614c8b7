"""OBS-005, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.telemetry.dashboard_exists import dashboard_exists
from mzaudit.snapshot.insights import Dashboard
from mzaudit.snapshot.observed import Gap, Listing
from tests.built_estate import Bend, ask, component, gap, said, wanted

ID = wanted().environments["prd"].components[0].id
GRAFANA = f"{ID.partition('/providers/')[0]}/providers/Microsoft.Dashboard/dashboards"
OTHER = wanted().environments["stg"].components[0].id


def shows(*scopes: str, cut: Gap | None = None) -> tuple[Bend, ...]:
    return (component(dashboards=Listing((Dashboard(f"{ID}/w", "w", scopes),), cut)),)


def kept_back(*scopes: str) -> tuple[Bend, ...]:
    return (component(dashboards=Listing((Dashboard(f"{ID}/w", "w", scopes, whole=False),))),)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "a workbook shows it": ((), Pass, ""),
    "among others, in another case": (shows(OTHER, ID.lower()), Pass, ""),
    "list cut short behind it": (shows(ID, cut=gap()), Pass, ""),
    "shows another component": (
        shows(OTHER),
        Fail,
        "No workbook or dashboard in its subscription shows appi-monozu-prd",
    ),
    "none": ((component(dashboards=Listing()),), Fail, "No workbook or dashboard"),
    "a workbook without its content": (kept_back(OTHER), Inconclusive, "it may show the component"),
    "a workbook without its content that shows it": (kept_back(ID), Pass, ""),
    "a dashboard with grafana for components": (shows("microsoft.insights/components"), Pass, ""),
    "a dashboard with grafana for something else": (shows("microsoft.web/sites"), Fail, "Managed Grafana was not"),
    "a dashboard with grafana for nobody knows what": (
        (component(dashboards=Listing((Dashboard(f"{GRAFANA}/g", "g", (), whole=False),))),),
        Inconclusive,
        "tag it GrafanaDashboardResourceType",
    ),
    "none in a list cut short": (shows(OTHER, cut=gap()), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_dashboard_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(dashboard_exists, "appi-monozu-prd", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
