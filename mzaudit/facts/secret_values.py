"""Classes of secret values as rules compare them; a disabled secret has none that anybody could read."""

from __future__ import annotations

from collections.abc import Callable

from mzaudit.engine.az_cli import az, secret_file
from mzaudit.engine.verdict import Evidence, Fail, Fix
from mzaudit.facts.existing import present
from mzaudit.policy.desired import DesiredSecret
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import SecretItem
from mzaudit.snapshot.observed import Gap, GapReason, Observed, Unobserved, need
from mzaudit.snapshot.values import SecretValue
from mzaudit.snapshot.view import View

OFFICER = "Key Vault Secrets Officer"


def secret_id(want: DesiredSecret) -> str:
    """The resource id of a wanted secret."""
    return f"{want.vault_id}/secrets/{want.stored}"


def value_of(want: DesiredSecret, seen: Snapshot) -> SecretValue | Fail:
    """The class of a secret's current value, or the failure that it is disabled, where its attributes say so too; else
    the rule is inconclusive, as where attributes and value contradict each other."""
    vault = seen.vault(want.vault_id)
    facet = vault.value(want.stored)
    hidden = isinstance(facet, Gap) and facet.reason is GapReason.DISABLED
    found = vault.secret(want.stored)
    item = need(found) if hidden or isinstance(found, Observed) else None
    if item is not None and enabled(want, item, seen) is False and hidden:
        return disabled(want)
    return present(facet, f"GET secret {want.stored} of {want.vault}")


def enabled(want: DesiredSecret, item: SecretItem, seen: Snapshot) -> bool | None:
    """Whether a secret is enabled, as Azure Resource Manager says; None where it is silent. Raises `Unobserved` where
    the vault itself, asked for the value, shows the contrary."""
    facet = seen.vault(want.vault_id).value(want.stored)
    off = isinstance(facet, Gap) and facet.reason is GapReason.DISABLED
    read = isinstance(facet, Observed) and facet.value is not None
    if (item.enabled and off) or (item.enabled is False and read):
        detail = (
            f"attributes.enabled is {str(item.enabled).lower()}, and the vault {'hides' if off else 'gives'} its value"
        )
        raise Unobserved(Gap(GapReason.CONTRADICTED, f"GET {secret_id(want)}", secret_id(want), detail=detail))
    return item.enabled


class _Labels:
    """The labels of secrets: each is compared with that of every other environment."""

    def __init__(self, seen: Snapshot) -> None:
        self._seen = seen
        self._kept: dict[int, tuple[DesiredSecret, int | None]] = {}  # by the `id` of the secret, which is held

    def of(self, want: DesiredSecret) -> int | None:
        """What the value is equal to."""
        found = self._kept.get(id(want))
        if found is None:
            facet = self._seen.vault(want.vault_id).value(want.stored)
            known = facet.value if isinstance(facet, Observed) else None
            found = self._kept[id(want)] = (want, known.same_trimmed if known is not None else None)
        return found[1]


def labels(seen: Snapshot) -> Callable[[DesiredSecret], int | None]:
    """What the current value of a secret, without outer white space, is equal to; none where no value was seen."""
    return View.of(seen).derived(_Labels).of


def disabled(want: DesiredSecret) -> Fail:
    """The failure that a secret is disabled."""
    return Fail(
        (Evidence(f"{secret_id(want)}/attributes/enabled", True, False),),
        f"The secret {want.stored} in {want.vault} is disabled: its value cannot be read.",
        "Enable the secret, or set a new version of it.",
        Fix(
            OFFICER,
            (az("keyvault secret set-attributes", vault_name=want.vault, name=want.stored, enabled="true"),),
            "Microsoft.KeyVault/vaults/secrets: properties.attributes.enabled = true",
        ),
    )


def set_new(*wanted: DesiredSecret) -> Fix:
    """How to give secrets a new value."""
    return Fix(
        OFFICER,
        tuple(az("keyvault secret set", vault_name=w.vault, name=w.stored, file=_file(w)) for w in wanted),
        "Microsoft.KeyVault/vaults/secrets: properties.value (azurerm_key_vault_secret: value)",
    )


def _file(want: DesiredSecret) -> str:
    """A shared secret has one file for all its vaults: it is to be one value."""
    return f"SECRET_FILE_{want.stored}" if want.spec.shared else secret_file(want.vault, want.stored)
