"""SET-003: the version that the app runs with is the vault's current one."""

from datetime import timedelta

from mzaudit.engine import Aspect, Evidence, Fail, Fix, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import SecretSetting, each_secret_setting
from mzaudit.facts.secret_values import OFFICER
from mzaudit.facts.setting_references import Deviation, documented, refer, reported, resolve_again
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import SecretItem
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved, whole

_PLATFORM_REFRESH = timedelta(hours=24)


@rule(
    "SET-003",
    title="The app runs with the current version of the secret",
    severity=Severity.MEDIUM,
    over=each_secret_setting,
    bears_on=Aspect.SECRET_REFERENCES,
    guards=(Demand.REFERENCES,),
    requires=("APP-001",),
    explained_by=("SET-001", "KV-001", "KV-003", "SET-002"),  # what else breaks a reference is SET-002's cause
)
def reference_current(want: SecretSetting, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The version that App Service reports as active for the setting's reference is the secret's current version in the
    vault. A reference that pins an older version fails, and so does one without a version that lags behind. Because App
    Service takes up to 24 hours to follow a rotation by itself, lagging behind a version created or changed in the 24
    hours before the run has low severity. A reference that pins today's version passes, and says so.

    Inconclusive: the vault's current version or the app's active one is unknown. Not applicable: App Service reports a
    version for none of the app's references, which may happen; or the app runs with an older version because the
    current one is disabled, which KV-004 reports.

    ## Why it matters
    A rotation that has not reached the app leaves the old, perhaps leaked, secret in use; when the old version is
    disabled, the app breaks.

    ## Remediation
    Remove the version from a pinned reference. Otherwise make App Service resolve its references now.

    ## References
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    at = f"{want.service.id}/config/configreferences/appsettings/{want.name}"
    found = reported(want, seen)
    if isinstance(found, Deviation):
        remediation = f"Set it to {documented(want)}."
        return Fail((Evidence(at, "a reference", found.observed),), found.note, remediation, refer(want))
    if found.status.casefold() != "resolved":
        return Fail(
            (Evidence(at, "Resolved", found.status),),
            f"The reference in {want.name} of {want.service.app} is not resolved, so the app runs with no "
            "version of the secret.",
            "Fix what App Service reports, then make it resolve its references again.",
            resolve_again(want),
        )
    active = found.active_version or found.version  # a pinned version is the one that it resolved to
    if active is None:
        references = whole(seen.site(want.service.id).references)
        if not any(each.active_version for each in references):
            return NotApplicable(
                f"App Service does not report which version any reference of {want.service.app} runs with."
            )
        raise Unobserved(Gap(GapReason.MALFORMED, f"GET {at}", at, detail="the active version is unknown"))
    item = need(seen.vault(want.secret.vault_id).secret(want.secret.stored))
    if item is None:
        return Fail(
            (Evidence(at, "a version of the secret", active),),
            f"{want.service.app} still runs with a version of {want.secret.stored}, which is no "
            f"longer in {want.secret.vault}.",
            "Set or recover the secret.",
            Fix(OFFICER, (az("keyvault secret recover", vault_name=want.secret.vault, name=want.secret.stored),)),
        )
    return _compare(want, seen, (active, bool(found.version)), item, f"{at}/activeVersion")


def _compare(want: SecretSetting, seen: Snapshot, running: tuple[str, bool], item: SecretItem, at: str) -> Verdict:
    name, app = want.name, want.service.app
    active, pinned = running
    if item.version is None:
        secret = f"{want.secret.vault_id}/secrets/{want.secret.stored}"
        raise Unobserved(Gap(GapReason.MALFORMED, f"GET {secret}", secret, detail="the current version is unknown"))
    evidence = (Evidence(at, item.version, active),)
    if active.casefold() == item.version.casefold():
        return Pass(evidence, f"{name} pins today's version: the next rotation will not reach {app}." if pinned else "")
    if item.enabled is False:
        return NotApplicable(f"The current version of {want.secret.stored} is disabled: no app can follow it.")
    if pinned:
        return Fail(
            evidence,
            f"{name} of {app} pins an older version of {want.secret.stored}.",
            "Take the version out of the reference, so that the app follows the current one.",
            refer(want),
        )
    now = seen.now
    unknown = (now,) if item.updated is not None and isinstance(now, Gap) else ()
    recent = item.updated is not None and seen.taken - item.updated < _PLATFORM_REFRESH
    return Fail(
        evidence,
        f"{name} of {app} still runs with an older version of {want.secret.stored}: the rotation has not reached it.",
        "Refresh the references now; App Service does so by itself within 24 hours.",
        resolve_again(want),
        Severity.LOW if unknown or recent else None,
        unknown,
    )
