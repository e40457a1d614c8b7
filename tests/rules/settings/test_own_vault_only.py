"""SET-006, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Evidence, Fail, Inconclusive, Pass
from mzaudit.rules.settings.own_vault_only import own_vault_only
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.values import OtherReference, SettingValue, VaultReference
from tests.built_estate import Bend, ask, gap, literal, service, setting, site, staged, status
from tests.written import reference_to, setting_of

CLOUD, INGEST = service("cloud"), service("ingest")


def to(vault: str | None) -> VaultReference:
    return reference_to(vault, "SOME-SECRET", None)


def legacy(value: SettingValue) -> Bend:
    return setting(CLOUD, "LEGACY_TOKEN", value)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "its own vault in another case": ((legacy(to("KV-MZ-Cloud-Prd")),), Pass, ""),
    "another service's": ((legacy(to("kv-mz-manage-prd")),), Fail, "kv-mz-manage-prd, the vault of manage."),
    "another environment's": ((legacy(to("kv-mz-cloud-stg")),), Fail, "kv-mz-cloud-stg, the vault of cloud in stg."),
    "nobody's": ((legacy(to("kv-old")),), Fail, "a vault that the policy does not know"),
    "under a documented name": ((setting(CLOUD, "SECRET_KEY", to("kv-mz-manage-prd")),), Fail, "SECRET_KEY"),
    "in a connection string": (
        (site(CLOUD, connection_strings=Observed((setting_of("Main", to("kv-old"), "Custom"),))),),
        Fail,
        "The connection string Main",
    ),
    "in a slot": ((staged(CLOUD, "staging", legacy(to("kv-mz-manage-prd"))),), Fail, "(slot staging)"),
    "plain text": ((legacy(literal()),), Pass, ""),
    "malformed, naming no vault": ((legacy(reference_to(None, None, None, "malformed")),), Pass, ""),
    "malformed, but naming one": ((legacy(reference_to("kv-old", None, None, "malformed")),), Fail, "kv-old"),
    "App Configuration": ((legacy(OtherReference()),), Pass, ""),
    "App Service reads another's where we read its own": (
        (status(CLOUD, "SECRET_KEY", "Resolved", vault="kv-mz-manage-prd"),),
        Fail,
        "SECRET_KEY of app-monozu-cloud-prd refers to kv-mz-manage-prd",
    ),
    "App Service reads one where we read none": (
        (
            setting(CLOUD, "SECRET_KEY", reference_to(None, None, None, "malformed")),
            status(CLOUD, "SECRET_KEY", "SecretNotFound", vault="kv-old", secret="SECRET-KEY"),
        ),
        Fail,
        "kv-old",
    ),
    "settings refused": ((site(CLOUD, settings=gap()),), Inconclusive, ""),
    "slots cut short": ((site(CLOUD, slots=Listing(gap=gap())),), Inconclusive, ""),
    "one found, slots refused": ((legacy(to("kv-old")), site(CLOUD, slots=Listing(gap=gap()))), Fail, "kv-old"),
}


@pytest.mark.parametrize("case", CASES)
def test_own_vault_only(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(own_vault_only, "cloud", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_every_reference_of_a_service_without_a_vault_is_foreign() -> None:
    assert isinstance(ask(own_vault_only, "ingest"), Pass)
    verdict = ask(own_vault_only, "ingest", setting(INGEST, "LEGACY_TOKEN", to("kv-mz-cloud-prd")))
    assert isinstance(verdict, Fail)
    assert "the vault of cloud" in verdict.note
    assert "have no vault" in verdict.remediation


def test_app_configuration_is_named_as_not_followed() -> None:
    verdict = ask(own_vault_only, "cloud", legacy(OtherReference()))
    assert isinstance(verdict, Pass)
    notes = [fact.note for fact in verdict.evidence if isinstance(fact, Evidence) and fact.note]
    assert notes == ["not followed, because they refer to App Configuration: LEGACY_TOKEN"]
