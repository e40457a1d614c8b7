"""Deviations: for each documented fact of the policy, the ways in which it can be wrong, missing or too much."""

from __future__ import annotations

from mzaudit.drill.deviation_registry import deviations
from mzaudit.drill.deviations import (  # noqa: F401 - importing a module registers its generators
    app_deviations,
    blob_deviations,
    credential_deviations,
    database_deviations,
    image_deviations,
    parity_deviations,
    plan_deviations,
    secret_deviations,
    setting_deviations,
    sql_deviations,
    telemetry_deviations,
    vault_deviations,
)

__all__ = ["deviations"]
