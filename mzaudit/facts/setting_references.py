"""Key Vault references in a service's settings: how one differs from the documented one, and what is reported of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mzaudit.engine.az_cli import WEB, az
from mzaudit.engine.subjects import SecretSetting
from mzaudit.engine.verdict import Fix
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed, T, Unobserved, find, need
from mzaudit.snapshot.text.key_vault_reference import VAULT_SUFFIXES
from mzaudit.snapshot.values import LiteralValue, OtherReference, SettingValue, VaultReference
from mzaudit.snapshot.web import ReferenceStatus, Setting, Site

UNRESOLVED = frozenset(
    {
        "invalidsyntax",
        "msinotenabled",
        "vaultnotfound",
        "secretnotfound",
        "secretversionnotfound",
        "accesstokeyvaultdenied",
        "unauthorizedclient",
    }
)
"""The statuses, casefolded, that say why App Service cannot resolve a reference."""

_WAITING = {
    "initialized": (GapReason.NOT_COLLECTED, "App Service has not tried to resolve it yet; ask again in some minutes"),
    "fetchtimedout": (GapReason.TIMEOUT, "App Service could not reach the vault in time"),
    "otherreasons": (GapReason.SERVER_ERROR, "App Service gives no reason"),
}
_UNKNOWN = (
    GapReason.UNDECIDED,
    "a status that mzaudit does not know; look it up under the app's environment variables in the portal",
)


def held(facet: Observed[T | None] | Gap, call: str) -> T:
    """What a thing that exists holds; a 404 in its place is an answer nobody can judge, hence unobserved."""
    value = need(facet)
    if value is None:
        raise Unobserved(Gap(GapReason.MALFORMED, call, detail="404 for a part of something that exists"))
    return value


def documented(want: SecretSetting) -> str:
    """The reference as text, in the spelling that the fixes use."""
    return f"@Microsoft.KeyVault(VaultName={want.secret.vault};SecretName={want.secret.stored})"


def refer(want: SecretSetting) -> Fix:
    """Set the setting to the documented reference."""
    return Fix(
        "Website Contributor on the app",
        (
            az(
                "webapp config appsettings set",
                resource_group=want.service.resource_group,
                name=want.service.app,
                settings=f"{want.name}={documented(want)}",
            ),
        ),
        f"Microsoft.Web/sites/config (appsettings): {want.name} = {documented(want)}",
    )


def resolve_again(want: SecretSetting) -> Fix:
    """Make App Service resolve the app's references now."""
    refresh = f"{want.service.id}/config/configreferences/appsettings/refresh?api-version={WEB}"
    return Fix("Website Contributor on the app", (az("rest", method="post", url=refresh),))


@dataclass(frozen=True, slots=True)
class Deviation:
    """How a setting differs from the documented reference: the short form for evidence, and the sentence."""

    observed: str
    note: str


def as_read(site: Site, settings: Iterable[Setting]) -> list[Setting]:
    """App settings of an app, each as App Service reads it: where it says which secret it took a value for, that is
    what the value is; our own grammar decides only where it says nothing."""
    told = {
        item.setting: VaultReference(item.vault, item.secret, item.version)
        for item in site.references.items
        if item.vault and item.secret and item.status.casefold() != "invalidsyntax"
    }
    return [
        replace(setting, value=told[setting.name])
        if setting.name in told and not _elsewhere(setting.value)
        else setting
        for setting in settings
    ]


def _elsewhere(value: SettingValue) -> bool:
    """Whether a reference names a vault of another cloud, by its whole host."""
    return isinstance(value, VaultReference) and (value.vault or "").endswith(VAULT_SUFFIXES)


def value_of(want: SecretSetting, seen: Snapshot) -> SettingValue | None:
    """The setting's value as App Service reads it; `None` if the service has no setting of that name. Names are
    compared as Linux compares environment variables: with case."""
    site, path = seen.site(want.service.id), f"{want.service.id}/config/appsettings"
    named = (one for one in held(site.settings, f"POST {path}/list") if one.name == want.name)
    return next((one.value for one in as_read(site, named)), None)


def deviation(want: SecretSetting, value: SettingValue | None) -> Deviation | None:
    """How the value differs from a reference to the documented secret of the service's own vault, if it does."""
    name = want.name
    match value:
        case None:
            return Deviation("no such setting", f"{want.service.app} has no setting {name}.")
        case LiteralValue(text) if text.empty:
            return Deviation("empty", f"The setting {name} of {want.service.app} is empty.")
        case LiteralValue(text) if text.unresolved_reference:
            return Deviation(
                "text that App Service does not take for a reference",
                f"The setting {name} of {want.service.app} looks like a Key Vault reference but is plain text to App "
                "Service: the whole value must be @Microsoft.KeyVault(...).",
            )
        case LiteralValue():
            return Deviation(
                "plain text", f"The setting {name} of {want.service.app} is plain text, not a Key Vault reference."
            )
        case OtherReference():
            return Deviation(
                "a reference to App Configuration",
                f"The setting {name} of {want.service.app} refers to App Configuration, not to Key Vault.",
            )
        case VaultReference(vault, secret, _, problem):
            return _misdirected(want, vault, secret, problem)


def _misdirected(want: SecretSetting, vault: str | None, secret: str | None, problem: str) -> Deviation | None:
    name, app = want.name, want.service.app
    if vault is not None and secret is not None:
        shown = f"vault {vault}, secret {secret}"
        if vault.casefold() != want.secret.vault.casefold():
            return Deviation(
                shown, f"The setting {name} of {app} refers to the vault {vault} instead of {want.secret.vault}."
            )
        if "_" in secret and "_" not in want.secret.stored:
            return Deviation(
                shown,
                f"The setting {name} of {app} refers to the secret {secret}: a Key Vault name cannot hold an "
                f"underscore, it is stored as {want.secret.stored}.",
            )
        if secret.casefold() != want.secret.stored.casefold():
            return Deviation(
                shown, f"The setting {name} of {app} refers to the secret {secret} instead of {want.secret.stored}."
            )
    if problem or vault is None or secret is None:
        why = problem or "vault or secret is missing"
        return Deviation(
            f"malformed reference: {why}", f"The reference in the setting {name} of {app} is malformed: {why}."
        )
    return None


def reported(want: SecretSetting, seen: Snapshot) -> ReferenceStatus | Deviation:
    """What App Service reports of the setting's reference; or how the setting differs from the documented reference,
    where that is why nothing definite is reported. Stops the rule as inconclusive while App Service has not decided."""
    path = f"{want.service.id}/config/configreferences/appsettings"
    name = want.name
    status = find(seen.site(want.service.id).references, lambda item: item.setting.casefold() == name.casefold())
    if status is not None and status.status.casefold() in {"resolved", *UNRESOLVED}:
        return status
    other = deviation(want, value_of(want, seen))
    if other is not None:
        return other
    if status is None:
        reason, detail = GapReason.NOT_COLLECTED, f"App Service does not report the reference in {name} yet"
    elif not status.status:
        reason, detail = GapReason.MALFORMED, f"the answer has no status of the reference in {name}"
    else:
        reason, why = _WAITING.get(status.status.casefold(), _UNKNOWN)
        detail = f"{status.status}: {why}"
    raise Unobserved(Gap(reason, f"GET {path}", f"{path}/{name}", detail=detail))
