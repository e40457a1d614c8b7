"""Deviations: for each documented fact of the policy, the ways in which it can be wrong, missing or too much."""

from __future__ import annotations

from mzaudit.drill.deviations import (  # noqa: F401 - importing a module registers its generators
    apps,
    blobs,
    credentials,
    databases,
    images,
    parity,
    plans,
    secrets,
    settings,
    sql,
    telemetry,
    vaults,
)
from mzaudit.drill.registry import deviations

__all__ = ["deviations"]
