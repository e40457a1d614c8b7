"""Harmless variations: what may differ between two estates that both conform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext
from mzaudit.drill.expected_bodies import satisfy
from mzaudit.drill.variations import (
    access_variations,
    app_variations,
    database_variations,
    inventory_variations,
    neighbour_variations,
    reference_variations,
    resource_variations,
    spelling_variations,
    storage_variations,
    telemetry_variations,
)
from mzaudit.policy.resources.expected_body import ExpectedBody
from mzaudit.simulator import Estate


def variations(ground: DrillContext) -> tuple[DrillCase, ...]:
    """Every harmless variation of the drilled environment."""
    parts = (
        spelling_variations,
        reference_variations,
        app_variations,
        storage_variations,
        telemetry_variations,
        resource_variations,
        inventory_variations,
        database_variations,
        access_variations,
        neighbour_variations,
    )
    cases = (case for part in parts for case in part.variations(ground))
    expected = [one for env in ground.wanted.environments.values() for one in env.expected]
    return tuple(replace(case, mutate=partial(_as_expected, case.mutate, expected)) for case in cases)


def _as_expected(mutate: Bend, expected: Sequence[ExpectedBody], estate: Estate) -> None:
    """What varies is harmless only where the policy expects nothing of it."""
    mutate(estate)
    for one in expected:
        if one.id.casefold() in estate.resources:
            satisfy(estate, one)
