"""SET-005: where passwords are forbidden, no setting reaches a database with one."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, NotApplicable, Pass, Severity, Verdict, every, need, rule, whole
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.subjects import each_service
from mzaudit.policy.desired import DesiredService
from mzaudit.rules.settings._credential_detection import has_password, is_database_address
from mzaudit.rules.settings._removal_commands import PROPERTY, removal_command
from mzaudit.rules.settings._settings_sources import SettingEntry, SettingKind, SettingsSource, settings_sources
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.values import LiteralValue, OtherReference, ValueClass, VaultReference


@rule(
    "SET-005",
    title="No database password",
    severity=Severity.CRITICAL,
    over=each_service,
    bears_on=Aspect.SETTINGS,
    guards=(Demand.NO_PASSWORDS,),
    requires=("APP-001",),
)
def no_database_password(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    In production, and in every environment whose policy says `sql_auth: managed-identity`: no database address with a
    password among the app settings, connection strings and container variables of the app and of every slot. A database
    address is a setting whose name says so (`DATABASE_URL`, `SQL_CONNECTION_STRING` and similar), a connection string
    of a database type, or a text that is a database URL or connection string: with a part that only a database has
    (`Database=`, `Initial Catalog=`, `Data Source=` with a user) or at a host of Azure's databases. A password is a
    user name and password in the URL, or a `Password=` or `Pwd=` part. `Host=…;User=…;Password=…` of a mail server or a
    queue is reported by SET-004.

    A database address without a password is accepted: that is how managed identities connect. One that comes from the
    service's own vault is judged by the secret's value where that was read, and is inconclusive where it was not; so is
    one that comes from another vault or from App Configuration. Not applicable where the policy allows passwords.

    ## Why it matters
    A database password works from anywhere, for everybody who has seen it, until somebody changes it. The identity
    works only from the app.

    ## Remediation
    Connect with the managed identity, remove the password, and drop or change the login.

    ## References
    - https://learn.microsoft.com/azure/app-service/tutorial-connect-msi-azure-database
    """
    if not want.passwords_forbidden:
        return NotApplicable(f"The policy allows database passwords in {want.env}.")
    site = seen.site(want.id)
    return every(
        (
            place
            for place in settings_sources(site)
            if place.kind not in (SettingKind.MOUNT, SettingKind.REGISTRY_LOGIN)
        ),
        lambda place: _judge(want, seen, place),
        empty="The app has no place for settings.",
        missing=site.slots.gap,
    )


def _judge(want: DesiredService, seen: Snapshot, place: SettingsSource) -> Verdict:
    fails: list[Fail] = []
    gaps: list[Gap] = []
    for entry in filter(is_database_address, place.entries.items):
        try:
            value = _value(want, seen, entry)
        except Unobserved as unseen:
            gaps += unseen.gaps
            continue
        if value is not None and has_password(value):
            fails.append(_failure(want, entry))
    if fails:
        return merged(fails)
    if gaps:
        raise Unobserved(*gaps)
    whole(place.entries)
    return Pass((Evidence(place.at, "no database password", "none"),))


def _value(want: DesiredService, seen: Snapshot, entry: SettingEntry) -> ValueClass | None:
    """The class of what the app gets; `None` where it gets no value at all."""
    match entry.value:
        case LiteralValue(value):
            return value
        case VaultReference(vault, secret, _, _):
            if vault is None or secret is None:
                return None
            for own in want.vaults:
                if vault.casefold() == own.name.casefold():
                    return need(seen.vault(own.id).value(secret))
            raise Unobserved(Gap(GapReason.NOT_COLLECTED, f"GET secret {secret} of {vault}", entry.at))
        case OtherReference():
            raise Unobserved(
                Gap(GapReason.NOT_COLLECTED, "App Configuration", entry.at, detail="App Configuration is not read")
            )


def _failure(want: DesiredService, entry: SettingEntry) -> Fail:
    where = f"{want.app} (slot {entry.slot})" if entry.slot else want.app
    return Fail(
        (Evidence(entry.at, "no password", "a database address with a password"),),
        f"The {entry.kind} {entry.name} of {where} reaches a database with a password.",
        "Connect with the app's managed identity, remove the setting, and drop or change the login.",
        Fix(
            "Website Contributor on the app",
            (removal_command(want, entry),),
            f"{PROPERTY[entry.kind]}: no password",
        ),
    )
