"""What can be wrong with an app setting that has to refer to a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each, portion
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredSecret, DesiredService, DesiredSetting, DesiredVault
from mzaudit.policy.models import Naming, ServiceSpec
from mzaudit.simulator import Estate, canary

_FAILING = (
    "VaultNotFound",
    "SecretNotFound",
    "SecretVersionNotFound",
    "AccessToKeyVaultDenied",
    "MSINotEnabled",
    "InvalidSyntax",
)


def spelled(vault: str, secret: str) -> str:
    """A reference in the usual spelling."""
    return f"@Microsoft.KeyVault(VaultName={vault};SecretName={secret})"


@breaks(ServiceSpec, "vault")
def references(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Every documented secret of the service's vault is a setting that refers to it."""
    service = ground.service(steps[1])
    vault = service.vault
    if vault is None:
        return
    own = [setting for setting in service.settings if setting.secret.vault == vault.name]
    for position, setting in enumerate(own):
        place, secret = (*steps, setting.name), setting.secret
        mistakes = _wrong(service, vault, setting, own[position - 1].secret)
        basic = {what: mistakes.pop(what) for what in ("setting missing", "setting in clear")}
        yield from each(place, (Demand.REFERENCES,), basic | portion(position, len(mistakes), mistakes))
        forms = {what: _set(service, setting, text) for what, text in _malformed(vault, secret).items()}
        yield from each(place, (Demand.REFERENCES,), portion(position, len(forms), forms))
        reported = {f"status {status}": _status(service, setting, status) for status in _FAILING}
        yield from each(place, (Demand.REFERENCES,), portion(position, len(reported), reported))
        foreign = [other for other in ground.env.vaults if other.key not in {one.key for one in service.vaults}]
        theirs = ground.other.vaults if ground.other is not None else ()
        foreign += [other for other in theirs if other.key == vault.key and other.id != vault.id]
        yield from each(
            place,
            (Demand.REFERENCES, Demand.VAULT_ISOLATION, Demand.ISOLATION),
            {
                f"refers to {other.name}": _set(service, setting, spelled(other.name, secret.stored))
                for other in foreign[: 2 if position == 0 else position % 2]
            },
        )


@breaks(ServiceSpec, "settings")
def renamed(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """A setting has the name that the policy gives it, not its secret's, and refers to the secret that it names."""
    service = ground.service(steps[1])
    documented = ground.wanted.policy.services[service.key].settings
    for setting in service.settings:
        if setting.name not in documented:
            continue
        secret = setting.secret
        vault = next(one for one in service.vaults if one.name == secret.vault)

        def by_its_own_name(estate: Estate, setting: DesiredSetting = setting, secret: DesiredSecret = secret) -> None:
            held = mutations.settings(estate, service)
            held[secret.name] = held.pop(setting.name)

        mistakes: dict[str, Bend] = {}
        if setting.name != secret.name:
            mistakes["setting under its secret's name"] = by_its_own_name
        mistakes |= _wrong(service, vault, setting, vault.secrets[0]) if vault != service.vault else {}
        yield from each((*steps, setting.name), (Demand.REFERENCES,), mistakes)


def _set(service: DesiredService, setting: DesiredSetting, text: str) -> Bend:
    return lambda estate: mutations.settings(estate, service).update({setting.name: text})


def _status(service: DesiredService, setting: DesiredSetting, status: str) -> Bend:
    return lambda estate: estate.reference_status.update({(service.id.casefold(), setting.name): status})


def _wrong(
    service: DesiredService, vault: DesiredVault, setting: DesiredSetting, neighbour: DesiredSecret
) -> dict[str, Bend]:
    secret = setting.secret

    def rotated(estate: Estate) -> None:
        before = mutations.secret(estate, vault, secret.stored).current
        estate.put_secret(vault.name, secret.stored, before.value)
        estate.active_versions[(service.id.casefold(), setting.name)] = before.id

    def pinned(estate: Estate) -> None:
        before = mutations.secret(estate, vault, secret.stored).current
        estate.put_secret(vault.name, secret.stored, before.value)
        uri = f"https://{vault.name}.vault.azure.net/secrets/{secret.stored}/{before.id}"
        mutations.settings(estate, service)[setting.name] = f"@Microsoft.KeyVault(SecretUri={uri})"

    def literal(estate: Estate) -> None:
        value = mutations.secret(estate, vault, secret.stored).current.value
        mutations.settings(estate, service)[setting.name] = value

    bends_: dict[str, Bend] = {
        "setting missing": lambda estate: mutations.settings(estate, service).pop(setting.name),
        "setting in clear": literal,
        "refers to a secret that is not there": _set(service, setting, spelled(vault.name, f"{secret.stored}-2")),
        "app still runs with the version before": rotated,
        "pinned to the version before": pinned,
    }
    if neighbour is not secret:
        bends_["refers to another secret"] = _set(service, setting, spelled(vault.name, neighbour.stored))
    return bends_


def _malformed(vault: DesiredVault, secret: DesiredSecret) -> Mapping[str, str]:
    good = spelled(vault.name, secret.stored)
    return {
        "setting empty": "",
        "reference without its closing bracket": good[:-1],
        "reference without the secret's name": f"@Microsoft.KeyVault(VaultName={vault.name})",
        "reference without the vault's name": f"@Microsoft.KeyVault(SecretName={secret.stored})",
        "reference with a comma for the semicolon": good.replace(";", ","),
        "reference by plain http": f"@Microsoft.KeyVault(SecretUri=http://{vault.name}.vault.azure.net/secrets/{secret.stored})",
        "reference after text": f"value {good}",
        "reference without the at sign": good[1:],
        "reference to a key": f"@Microsoft.KeyVault(SecretUri=https://{vault.name}.vault.azure.net/keys/{secret.stored})",
        "a URL of the secret, not a reference": f"https://{vault.name}.vault.azure.net/secrets/{secret.stored}",
        "a literal of another kind": canary(),
    }


@breaks(Naming, "secrets")
def names(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Settings carry the documented name, references the stored one; vaults hold the stored one."""
    for service in ground.env.services:
        if service.vault is None:
            continue
        vault = service.vault
        own = [setting for setting in service.settings if setting.secret.vault == vault.name]
        changed = [s for s in own if s.secret.stored.casefold() != s.secret.name.casefold()]
        for setting in changed[:4]:
            place = (*steps, service.key, setting.name)
            yield from each(
                place,
                (Demand.REFERENCES,),
                {
                    "reference with the documented name": _set(
                        service, setting, spelled(vault.name, setting.secret.name)
                    )
                },
            )
        for setting in [s for s in own if s.name != s.name.lower()][:2]:

            def lowered(estate: Estate, service: DesiredService = service, setting: DesiredSetting = setting) -> None:
                held = mutations.settings(estate, service)
                held[setting.name.lower()] = held.pop(setting.name)

            yield from each(
                (*steps, service.key, setting.name), (Demand.REFERENCES,), {"setting's name in lower case": lowered}
            )
    for vault in ground.env.vaults:
        for secret in [s for s in vault.secrets if "-" in s.stored][:2]:

            def run_together(estate: Estate, vault: DesiredVault = vault, secret: DesiredSecret = secret) -> None:
                held = estate.secrets[vault.name]
                held[secret.stored.replace("-", "")] = held.pop(secret.stored)

            yield from each(
                (*steps, vault.key, secret.name), (Demand.SECRETS,), {"stored without hyphens": run_together}
            )


@breaks(ServiceSpec, "vault")
def foreign(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """No further setting refers to a vault that is not the service's own."""
    service = ground.service(steps[1])
    own = {vault.id for vault in service.vaults}
    theirs = ground.other.vaults if ground.other is not None else ()
    others = list({vault.id: vault for vault in (*ground.env.vaults, *theirs) if vault.id not in own}.values())

    def refers(vault: DesiredVault, where: str) -> Bend:
        text = spelled(vault.name, vault.secrets[0].stored)

        def mutate(estate: Estate) -> None:
            if where == "connection string":
                estate.connection_strings[service.id.casefold()] = {"Legacy": {"value": text, "type": "Custom"}}
            elif where == "slot":
                estate.settings[mutations.slot(estate, service).casefold()]["LEGACY_THING"] = text
            else:
                mutations.settings(estate, service)["LEGACY_THING"] = text

        return mutate

    for vault in others:
        yield from each(
            steps,
            (Demand.VAULT_ISOLATION, Demand.ISOLATION),
            {f"a further setting refers to {vault.name}": refers(vault, "setting")},
        )
    for vault in others[:1]:
        yield from each(
            steps,
            (Demand.VAULT_ISOLATION, Demand.ISOLATION),
            {
                f"a connection string refers to {vault.name}": refers(vault, "connection string"),
                f"a slot refers to {vault.name}": refers(vault, "slot"),
            },
        )
    stranger = _set_plain(service, "@Microsoft.KeyVault(VaultName=kv-of-somebody;SecretName=token)")
    yield from each(
        steps, (Demand.VAULT_ISOLATION, Demand.ISOLATION), {"a further setting refers to a vault of nobody": stranger}
    )


def _set_plain(service: DesiredService, text: str) -> Bend:
    return lambda estate: mutations.settings(estate, service).update(LEGACY_THING=text)
