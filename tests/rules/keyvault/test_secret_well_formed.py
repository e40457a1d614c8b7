"""KV-007, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.policy.enums import SecretKind
from mzaudit.rules.keyvault.secret_well_formed import secret_well_formed
from mzaudit.snapshot.observed import GapReason
from mzaudit.snapshot.values import ConnectionStringPart, SecretValue
from tests.built_estate import Bend, ask, bent, gap, said, secret_disabled, secret_item, secret_value, value, vault

CLOUD = vault("cloud")
KEY, URL, GUID, TELEMETRY = (
    "SECRET_KEY",
    "MANAGEMENT_API_URL",
    "MS_CLIENT_ID",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
)
IKEY, ENDPOINT = ConnectionStringPart("instrumentationkey", 7), ConnectionStringPart("ingestionendpoint", 8)


def holds(name: str, new: SecretValue) -> tuple[Bend, ...]:
    return (secret_value(CLOUD, name.replace("_", "-"), new),)


def lost(name: str, reason: GapReason) -> tuple[Bend, ...]:
    return (secret_value(CLOUD, name.replace("_", "-"), gap("GET secret", reason)),)


# each case is asked about kv-mz-cloud-prd/<the secret named first>
CASES: dict[str, tuple[str, tuple[Bend, ...], type, str]] = {
    "opaque, as documented": (KEY, (), Pass, ""),
    "opaque, a URL": (KEY, holds(KEY, value(1, "https-url", "url")), Pass, ""),
    "opaque, with white space around it": (KEY, holds(KEY, value(1, outer_whitespace=True)), Pass, ""),
    "opaque, empty": (KEY, holds(KEY, value(1, empty=True)), Fail, "SECRET-KEY in kv-mz-cloud-prd is empty"),
    "opaque, a placeholder": (KEY, holds(KEY, value(1, placeholder=True)), Fail, "is a placeholder"),
    "opaque, a reference": (
        KEY,
        holds(KEY, value(1, unresolved_reference=True)),
        Fail,
        "text of a Key Vault reference",
    ),
    "url, as documented": (URL, (), Pass, ""),
    "url, without https": (URL, holds(URL, value(1, "url")), Fail, "is a URL without https, where an https URL"),
    "url, something else": (URL, holds(URL, value(1)), Fail, "is no URL"),
    "url, a placeholder": (URL, holds(URL, value(1, "https-url", "url", placeholder=True)), Fail, "is a placeholder"),
    "guid, as documented": (GUID, (), Pass, ""),
    "guid, something else": (GUID, holds(GUID, value(1)), Fail, "is no GUID"),
    "guid, empty": (GUID, holds(GUID, value(1, empty=True)), Fail, "is empty"),
    "connection string, as documented": (TELEMETRY, (), Pass, ""),
    "connection string, a bare key": (TELEMETRY, holds(TELEMETRY, value(1, "guid")), Fail, "is a GUID, where an App"),
    "connection string, something else": (TELEMETRY, holds(TELEMETRY, value(1)), Fail, "is no Application Insights"),
    "connection string, another service's": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "storage", credentials=("account-key",))),
        Fail,
        "is a storage connection string, where an Application Insights connection string is expected",
    ),
    "connection string, without its endpoint": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "application-insights", parts=(IKEY,))),
        Fail,
        "without IngestionEndpoint",
    ),
    "connection string, without its key": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "application-insights", parts=(ENDPOINT,))),
        Fail,
        "without InstrumentationKey",
    ),
    "connection string, of something else": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "database")),
        Fail,
        "is a database URL or connection string",
    ),
    "disabled": (KEY, (secret_disabled(CLOUD, "SECRET-KEY"),), Fail, "is disabled"),
    "disabled, as only the refusal says": (KEY, lost(KEY, GapReason.DISABLED), Inconclusive, "hides its value"),
    "disabled, and read all the same": (
        KEY,
        (secret_item(CLOUD, "SECRET-KEY", enabled=False),),
        Inconclusive,
        "gives its value",
    ),
    "refused by the firewall": (KEY, lost(KEY, GapReason.FIREWALL), Inconclusive, "firewall"),
    "values not asked for": (KEY, lost(KEY, GapReason.NOT_COLLECTED), Inconclusive, "not-collected"),
    "gone since it was listed": (KEY, (secret_value(CLOUD, "SECRET-KEY", None),), Inconclusive, "404"),
}


@pytest.mark.parametrize("case", CASES)
def test_secret_well_formed(case: str) -> None:
    name, bends, kind, words = CASES[case]
    verdict = ask(secret_well_formed, f"kv-mz-cloud-prd/{name}", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


KINDS = {
    "opaque": ("", ""),
    "url": ("https-url", "no URL"),
    "guid": ("guid", "no GUID"),
    "database": ("database", "no database URL or connection string"),
    "storage": ("storage", "no storage connection string"),
    "service-bus": ("service-bus", "no Service Bus connection string"),
    "json": ("json", "no JSON object or array"),
    "pem": ("pem", "no PEM file"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_one_class_of_value(kind: str) -> None:
    shape, words = KINDS[kind]
    secret = next(s for s in CLOUD.secrets if s.name == KEY)
    want = replace(secret, spec=secret.spec.model_copy(update={"kind": SecretKind(kind)}))
    right, wrong = (
        secret_well_formed.check(want, bent(*holds(KEY, held)))
        for held in (value(1, *filter(None, (shape,))), value(1))
    )
    assert isinstance(right, Pass)
    if words:
        assert isinstance(wrong, Fail)
        assert f"is {words}, where" in wrong.note


def test_every_kind_has_its_case() -> None:
    assert {*KINDS, "application-insights"} == set(SecretKind)
