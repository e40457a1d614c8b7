"""Telemetry: the component, what feeds it, what watches it (OBS)."""
