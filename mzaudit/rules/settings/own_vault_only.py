"""SET-006: the app refers to no vault but its own."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, every, rule, whole
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.subjects import BoundedService, each_bounded_service
from mzaudit.rules.settings._removal_commands import PROPERTY, removal_command
from mzaudit.rules.settings._settings_sources import SettingEntry, SettingKind, SettingsSource, settings_sources
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.values import OtherReference, VaultReference


@rule(
    "SET-006",
    title="No reference to another's vault",
    severity=Severity.HIGH,
    over=each_bounded_service,
    bears_on=Aspect.FOREIGN_REFERENCES,
    guards=(Demand.VAULT_ISOLATION, Demand.ISOLATION),
    requires=("APP-001",),
)
def own_vault_only(want: BoundedService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Every Key Vault reference in the app settings, connection strings, mounted shares and container variables of the app
    and of every slot names the service's own vault, compared without case, or is a setting that the policy documents to
    refer to another. In a service without a vault, every reference fails. The finding says whose vault it is: another
    service's, another environment's, or one that the policy does not know. Whether the reference resolves does not
    matter.

    Where App Service says which vault it read for an app setting, that is the vault of the reference. A malformed
    reference that names no vault is not judged here. A reference to App Configuration is not followed; the evidence
    shows it.

    ## Why it matters
    One vault for each service limits what a leak reaches. A reference to another vault means that a role was, or will
    be, granted on it, and ties two services or environments to one secret.

    ## Remediation
    Keep the secret in the service's own vault and refer to it there; remove the role on the other vault.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/best-practices
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    site = seen.site(want.service.id)
    return every(
        settings_sources(site),
        lambda place: _judge(want, place),
        empty="The app has no place for settings.",
        missing=site.slots.gap,
    )


def _judge(want: BoundedService, place: SettingsSource) -> Verdict:
    own = want.service.vault.name if want.service.vault is not None else "no vault"
    documented = {(setting.name, setting.secret.vault.casefold()) for setting in want.service.settings}
    fails = [
        _failure(want, entry, vault, own)
        for entry in place.entries.items
        if isinstance(entry.value, VaultReference)
        and (vault := entry.value.vault) is not None
        and vault.casefold() != own.casefold()
        and not (entry.kind is SettingKind.APP_SETTING and (entry.name, vault.casefold()) in documented)
    ]
    if fails:
        return merged(fails)
    whole(place.entries)
    elsewhere = [entry.name for entry in place.entries.items if isinstance(entry.value, OtherReference)]
    note = f"not followed, because they refer to App Configuration: {', '.join(sorted(elsewhere))}" if elsewhere else ""
    return Pass((Evidence(place.at, own, own, note),))


def _failure(want: BoundedService, entry: SettingEntry, vault: str, own: str) -> Fail:
    service = want.service
    where = f"{service.app} (slot {entry.slot})" if entry.slot else service.app
    return Fail(
        (Evidence(entry.at, own, vault),),
        f"The {entry.kind} {entry.name} of {where} refers to {vault}, {_whose(want, vault)}.",
        f"Remove the reference, or keep the secret in {own} and refer to it there."
        if service.vault is not None
        else "Remove the reference: this service is documented to have no vault.",
        Fix(
            "Website Contributor on the app",
            (removal_command(service, entry),),
            f"{PROPERTY[entry.kind]}: remove {entry.name}"
            + (f", or change it to refer to {own}" if service.vault is not None else ""),
        ),
    )


def _whose(want: BoundedService, name: str) -> str:
    for vault in want.foreign:
        if vault.name.casefold() == name.casefold():
            place = "" if vault.env == want.service.env else f" in {vault.env}"
            return f"the vault of {' and '.join(vault.owners) or vault.key}{place}"
    return "a vault that the policy does not know"
