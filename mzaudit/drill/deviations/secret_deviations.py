"""What can be wrong with a documented secret: presence, dates, value, and what it shares with others."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, portion
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredSecret, DesiredVault
from mzaudit.policy.models import SecretKind, Secrets, SecretSpec, VaultSpec
from mzaudit.policy.spec_values import in_environment
from mzaudit.simulator import Estate, canary

_CONTENTS = (Demand.SECRETS,)


def _wanted(ground: DrillContext, steps: Steps) -> tuple[DesiredVault, DesiredSecret]:
    vault = ground.vault(steps[1])
    return vault, next(secret for secret in vault.secrets if secret.name == steps[3])


def _worth(vault: DesiredVault, secret: DesiredSecret, value: str) -> Bend:
    def mutate(estate: Estate) -> None:
        mutations.secret(estate, vault, secret.stored).current.value = value

    return mutate


@breaks(VaultSpec, "secrets")
def presence(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each documented secret is there and can be used."""
    vault = ground.vault(steps[1])
    for position, secret in enumerate(vault.secrets):
        ways = _lost(vault, secret)
        gone = {what: ways.pop(what) for what in ("missing", "soft-deleted")}
        yield from each((*steps, secret.name), _CONTENTS, gone | portion(position, len(ways), ways))


def _lost(vault: DesiredVault, secret: DesiredSecret) -> dict[str, Bend]:
    def deleted(estate: Estate) -> None:
        mutations.secret(estate, vault, secret.stored).deleted = estate.days(-3)

    def disabled(estate: Estate) -> None:
        mutations.secret(estate, vault, secret.stored).current.enabled = False

    def expired(estate: Estate) -> None:
        mutations.secret(estate, vault, secret.stored).current.expires = estate.days(-1)

    def early(estate: Estate) -> None:
        mutations.secret(estate, vault, secret.stored).current.not_before = estate.days(5)

    return {
        "missing": lambda estate: estate.secrets[vault.name].pop(secret.stored),
        "soft-deleted": deleted,
        "disabled": disabled,
        "expired": expired,
        "not yet valid": early,
    }


@breaks(Secrets, "expiring_days")
def expiring(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A secret that expires within the days that the policy gives: the first and the last of each vault."""
    days = in_environment(ground.wanted.policy.secrets.expiring_days, ground.env.env)
    for vault in ground.env.vaults if days > 1 else ():
        for secret in dict.fromkeys((vault.secrets[0], vault.secrets[-1])):

            def soon(estate: Estate, vault: DesiredVault = vault, secret: DesiredSecret = secret) -> None:
                mutations.secret(estate, vault, secret.stored).current.expires = estate.days(min(5, days - 0.5))

            yield from each(steps, _CONTENTS, {f"{vault.name}/{secret.name} expires in {min(5, days)} days": soon})


@breaks(SecretSpec, "kind")
def form(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The value is one, and of the kind that is declared."""
    vault, secret = _wanted(ground, steps)
    reference = f"@Microsoft.KeyVault(VaultName={vault.name};SecretName={secret.stored})"
    general = {"empty": "", "a placeholder": "changeme", "white space": "  ", "an unresolved reference": reference}
    position = [one.name for one in vault.secrets].index(secret.name)
    lacking = {f"value {what}": _worth(vault, secret, text) for what, text in general.items()}
    yield from each(steps, _CONTENTS, portion(position, 2, lacking))
    storage = f"DefaultEndpointsProtocol=https;AccountName=stcorp;AccountKey={canary()}"
    queue = f"Endpoint=sb://sb-corp.servicebus.windows.net/;SharedAccessKeyName=app;SharedAccessKey={canary()}"
    wrong = {
        SecretKind.OPAQUE: {"a placeholder in angle brackets": f"<{secret.name.lower()}>", "TODO": "TODO"},
        SecretKind.URL: {
            "plain http": "http://api.corp.example/",
            "no URL": "api.corp.example",
            "another scheme": "ftp://api.corp.example/",
        },
        SecretKind.GUID: {"no GUID": canary(), "a GUID less one digit": str(uuid.uuid4())[:-1]},
        SecretKind.APPLICATION_INSIGHTS: {},
        SecretKind.DATABASE: {
            "a host alone": "sql.corp.example",
            "a mail server": f"Host=mail.corp.example;User=app;Password={canary()}",
            "another service's": storage,
        },
        SecretKind.STORAGE: {
            "an account without its key": "DefaultEndpointsProtocol=https;AccountName=stcorp",
            "a key alone": canary(),
            "another service's": queue,
        },
        SecretKind.SERVICE_BUS: {
            "a namespace alone": "sb-corp.servicebus.windows.net",
            "an endpoint alone": "Endpoint=sb://sb-corp.servicebus.windows.net/",
            "another service's": storage,
        },
        SecretKind.JSON: {"cut short": '{"client_email": ', "a word": "client_email", "a number": "1"},
        SecretKind.PEM: {
            "cut short": f"-----BEGIN PRIVATE KEY-----\n{canary()}",
            "in one line": f"-----BEGIN PRIVATE KEY----- {canary()} -----END PRIVATE KEY-----",
            "without its lines": canary(),
        },
    }
    odd = {f"value {what}": _worth(vault, secret, text) for what, text in wrong[secret.spec.kind].items()}
    yield from each(steps, _CONTENTS, odd if secret.spec.kind is not SecretKind.OPAQUE else portion(position, 2, odd))
    if secret.spec.kind is SecretKind.APPLICATION_INSIGHTS:
        key, endpoint = f"InstrumentationKey={uuid.uuid4()}", "IngestionEndpoint=https://example.com/"
        strings = {
            "instrumentation key alone": key,
            "ingestion endpoint alone": endpoint,
            "a bare instrumentation key": str(uuid.uuid4()),
            "instrumentation key no GUID": f"InstrumentationKey=abc;{endpoint}",
            "endpoint over plain http": f"{key};IngestionEndpoint=http://example.com/",
        }
        yield from each(
            steps,
            (Demand.CONNECTION_STRING,),
            {f"value {what}": _worth(vault, secret, text) for what, text in strings.items()},
        )


@breaks(SecretSpec, "shared")
def shared(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A shared secret has one value everywhere."""
    vault, secret = _wanted(ground, steps)
    if not secret.spec.shared:
        return

    def altered(before: str, after: str) -> Bend:
        def mutate(estate: Estate) -> None:
            version = mutations.secret(estate, vault, secret.stored).current
            version.value = before + version.value + after

        return mutate

    def rotated(estate: Estate) -> None:
        estate.put_secret(vault.name, secret.stored, canary())

    def capital(estate: Estate) -> None:
        version = mutations.secret(estate, vault, secret.stored).current
        version.value = version.value.swapcase()

    differing = {
        "another value here": _worth(vault, secret, canary()),
        "rotated here alone": rotated,
        "one newline more here": altered("", "\n"),
        "one blank more here": altered(" ", ""),
        "one letter more here": altered("", "x"),
        "upper and lower case exchanged here": capital,
    }
    holders = [one.key for one in ground.env.vaults if secret.name in {s.name for s in one.secrets}]
    if len(holders) == 1:
        return  # the others hold it in another environment
    yield from each(steps, (Demand.SHARED_SECRETS,), portion(holders.index(vault.key), len(holders), differing))


@breaks(SecretSpec, "distinct")
def distinct(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A distinct secret has a value of its own in every vault."""
    vault, secret = _wanted(ground, steps)
    if not secret.spec.distinct:
        return
    others = [v for v in ground.env.vaults if v.key != vault.key and secret.name in {s.name for s in v.secrets}]
    for other in others:

        def copied(estate: Estate, other: DesiredVault = other) -> None:
            value = mutations.secret(estate, other, secret.stored).current.value
            mutations.secret(estate, vault, secret.stored).current.value = value

        yield from each(steps, (Demand.VAULT_ISOLATION,), {f"the value of {other.name}": copied})


@breaks(Secrets, "distinct_between_environments")
@breaks(SecretSpec, "sensitive")
def between_environments(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A sensitive secret has a value of its own in every environment."""
    if steps[0] != "vaults" or not ground.wanted.policy.secrets.distinct_between_environments or ground.other is None:
        return
    vault, secret = _wanted(ground, steps)
    if not secret.spec.sensitive or not secret.spec.kind.opens:
        return
    theirs = next((other for other in ground.other.vaults if other.key == vault.key), None)
    common = {v.id for v in ground.env.vaults} & {v.id for v in ground.other.vaults}
    if theirs is None or theirs.id in common:
        return
    if secret.spec.shared and any(
        one.name == secret.name for v in ground.env.vaults if v.id in common for one in v.secrets
    ):
        return  # one vault holds the value for both
    holders = [v for v in ground.env.vaults if v.key == vault.key or secret.spec.shared]

    def copied(estate: Estate) -> None:
        value = mutations.secret(estate, theirs, secret.stored).current.value
        for holder in holders:
            if secret.stored in estate.secrets[holder.name]:
                mutations.secret(estate, holder, secret.stored).current.value = value

    yield from each(steps, (Demand.VAULT_ISOLATION,), {f"the value of {theirs.name}": copied}, all_environments=True)
