"""Key Vault references and secrets: every accepted spelling, versions, dates, and secrets that may be there besides."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredSecret, DesiredService, DesiredVault
from mzaudit.policy.models import SecretKind
from mzaudit.policy.spec_values import in_environment
from mzaudit.simulator import Estate, SimulatedSecret, canary

_SPELLINGS = {
    "secret and vault": "SecretName={secret};VaultName={vault}",
    "a semicolon at the end": "VaultName={vault};SecretName={secret};",
    "blanks after the semicolons": "VaultName={vault}; SecretName={secret}",
    "vault in upper case": "VaultName={VAULT};SecretName={secret}",
    "secret in the other case": "VaultName={vault};SecretName={sECRET}",
    "keys in lower case": "vaultname={vault};secretname={secret}",
    "version left empty": "VaultName={vault};SecretName={secret};SecretVersion=",
    "present version": "VaultName={vault};SecretName={secret};SecretVersion={version}",
    "URI": "SecretUri=https://{vault}.vault.azure.net/secrets/{secret}",
    "URI with a slash at the end": "SecretUri=https://{vault}.vault.azure.net/secrets/{secret}/",
    "URI with the present version": "SecretUri=https://{vault}.vault.azure.net/secrets/{secret}/{version}",
    "URI with the host in upper case": "SecretUri=https://{VAULT}.VAULT.AZURE.NET/secrets/{secret}/",
    "URI with the port": "SecretUri=https://{vault}.vault.azure.net:443/secrets/{secret}",
}


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """Spellings of all references of a service at once; then what may happen to secrets."""
    for service in ground.env.services:
        if service.vault is not None:
            place = ("services", service.key, "references")
            if service.settings:
                spelled = {what: _spelled(service, text) for what, text in _SPELLINGS.items()}
                yield from each(place, (), spelled)
            yield from each(place, (), _more(service, service.vault))
    for vault in ground.env.vaults:
        yield from each(("vaults", vault.key, "secrets"), (), _secrets(ground, vault))


def _spelled(service: DesiredService, text: str) -> Bend:
    def mutate(estate: Estate) -> None:
        for setting in service.settings:
            vault, stored = setting.secret.vault, setting.secret.stored
            names = {"vault": vault, "VAULT": vault.upper(), "version": estate.secrets[vault][stored].current.id}
            inner = text.format(secret=stored, sECRET=stored.swapcase(), **names)
            mutations.settings(estate, service)[setting.name] = f"@Microsoft.KeyVault({inner})"

    return mutate


def _more(service: DesiredService, vault: DesiredVault) -> dict[str, Bend]:
    first = f"@Microsoft.KeyVault(VaultName={vault.name};SecretName={vault.secrets[0].stored})"

    def connection(estate: Estate) -> None:
        estate.connection_strings[service.id.casefold()] = {"Main": {"value": first, "type": "Custom"}}

    return {
        "a second setting for a secret": lambda e: mutations.settings(e, service).update(DJANGO_SECRET_KEY=first),
        "a connection string from the own vault": connection,
    }


def _secrets(ground: DrillContext, vault: DesiredVault) -> dict[str, Bend]:
    def rotated(estate: Estate) -> None:
        for secret in vault.secrets:
            if secret.spec.kind is SecretKind.OPAQUE:
                _rotate(estate, ground, secret)

    def old_version_disabled(estate: Estate) -> None:
        rotated(estate)
        for secret in vault.secrets:
            mutations.secret(estate, vault, secret.stored).versions[0].enabled = (
                len(mutations.secret(estate, vault, secret.stored).versions) == 1
            )

    def dated(before: float | None, after: float | None) -> Bend:
        def mutate(estate: Estate) -> None:
            for secret in vault.secrets:
                version = mutations.secret(estate, vault, secret.stored).current
                version.not_before = estate.days(before) if before is not None else None
                version.expires = estate.days(after) if after is not None else None

        return mutate

    def typed(estate: Estate) -> None:
        for secret in vault.secrets:
            mutations.secret(estate, vault, secret.stored).content_type = "text/plain"

    def certificate(estate: Estate) -> None:
        estate.put_secret(vault.name, "tls-certificate", canary())
        held = estate.secrets[vault.name]["tls-certificate"]
        held.managed, held.content_type = True, "application/x-pkcs12"

    def forgotten(estate: Estate) -> None:
        estate.put_secret(vault.name, "OLD-SMTP-PASSWORD", canary())
        estate.secrets[vault.name]["OLD-SMTP-PASSWORD"].deleted = estate.days(-10)

    def stored_in_the_other_case(estate: Estate) -> None:
        held: dict[str, SimulatedSecret] = estate.secrets[vault.name]
        estate.secrets[vault.name] = {name.swapcase(): secret for name, secret in held.items()}

    late = in_environment(ground.wanted.policy.secrets.expiring_days, ground.env.env) + 10
    return {
        "rotated, and the apps follow": rotated,
        "rotated, the version before disabled": old_version_disabled,
        "valid since yesterday": dated(-1, None),
        f"expiring in {late} days": dated(None, late),
        "valid from and until": dated(-100, 300),
        "content types": typed,
        "a certificate's secret": certificate,
        "a soft-deleted secret that nobody documents": forgotten,
        "names stored in the other case": stored_in_the_other_case,
    }


def _rotate(estate: Estate, ground: DrillContext, secret: DesiredSecret) -> None:
    """A new version here, and the same one wherever the secret is shared."""
    value = canary()
    for vault in ground.env.vaults:
        if vault.name == secret.vault or (secret.spec.shared and secret.stored in estate.secrets[vault.name]):
            estate.put_secret(vault.name, secret.stored, value)
