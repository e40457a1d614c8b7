"""KV-007, case by case."""

from __future__ import annotations

import pytest

from mzaudit.audit import Fail, Inconclusive, Pass
from mzaudit.rules.keyvault.secret_well_formed import secret_well_formed
from mzaudit.snapshot.observed import GapReason
from mzaudit.snapshot.values import Part, ValueClass
from tests.estate import Bend, ask, gap, said, secret_disabled, secret_value, value, vault

CLOUD = vault("cloud")
KEY, URL, GUID, TELEMETRY = (
    "SECRET_KEY",
    "MANAGEMENT_API_URL",
    "MS_CLIENT_ID",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
)
IKEY, ENDPOINT = Part("instrumentationkey", 7), Part("ingestionendpoint", 8)


def holds(name: str, new: ValueClass) -> tuple[Bend, ...]:
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
    "connection string, something else": (TELEMETRY, holds(TELEMETRY, value(1, "guid")), Fail, "no connection string"),
    "connection string, without its endpoint": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "connection-string", parts=(IKEY,))),
        Fail,
        "without IngestionEndpoint",
    ),
    "connection string, without its key": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "connection-string", parts=(ENDPOINT,))),
        Fail,
        "without InstrumentationKey",
    ),
    "connection string, of something else": (
        TELEMETRY,
        holds(TELEMETRY, value(1, "connection-string")),
        Fail,
        "without InstrumentationKey and IngestionEndpoint",
    ),
    "disabled": (KEY, (secret_disabled(CLOUD, "SECRET-KEY"),), Fail, "is disabled"),
    "disabled, as only the refusal says": (KEY, lost(KEY, GapReason.DISABLED), Inconclusive, "disabled"),
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
