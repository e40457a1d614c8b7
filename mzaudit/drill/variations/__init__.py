"""Harmless variations: what may differ between two estates that both conform."""

from __future__ import annotations

from mzaudit.drill.drill_case import DrillCase, DrillContext
from mzaudit.drill.variations import (
    access_variations,
    app_variations,
    database_variations,
    neighbour_variations,
    reference_variations,
    resource_variations,
    spelling_variations,
    storage_variations,
)


def variations(ground: DrillContext) -> tuple[DrillCase, ...]:
    """Every harmless variation of the drilled environment."""
    parts = (
        spelling_variations,
        reference_variations,
        app_variations,
        storage_variations,
        resource_variations,
        database_variations,
        access_variations,
        neighbour_variations,
    )
    return tuple(case for part in parts for case in part.variations(ground))
