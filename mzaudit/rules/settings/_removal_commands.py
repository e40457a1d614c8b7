"""How an entry is taken away from an app or one of its slots: one `az` command for each kind of place."""

from __future__ import annotations

from mzaudit.engine.az_cli import WEB, az
from mzaudit.policy.desired import DesiredService
from mzaudit.rules.settings._settings_sources import SettingEntry, SettingKind


def app_of(want: DesiredService, entry: SettingEntry) -> dict[str, str | bool]:
    """The options that name the app, or the slot that the entry is of."""
    app: dict[str, str | bool] = {"resource_group": want.resource_group, "name": want.app}
    return app | ({"slot": entry.slot} if entry.slot else {})


def removal_command(want: DesiredService, entry: SettingEntry) -> str:
    """The command that leaves the app without the entry's value.

    A container's variable holds the name of an app setting: it is pointed at the setting of its own name, which the
    app need not have. A compose file is one text, and is given anew.
    """
    app = app_of(want, entry)
    match entry.kind:
        case SettingKind.APP_SETTING:
            return az("webapp config appsettings delete", **app, setting_names=entry.name)
        case SettingKind.CONNECTION_STRING:
            return az("webapp config connection-string delete", **app, setting_names=entry.name)
        case SettingKind.MOUNT:
            return az("webapp config storage-account delete", **app, custom_id=entry.name)
        case SettingKind.COMPOSE_VARIABLE:
            return az(
                "webapp config container set",
                **app,
                multicontainer_config_type="compose",
                multicontainer_config_file="COMPOSE_FILE",
            )
        case SettingKind.CONTAINER_VARIABLE:
            container = entry.at.rsplit("/environmentVariables/", 1)[0]
            variable = f"properties.environmentVariables[name={entry.name}].value={entry.name}"
            return az("resource update", ids=container, api_version=WEB, set=variable)
        case SettingKind.REGISTRY_LOGIN:
            return az("webapp sitecontainers update", **app, container_name=entry.name, system_assigned_identity="true")


PROPERTY = {
    SettingKind.APP_SETTING: "Microsoft.Web/sites/config (appsettings)",
    SettingKind.CONNECTION_STRING: "Microsoft.Web/sites/config (connectionstrings)",
    SettingKind.MOUNT: "Microsoft.Web/sites/config (azurestorageaccounts)",
    SettingKind.COMPOSE_VARIABLE: "Microsoft.Web/sites: properties.siteConfig.linuxFxVersion",
    SettingKind.CONTAINER_VARIABLE: "Microsoft.Web/sites/sitecontainers: properties.environmentVariables",
    SettingKind.REGISTRY_LOGIN: "Microsoft.Web/sites/sitecontainers: properties.authType = SystemIdentity",
}
"""Where Bicep or Terraform sets an entry."""
