"""Every spelling of a reference that App Service takes, and those that it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mzaudit.snapshot.text.key_vault_reference import parse
from mzaudit.snapshot.values import OtherReference, VaultReference
from tests.written import reference_to

VERSION = "ec96f02080254f109c51a1f14cdb1931"

READ = {
    "names": ("VaultName=kv-a;SecretName=TOKEN", ("kv-a", "TOKEN", None)),
    "names with a final semicolon": ("VaultName=kv-a;SecretName=TOKEN;", ("kv-a", "TOKEN", None)),
    "any order, with a version": (
        f"SecretName=TOKEN;SecretVersion={VERSION};VaultName=kv-a",
        ("kv-a", "TOKEN", VERSION),
    ),
    "an empty version is none": ("VaultName=kv-a;SecretName=TOKEN;SecretVersion=", ("kv-a", "TOKEN", None)),
    "keys in another case": ("vaultname=kv-a;SECRETNAME=TOKEN", ("kv-a", "TOKEN", None)),
    "spaces between parts": ("VaultName=kv-a; SecretName=TOKEN", ("kv-a", "TOKEN", None)),
    "address": ("SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN", ("kv-a", "TOKEN", None)),
    "address with a slash": ("SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN/", ("kv-a", "TOKEN", None)),
    "address with a version": (
        f"SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN/{VERSION};",
        ("kv-a", "TOKEN", VERSION),
    ),
    "address in capitals": ("SecretUri=HTTPS://KV-A.VAULT.AZURE.NET/secrets/TOKEN", ("kv-a", "TOKEN", None)),
    "address with its port": ("SecretUri=https://kv-a.vault.azure.net:443/secrets/TOKEN", ("kv-a", "TOKEN", None)),
    "another cloud": ("SecretUri=https://kv-a.vault.usgovcloudapi.net/secrets/TOKEN", ("kv-a", "TOKEN", None)),
    "a third cloud": ("SecretUri=https://kv-a.vault.azure.cn/secrets/TOKEN", ("kv-a", "TOKEN", None)),
}

BROKEN = {
    "nothing": "",
    "no pairs": "string",
    "bad address": "SecretUri=bad uri",
    "plain http": "SecretUri=http://kv-a.vault.azure.net/secrets/TOKEN",
    "a key, not a secret": "SecretUri=https://kv-a.vault.azure.net/keys/TOKEN",
    "no secret in the address": "SecretUri=https://kv-a.vault.azure.net/",
    "too much in the address": "SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN/v/x",
    "a query": "SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN?x=1",
    "an impossible port": "SecretUri=https://kv-a.vault.azure.net:99999/secrets/TOKEN",
    "another host": "SecretUri=https://example.org/secrets/TOKEN",
    "no secret": "VaultName=kv-a;",
    "no vault": "SecretName=TOKEN;",
    "vault given twice": "VaultName=kv-a;VaultName=kv-b;SecretName=TOKEN",
    "unknown part": "VaultName=kv-a;SecretName=TOKEN;Colour=red",
    "both forms": "SecretUri=https://kv-a.vault.azure.net/secrets/TOKEN;VaultName=kv-a",
    "underscore": "VaultName=kv-a;SecretName=SECRET_KEY",
    "underscore in the address": "SecretUri=https://kv-a.vault.azure.net/secrets/SECRET_KEY",
    "a vault that cannot be": "VaultName=k;SecretName=TOKEN",
    "a version that cannot be": "VaultName=kv-a;SecretName=TOKEN;SecretVersion=one/two",
}

PLAIN = [
    "",
    "text",
    "@Microsoft-KeyVault()",
    "Microsoft.KeyVault(VaultName=kv-a;SecretName=T)",
    "@",
    "x@Microsoft.KeyVault()",
]


@pytest.mark.parametrize("case", READ)
def test_reads(case: str) -> None:
    body, (vault, secret, version) = READ[case]
    assert parse(f"@Microsoft.KeyVault({body})") == reference_to(vault, secret, version)


@pytest.mark.parametrize("case", BROKEN)
def test_names_the_problem_and_repeats_no_text(case: str) -> None:
    read = parse(f"@Microsoft.KeyVault({BROKEN[case]})")
    assert isinstance(read, VaultReference)
    assert read.problem
    assert "TOKEN" not in read.problem
    assert "kv-a" not in read.problem


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_is_no_reference(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "@microsoft.keyvault(VaultName=kv-a;SecretName=TOKEN)",
        " @Microsoft.KeyVault(VaultName=kv-a;SecretName=TOKEN)",
        "@Microsoft.KeyVault(VaultName=kv-a;SecretName=TOKEN)\n",
    ],
)
def test_an_unusual_spelling_is_read_and_named(text: str) -> None:
    read = parse(text)
    assert isinstance(read, VaultReference)
    assert (read.vault, read.secret) == ("kv-a", "TOKEN")
    assert read.problem


def test_text_after_the_reference_is_a_problem() -> None:
    read = parse("@Microsoft.KeyVault(VaultName=kv-a;SecretName=TOKEN)x")
    assert isinstance(read, VaultReference)
    assert read.problem
    assert read.vault is None


def test_an_underscore_keeps_the_names_for_the_report() -> None:
    read = parse("@Microsoft.KeyVault(VaultName=kv-a;SecretName=SECRET_KEY)")
    assert isinstance(read, VaultReference)
    assert (read.vault, read.secret) == ("kv-a", "SECRET_KEY")


@pytest.mark.parametrize(
    "text", ["@Microsoft.AppConfiguration(Endpoint=https://x;Key=k)", "@microsoft.appconfiguration()"]
)
def test_app_configuration(text: str) -> None:
    assert parse(text) == OtherReference()


@given(st.text())
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    parse(text)
    read = parse(f"@Microsoft.KeyVault({text})")
    assert read is not None


CLOUDS: dict[str, tuple[str, str | None]] = {
    "vault.azure.net": ("kv-a", ""),
    "VAULT.azure.NET": ("kv-a", ""),
    "vault.azure.cn": ("kv-a.vault.azure.cn", "the vault is one of another Azure cloud"),
    "vault.usgovcloudapi.net": ("kv-a.vault.usgovcloudapi.net", "the vault is one of another Azure cloud"),
}


@pytest.mark.parametrize("domain", CLOUDS)
def test_a_vault_of_another_cloud_is_another_vault(domain: str) -> None:
    read = parse(f"@Microsoft.KeyVault(SecretUri=https://kv-a.{domain}/secrets/TOKEN)", "vault.azure.net")
    assert isinstance(read, VaultReference)
    assert (read.vault, read.problem) == CLOUDS[domain]
    named = parse("@Microsoft.KeyVault(VaultName=kv-a;SecretName=TOKEN)", "vault.azure.net")
    assert named == reference_to("kv-a", "TOKEN", None)
