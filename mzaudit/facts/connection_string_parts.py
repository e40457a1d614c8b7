"""A telemetry connection string against the component that it should name: compared by parts, never as text."""

from __future__ import annotations

from mzaudit.snapshot.insights import ComponentProperties
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.values import ValueClass

PARTS = {"instrumentationkey": "InstrumentationKey", "ingestionendpoint": "IngestionEndpoint"}


def differing(value: ValueClass, component: ComponentProperties) -> tuple[str, ...]:
    """The first part of `value` that is missing or another component's, if one is; stops the rule as inconclusive if
    the component does not tell its own connection string."""
    own = component.connection_string
    labels = {part: own.part(part) for part in PARTS} if own is not None else {}
    if not labels or None in labels.values():
        raise Unobserved(
            Gap(GapReason.MALFORMED, f"GET {component.id}", component.id, detail="no connection string in the answer")
        )
    wrong = tuple(name for part, name in PARTS.items() if value.part(part) != labels[part])
    return wrong[:1]  # the label of the endpoint covers the key
