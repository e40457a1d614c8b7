"""How one environment is made like another in a fact that differs: `az` commands, by fact.

The environment that was compared follows the one that it was compared with. What a name alone does not tell (a
setting's value, a share's account) is a placeholder.
"""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.engine.az_cli import az, secret_file
from mzaudit.engine.verdict import Fix
from mzaudit.facts.app_images import deploy, run_documented
from mzaudit.policy.desired import DesiredEnvironment, DesiredService, DesiredVault
from mzaudit.rules.parity._parity_subjects import Comparable
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.text.ids import name

_REFERENCE = " (reference)"


def alike(here: Comparable, what: str, before: tuple[str, ...], now: tuple[str, ...], seen: Snapshot) -> Fix:
    """Make the fact `what` of `here`, which is `now`, what it is in the other environment: `before`."""
    missing, extra = sorted(set(before) - set(now)), sorted(set(now) - set(before))
    match here:
        case DesiredService():
            return _service(here, what, missing, extra, seen)
        case DesiredVault():
            return _vault(here, what, before, missing, extra)
        case DesiredEnvironment():
            return _environment(here, what, before)


def _service(want: DesiredService, what: str, missing: list[str], extra: list[str], seen: Snapshot) -> Fix:
    app: dict[str, str | bool] = {"resource_group": want.resource_group, "name": want.app}
    role = "Website Contributor on the app"
    match what:
        case "app-settings":
            return Fix(role, tuple(_settings(app, missing, extra)), "Microsoft.Web/sites/config (appsettings)")
        case "connection-strings":
            return Fix(role, tuple(_strings(app, missing, extra)), "Microsoft.Web/sites/config (connectionstrings)")
        case "mounts":
            share: dict[str, str | bool] = {"storage_type": "AzureFiles", "account_name": "STORAGE_ACCOUNT"}
            share |= {"share_name": "SHARE_NAME", "access_key": "STORAGE_KEY"}
            add = (az("webapp config storage-account add", **app, custom_id=each, **share) for each in missing)
            drop = (az("webapp config storage-account delete", **app, custom_id=each) for each in extra)
            return Fix(role, (*add, *drop), "Microsoft.Web/sites/config (azurestorageaccounts)")
        case "identity":
            assign = [az("webapp identity assign", **app, identities=_identity(each)) for each in missing]
            remove = [az("webapp identity remove", **app, identities=_identity(each)) for each in extra]
            return Fix(role, tuple(dict.fromkeys((*assign, *remove))), "Microsoft.Web/sites: identity")
        case "plan":
            site = seen.site(want.id).properties
            plan = site.value.plan_id if isinstance(site, Observed) and site.value is not None else None
            command = az("appservice plan update", ids=plan or "PLAN", sku=missing[0].upper())
            return Fix("Web Plan Contributor on the plan", (command,), "Microsoft.Web/serverfarms: sku.name")
        case "roles":
            return _roles(want, missing, extra, seen)
        case _:
            form = missing[0].partition(" ")[0]
            return deploy(want, seen, form) if want.image is not None else run_documented(want, seen)


def _settings(app: dict[str, str | bool], missing: list[str], extra: list[str]) -> Iterator[str]:
    wanted = {each.removesuffix(_REFERENCE) for each in missing}
    for each in sorted(wanted):
        yield az("webapp config appsettings set", **app, settings=f"{each}=SETTING_VALUE")
    for each in sorted({each.removesuffix(_REFERENCE) for each in extra} - wanted):
        yield az("webapp config appsettings delete", **app, setting_names=each)


def _strings(app: dict[str, str | bool], missing: list[str], extra: list[str]) -> Iterator[str]:
    kinds = {_of_string(each): each.rpartition(" [")[2].removesuffix("]") for each in missing}
    for each, kind in sorted(kinds.items()):
        setting = f"{each}=SETTING_VALUE"
        yield az("webapp config connection-string set", **app, connection_string_type=kind, settings=setting)
    for each in sorted({_of_string(each) for each in extra} - kinds.keys()):
        yield az("webapp config connection-string delete", **app, setting_names=each)


def _of_string(words: str) -> str:
    return words.rpartition(" [")[0].removesuffix(_REFERENCE)


def _identity(words: str) -> str:
    return "[system]" if words.casefold() == "systemassigned" else "IDENTITY_ID"


def _roles(want: DesiredService, missing: list[str], extra: list[str], seen: Snapshot) -> Fix:
    site = seen.site(want.id).properties
    who = site.value.identity.principal_id if isinstance(site, Observed) and site.value is not None else None
    principal = who or "PRINCIPAL_ID_OF_THE_APP"
    create = [
        az(
            "role assignment create",
            assignee_object_id=principal,
            assignee_principal_type="ServicePrincipal",
            role=each.partition(" on ")[0],
            scope="SCOPE",
        )
        for each in missing
    ]
    delete = [
        az("role assignment delete", assignee=principal, role=each.partition(" on ")[0], scope="SCOPE")
        for each in extra
    ]
    return Fix(
        "Role Based Access Control Administrator on the scope",
        (*create, *delete),
        "Microsoft.Authorization/roleAssignments",
    )


def _vault(want: DesiredVault, what: str, before: tuple[str, ...], missing: list[str], extra: list[str]) -> Fix:
    if what == "vault-network":
        access, action = before
        command = az("keyvault update", name=want.name, public_network_access=access, default_action=action)
        return Fix(
            "Key Vault Contributor",
            (command,),
            "Microsoft.KeyVault/vaults: properties.publicNetworkAccess, networkAcls.defaultAction",
        )
    create = [
        az("keyvault secret set", vault_name=want.name, name=each, file=secret_file(want.name, each))
        for each in missing
    ]
    disable = [az("keyvault secret set-attributes", vault_name=want.name, name=each, enabled="false") for each in extra]
    return Fix("Key Vault Secrets Officer", (*create, *disable), "Microsoft.KeyVault/vaults/secrets")


def _environment(want: DesiredEnvironment, what: str, before: tuple[str, ...]) -> Fix:
    wanted = {key: answer for key, _, answer in (words.partition(" ") for words in before)}
    if what == "telemetry-keys":
        refused = {key: str(answer == "refused").lower() for key, answer in wanted.items()}
        return Fix(
            "Application Insights Component Contributor",
            tuple(
                az("resource update", ids=one.id, set=f"properties.DisableLocalAuth={refused[one.key]}")
                for one in want.components
                if one.key in wanted
            ),
            "Microsoft.Insights/components: properties.DisableLocalAuth",
        )
    commands = [
        az(
            "storage account update",
            name=name(storage.account_id),
            resource_group=storage.account_id.split("/")[4],
            allow_shared_key_access=wanted[storage.key] == "accepted",
        )
        for storage in want.storage
        if storage.key in wanted
    ]
    return Fix(
        "Storage Account Contributor on the account",
        tuple(dict.fromkeys(commands)),
        "Microsoft.Storage/storageAccounts: properties.allowSharedKeyAccess",
    )
