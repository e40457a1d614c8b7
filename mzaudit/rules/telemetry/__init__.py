"""Telemetry: the component, what feeds it, what watches it (OBS)."""

from mzaudit.engine.rule import Area

AREA = Area("OBS", "telemetry: the component, its connection string, alerts and dashboards")
