"""Harmless variations: what may differ between two estates that both conform."""

from __future__ import annotations

from mzaudit.drill.cases import Case, Ground
from mzaudit.drill.variations import apps, data, databases, neighbours, references, rights, spelling


def variations(ground: Ground) -> tuple[Case, ...]:
    """Every harmless variation of the drilled environment."""
    parts = (spelling, references, apps, data, databases, rights, neighbours)
    return tuple(case for part in parts for case in part.variations(ground))
