"""SET-004: no setting of the app holds a credential in plain text."""

from dataclasses import replace

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, every, rule, whole
from mzaudit.engine.az_cli import az, secret_file
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.subjects import each_service
from mzaudit.policy.desired import DesiredService
from mzaudit.rules.settings._credential_detection import (
    RANDOM,
    REGISTRY_LOGIN,
    has_password,
    is_database_address,
    why_credential,
)
from mzaudit.rules.settings._removal_commands import PROPERTY, app_of, removal_command
from mzaudit.rules.settings._settings_sources import SettingEntry, SettingKind, SettingsSource, settings_sources
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.values import LiteralValue


@rule(
    "SET-004",
    title="No credential in plain text",
    severity=Severity.CRITICAL,
    over=each_service,
    bears_on=Aspect.SETTINGS,
    guards=(Demand.NO_CREDENTIALS,),
    requires=("APP-001",),
)
def no_plaintext_credentials(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    App settings, connection strings, mounted shares, variables of a compose file and of site containers, and stored
    registry passwords of site containers, of the app and of every slot. A plain value that is not empty is a credential
    if one of these holds:

    * it has the shape of one, under any name: a key that an Azure service hands out, alone or in a connection string or
      signature; a token with the mark of its issuer (GitHub, Slack, Stripe, AWS and some fifty others); a JSON Web
      Token, private key or PKCS #12 store; `Password=`, `Secret=` and similar; user name and password in a URL; all of
      them also inside JSON and base64;
    * it is a mounted share's access key or a site container's registry password;
    * its name is a secret that the policy documents as sensitive;
    * its name looks like one (`password`, `secret`, `token`, `hmac`, `sas`, `api_key`, `access_key` and similar), and
      the value is no boolean, duration or URL, and no number under a name in which that word is not the last;
    * it is a long random text: a weaker finding, of medium severity. Hosts, paths, resource ids, GUIDs, ULIDs, image
      references and public certificates do not count. 40 hexadecimal digits, which a commit or a thumbprint has, count
      only where the name ends with `key` or `credentials`.

    Harmless names are exempt from the last two: App Service's own (`WEBSITE_*`, except its session keys),
    `MS_CLIENT_ID`, `MS_TENANT_ID`, `APPLICATIONINSIGHTS_CONNECTION_STRING`, addresses (`*_URL`), names and numbers
    about a credential (`*_NAME`, `*_ID`, `*_TTL_SECONDS`, `*_LENGTH`), public keys, commits and digests. A placeholder
    counts: `password` works as a password. Settings that the policy lists as `plaintext` are never judged.

    References to Key Vault and to App Configuration are no plain values. A reference with other text around it, or the
    bare URL of a vault's secret, is not reported here: App Service resolves neither, and SET-001 reports them. A site
    container's variable holds the name of an app setting; one that names none is a value. Reported by other rules, so
    that there is one finding: a database password where passwords are forbidden is SET-005's, the app's
    `DOCKER_REGISTRY_SERVER_*` are IMG-007's.

    A credential that was found is reported, whatever could not be read. The shapes are those of Microsoft's list of
    identifiable keys and of gitleaks.

    ## Why it matters
    Whoever may list the app's settings can read the credential, in the portal, in templates and in their history. It
    bypasses the vault's access control, its log and its rotation.

    ## Remediation
    Move the value to the service's vault and refer to it, then rotate the credential: it was readable.

    ## References
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    - https://learn.microsoft.com/azure/app-service/configure-common
    - https://learn.microsoft.com/azure/app-service/configure-sidecar
    - https://github.com/microsoft/security-utilities
    - https://github.com/gitleaks/gitleaks
    """
    site = seen.site(want.id)
    return every(
        settings_sources(site),
        lambda place: _judge(want, place),
        empty="The app has no place for settings.",
        missing=site.slots.gap,
    )


def _judge(want: DesiredService, place: SettingsSource) -> Verdict:
    fails = [fail for entry in place.entries.items if (fail := _exposed(want, entry)) is not None]
    if fails:
        found, gap = merged(fails), place.entries.gap
        return found if gap is None or found.severity is None else replace(found, gaps=(gap,))
    whole(place.entries)
    return Pass((Evidence(place.at, "no credential in plain text", "none"),))


def _exposed(want: DesiredService, entry: SettingEntry) -> Fail | None:
    if not isinstance(entry.value, LiteralValue) or entry.name in want.plaintext:
        return None
    value = entry.value.value
    elsewhere = entry.kind in (SettingKind.MOUNT, SettingKind.REGISTRY_LOGIN)
    if want.passwords_forbidden and not elsewhere and is_database_address(entry) and has_password(value):
        return None
    if entry.kind is SettingKind.APP_SETTING and not entry.slot and entry.name in REGISTRY_LOGIN:
        return None
    documented = {setting.name for setting in want.settings if setting.secret.spec.sensitive}
    why = why_credential(entry, value, documented)
    if why is None:
        return None
    where = f"{want.app} (slot {entry.slot})" if entry.slot else want.app
    return Fail(
        (Evidence(entry.at, "a reference, or nothing", "plain text", f"it {why}"),),
        f"The {entry.kind} {entry.name} of {where} is a credential in plain text: it {why}.",
        _cure(want, entry),
        _fix(want, entry),
        Severity.MEDIUM if why == RANDOM else None,
    )


def _cure(want: DesiredService, entry: SettingEntry) -> str:
    if entry.kind in (SettingKind.APP_SETTING, SettingKind.CONNECTION_STRING) and want.vault is not None:
        return f"Store the value in {want.vault.name}, refer to it from the setting, then rotate the credential."
    if entry.kind is SettingKind.MOUNT:
        return "Keep the key in an app setting that refers to Key Vault, name that setting in the mount, renew the key."
    if entry.kind is SettingKind.REGISTRY_LOGIN:
        return "Pull with the app's system-assigned identity, remove the password, then rotate it."
    return "Remove the value, use the app's identity or a Key Vault reference instead, then rotate the credential."


def _fix(want: DesiredService, entry: SettingEntry) -> Fix:
    app, role = app_of(want, entry), "Website Contributor on the app"
    if want.vault is not None and entry.kind in (SettingKind.APP_SETTING, SettingKind.CONTAINER_VARIABLE):
        secret = next((setting.secret for setting in want.settings if setting.name == entry.name), None)
        vault = want.vault.name if secret is None else secret.vault
        spelled = "".join(c if c.isascii() and c.isalnum() else "-" for c in entry.name)
        stored = spelled if secret is None else secret.stored
        reference = f"@Microsoft.KeyVault(VaultName={vault};SecretName={stored})"
        keep = az(
            "keyvault secret set",
            vault_name=vault,
            name=stored,
            file=secret_file(vault, stored),
        )
        refer = az("webapp config appsettings set", **app, settings=f"{entry.name}={reference}")
        # a container's variable names the app setting that holds its value
        point = (removal_command(want, entry),) if entry.kind is SettingKind.CONTAINER_VARIABLE else ()
        return Fix(
            f"Key Vault Secrets Officer on the vault, {role}",
            (keep, refer, *point),
            f"Microsoft.Web/sites/config (appsettings): {entry.name} = {reference}",
        )
    if entry.kind is SettingKind.MOUNT:
        key = "@AppSettingRef(SETTING_THAT_REFERS_TO_KEY_VAULT)"
        command = az("webapp config storage-account update", **app, custom_id=entry.name, access_key=key)
        return Fix(role, (command,), f"{PROPERTY[SettingKind.MOUNT]}: accessKey = {key}")
    return Fix(role, (removal_command(want, entry),), PROPERTY[entry.kind])
