"""Settings whose names are not their secrets': SET-001, SET-002, SET-004 and SET-006 under a policy that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.engine import Fail, Pass, Verdict
from mzaudit.engine.evaluate import verdict_of
from mzaudit.engine.rule import AnyRule
from mzaudit.policy.bind import bind
from mzaudit.policy.desired import Desired
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.rules.settings.no_plaintext_credentials import no_plaintext_credentials
from mzaudit.rules.settings.own_vault_only import own_vault_only
from mzaudit.rules.settings.reference_resolved import reference_resolved
from mzaudit.rules.settings.vault_reference import vault_reference
from mzaudit.snapshot.observed import Listing
from tests.built_estate import SUBSCRIPTION, Bend, bent, literal, service, setting, site
from tests.policy.bent import bent as policy_bent
from tests.written import reference_to, status_of

CLOUD = service("cloud")
OIDC, MANAGE = "Oidc__ClientSecret", "Manage__Key"
OWN, THEIRS = (
    reference_to("kv-mz-cloud-prd", "MS-CLIENT-SECRET", None),
    reference_to("kv-mz-manage-prd", "SECRET-KEY", None),
)
RENAMED: tuple[Bend, ...] = (
    setting(CLOUD, "MS_CLIENT_SECRET", None),
    setting(CLOUD, OIDC, OWN),
    setting(CLOUD, MANAGE, THEIRS),
)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Desired:
    path: Path = tmp_path_factory.mktemp("policy") / "p.yaml"
    named = f"    settings: {{{OIDC}: cloud/MS_CLIENT_SECRET, {MANAGE}: manage/SECRET_KEY}}\n"
    path.write_text(policy_bent(("    vault: cloud\n", "    vault: cloud\n" + named)))
    loaded = load(path, vocabulary())
    return bind(loaded.policy, loaded.where, ("prd",), dict.fromkeys(loaded.policy.environments, SUBSCRIPTION))


def names(policy: Desired) -> list[str]:
    return [s.name for s in vault_reference.over(policy, policy.environments["prd"]) if s.name.startswith("cloud/")]


def of(policy: Desired, rule: AnyRule, name: str, *bends: Bend) -> Verdict:
    subject = next(s for s in rule.over(policy, policy.environments["prd"]) if s.name == name)
    return verdict_of(rule, subject, bent(*bends))


def test_a_secret_has_the_setting_that_the_policy_names_and_no_other(policy: Desired) -> None:
    assert {f"cloud/{OIDC}", f"cloud/{MANAGE}", "cloud/SECRET_KEY"} <= set(names(policy))
    assert "cloud/MS_CLIENT_SECRET" not in names(policy)
    cloud = next(one for one in policy.services if (one.env, one.key) == ("prd", "cloud"))
    assert [vault.key for vault in cloud.vaults] == ["cloud", "manage"]
    assert [vault.owners for vault in policy.environments["prd"].vaults] == [("cloud",), ("cloud", "manage")]
    assert "p.yaml:" in next(one.where for one in cloud.settings if one.name == OIDC)


def test_the_named_setting_must_refer_to_its_secret(policy: Desired) -> None:
    for name in (OIDC, MANAGE):
        assert isinstance(of(policy, vault_reference, f"cloud/{name}", *RENAMED), Pass)
        missing = of(policy, vault_reference, f"cloud/{name}")
        assert isinstance(missing, Fail)
        assert f"has no setting {name}" in missing.note
    swapped = of(policy, vault_reference, f"cloud/{MANAGE}", *RENAMED, setting(CLOUD, MANAGE, OWN))
    assert isinstance(swapped, Fail)
    assert "kv-mz-cloud-prd instead of kv-mz-manage-prd" in swapped.note


def test_app_service_reports_it_by_the_settings_name(policy: Desired) -> None:
    reported = status_of(OIDC, "SecretNotFound", OWN.vault, OWN.secret, None, None)

    told = site(CLOUD, references=Listing((reported,)))
    verdict = of(policy, reference_resolved, f"cloud/{OIDC}", *RENAMED, told)
    assert isinstance(verdict, Fail)
    assert f"reports SecretNotFound for {OIDC}" in verdict.note


def test_only_the_documented_setting_may_refer_to_another_vault(policy: Desired) -> None:
    assert isinstance(of(policy, own_vault_only, "cloud", *RENAMED), Pass)
    second = of(policy, own_vault_only, "cloud", *RENAMED, setting(CLOUD, "Second__Key", THEIRS))
    assert isinstance(second, Fail)
    assert "Second__Key" in second.note
    assert MANAGE not in second.note


def test_a_named_setting_in_clear_is_cured_by_its_own_secret(policy: Desired) -> None:
    verdict = of(policy, no_plaintext_credentials, "cloud", *RENAMED, setting(CLOUD, MANAGE, literal()))
    assert isinstance(verdict, Fail)
    assert "documented as a secret" in verdict.note
    assert verdict.fix is not None
    assert f"{MANAGE}=@Microsoft.KeyVault(VaultName=kv-mz-manage-prd;SecretName=SECRET-KEY)" in str(
        verdict.fix.commands
    )
