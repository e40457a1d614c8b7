"""OBS-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.telemetry.connection_string_matches import connection_string_matches
from mzaudit.snapshot.observed import GapReason, Observed
from mzaudit.snapshot.values import ConnectionStringPart, ValueClass
from tests.built_estate import (
    Bend,
    as_secret,
    ask,
    compliant,
    component,
    component_properties,
    gap,
    literal,
    secret_disabled,
    secret_value,
    vault,
    wanted,
)

CLOUD = vault("cloud")
STORED = "APPLICATIONINSIGHTS-CONNECTION-STRING"
NAME = "kv-mz-cloud-prd/APPLICATIONINSIGHTS_CONNECTION_STRING"


def own(env: str) -> ValueClass:
    found = compliant().component(wanted().environments[env].components[0].id).properties
    assert isinstance(found, Observed)
    assert found.value is not None
    assert found.value.connection_string is not None
    return found.value.connection_string


def holds(held: ValueClass | None) -> Bend:
    return secret_value(CLOUD, STORED, None if held is None else as_secret(held, 4711))


def parts(**labels: int) -> ValueClass:
    return replace(own("prd"), parts=tuple(ConnectionStringPart(name, label) for name, label in labels.items()))


KEY, ENDPOINT = own("prd").part("instrumentationkey") or 0, own("prd").part("ingestionendpoint") or 0
PLAIN = literal().value
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "the component's own": ((), Pass, ""),
    "the same parts in another text": ((holds(replace(own("prd"), outer_whitespace=True)),), Pass, ""),
    "in another order": ((holds(parts(ingestionendpoint=ENDPOINT, instrumentationkey=KEY)),), Pass, ""),
    "another environment's": ((holds(own("stg")),), Fail, "has not the InstrumentationKey of appi-monozu-prd"),
    "another endpoint": (
        (holds(parts(instrumentationkey=KEY, ingestionendpoint=1)),),
        Fail,
        "has not the IngestionEndpoint of appi-monozu-prd",
    ),
    "no endpoint": ((holds(parts(instrumentationkey=KEY)),), Fail, "IngestionEndpoint"),
    "no connection string": ((holds(PLAIN),), Fail, "is not an Application Insights connection string"),
    "a placeholder": (
        (holds(literal(placeholder=True).value),),
        Fail,
        "is not an Application Insights connection string",
    ),
    "disabled": ((secret_disabled(CLOUD, STORED),), Fail, "is disabled"),
    "disabled, as only the refusal says": (
        (secret_value(CLOUD, STORED, gap(reason=GapReason.DISABLED)),),
        Inconclusive,
        "",
    ),
    "gone since it was listed": ((holds(None),), Inconclusive, ""),
    "value refused": ((secret_value(CLOUD, STORED, gap()),), Inconclusive, ""),
    "component refused": ((component(properties=gap()),), Inconclusive, ""),
    "the component does not tell its own": ((component_properties(connection_string=None),), Inconclusive, ""),
    "the component tells no parts": ((component_properties(connection_string=PLAIN),), Inconclusive, ""),
    "no component": ((component(properties=Observed(None)),), NotApplicable, "does not exist"),
}


@pytest.mark.parametrize("case", CASES)
def test_connection_string_matches(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(connection_string_matches, NAME, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", getattr(verdict, "because", ""))
