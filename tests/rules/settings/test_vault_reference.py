"""SET-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.settings.vault_reference import vault_reference
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.values import OtherReference, SettingValue
from tests.built_estate import Bend, ask, gap, literal, service, setting, site, status
from tests.written import reference_to

CLOUD = service("cloud")
KEY = "SECRET_KEY"
VAULT = "kv-mz-cloud-prd"


def key(value: SettingValue | None) -> tuple[Bend, ...]:
    return (setting(CLOUD, KEY, value),)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "vault and secret in another case": (key(reference_to("KV-MZ-CLOUD-PRD", "secret-key", None)), Pass, ""),
    "a pinned version is SET-003's business": (key(reference_to(VAULT, "SECRET-KEY", "ab" * 16)), Pass, ""),
    "another setting in clear is not this subject's business": (
        (setting(CLOUD, "MS_CLIENT_SECRET", literal()),),
        Pass,
        "",
    ),
    "no such setting": (key(None), Fail, "has no setting SECRET_KEY"),
    "only one whose name differs in case": (
        (setting(CLOUD, KEY, None), setting(CLOUD, "Secret_Key", reference_to(VAULT, "SECRET-KEY", None))),
        Fail,
        "has no setting SECRET_KEY",
    ),
    "plain text": (key(literal()), Fail, "is plain text"),
    "empty": (key(literal(empty=True)), Fail, "is empty"),
    "text around a reference": (key(literal(unresolved_reference=True)), Fail, "looks like a Key Vault reference"),
    "App Configuration": (key(OtherReference()), Fail, "App Configuration"),
    "malformed": (key(reference_to(None, None, None, "no vault name")), Fail, "is malformed: no vault name"),
    "malformed without a reason": (key(reference_to(VAULT, None, None)), Fail, "is malformed"),
    "named whole but malformed all the same": (
        key(reference_to(VAULT, "SECRET-KEY", None, "SecretUri is not https")),
        Fail,
        "is malformed: SecretUri is not https",
    ),
    "the documented name with its underscore": (
        key(reference_to(VAULT, "SECRET_KEY", None)),
        Fail,
        "cannot hold an underscore, it is stored as SECRET-KEY",
    ),
    "another secret": (
        key(reference_to(VAULT, "MS-CLIENT-SECRET", None)),
        Fail,
        "MS-CLIENT-SECRET instead of SECRET-KEY",
    ),
    "another service's vault": (
        key(reference_to("kv-mz-manage-prd", "SECRET-KEY", None)),
        Fail,
        "kv-mz-manage-prd instead of kv-mz-cloud-prd",
    ),
    "another environment's vault": (
        key(reference_to("kv-mz-cloud-stg", "SECRET-KEY", None)),
        Fail,
        "kv-mz-cloud-stg instead of kv-mz-cloud-prd",
    ),
    "a spelling that App Service reads all the same": (
        (
            *key(reference_to(None, None, None, "SecretUri is not a URL")),
            status(CLOUD, KEY, "Resolved", vault=VAULT, secret="SECRET-KEY"),
        ),
        Pass,
        "",
    ),
    "App Service reads another vault than we do": (
        (status(CLOUD, KEY, "Resolved", vault="kv-mz-manage-prd"),),
        Fail,
        "kv-mz-manage-prd instead of kv-mz-cloud-prd",
    ),
    "a vault of that name in another cloud": (
        (
            *key(
                reference_to(f"{VAULT}.vault.azure.cn", "SECRET-KEY", None, "the vault is one of another Azure cloud")
            ),
            status(CLOUD, KEY, "Resolved", vault=VAULT, secret="SECRET-KEY"),
        ),
        Fail,
        f"{VAULT}.vault.azure.cn instead of {VAULT}",
    ),
    "no closing parenthesis, reported as no reference": (
        (*key(reference_to(None, None, None, "no closing parenthesis, or text after it")),),
        Fail,
        "is malformed: no closing parenthesis",
    ),
    "syntax that App Service refuses": (
        (
            *key(reference_to(VAULT, "SECRET-KEY", None, "SecretUri is combined with other parts")),
            status(CLOUD, KEY, "InvalidSyntax", vault=VAULT, secret="SECRET-KEY"),
        ),
        Fail,
        "is malformed",
    ),
    "settings refused": ((site(CLOUD, settings=gap()),), Inconclusive, ""),
    "settings gone between two reads": ((site(CLOUD, settings=Observed(None)),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_vault_reference(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(vault_reference, "cloud/SECRET_KEY", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_the_fix_names_this_estate_and_is_quoted_for_a_shell() -> None:
    verdict = ask(vault_reference, "cloud/SECRET_KEY", *key(None))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert verdict.fix.commands == (
        "az webapp config appsettings set --resource-group rg-monozu-prd --name app-monozu-cloud-prd --settings "
        "'SECRET_KEY=@Microsoft.KeyVault(VaultName=kv-mz-cloud-prd;SecretName=SECRET-KEY)'",
    )
