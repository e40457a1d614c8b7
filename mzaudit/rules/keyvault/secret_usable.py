"""KV-004: the documented secret is enabled and within its validity."""

from datetime import timedelta

from mzaudit.engine import Evidence, Fail, Pass, Severity, Verdict, every, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_secret
from mzaudit.facts.existing import present, require_field
from mzaudit.facts.secret_values import disabled, enabled, secret_id, set_new
from mzaudit.policy.desired import DesiredSecret
from mzaudit.policy.enums import counted
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import SecretItem


@rule(
    "KV-004",
    title="The secret is usable",
    severity=Severity.HIGH,
    over=each_secret,
    guards=(Demand.SECRETS,),
    requires=("KV-001", "KV-003"),
)
def secret_usable(want: DesiredSecret, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The current version of the secret is enabled, its expiry date (`exp`) is in the future, its activation date (`nbf`)
    in the past. A secret that expires within the policy's number of days (30 unless set) fails with low severity. A
    missing date is no finding. Dates are compared with the time at which the state was read; where the clock was more
    than five minutes off Azure's, a secret with a date is inconclusive. The value does not count; where the vault gave
    it for a secret that Azure Resource Manager calls disabled, or refused it as disabled for one that it calls enabled,
    the rule is inconclusive.

    ## Why it matters
    A disabled secret cannot be read: its references stop resolving. Key Vault still serves an expired one, so nobody
    notices until its issuer refuses it.

    ## Remediation
    Enable the secret, or set a new version with a later expiry date, before the old one ends.

    ## References
    - https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
    """
    call = f"GET {secret_id(want)}"
    item = present(seen.vault(want.vault_id).secret(want.stored), call)
    return every((_enabled, _started, _lasting), lambda check: check(want, seen, item), empty="Nothing to check.")


def _enabled(want: DesiredSecret, seen: Snapshot, item: SecretItem) -> Verdict:
    if require_field(enabled(want, item, seen), f"GET {secret_id(want)}", "attributes.enabled"):
        return Pass((Evidence(f"{secret_id(want)}/attributes/enabled", True, True),))
    return disabled(want)


def _started(want: DesiredSecret, seen: Snapshot, item: SecretItem) -> Verdict:
    at = f"{secret_id(want)}/attributes/nbf"
    if item.not_before is None:
        return Pass((Evidence(at, "none, or in the past", None),))
    evidence = (Evidence(at, "none, or in the past", item.not_before.isoformat()),)
    if item.not_before <= need(seen.now):
        return Pass(evidence)
    return Fail(
        evidence,
        f"The secret {want.stored} in {want.vault} is not valid before {item.not_before:%Y-%m-%d}.",
        "Correct the activation date, or set a version that is already valid.",
        set_new(want),
    )


def _lasting(want: DesiredSecret, seen: Snapshot, item: SecretItem) -> Verdict:
    at = f"{secret_id(want)}/attributes/exp"
    expected = f"none, or more than {counted(want.expiring_days, 'day')} ahead"
    if item.expires is None:
        return Pass((Evidence(at, expected, None),))
    evidence = (Evidence(at, expected, item.expires.isoformat()),)
    now = need(seen.now)
    if item.expires <= now:
        return Fail(
            evidence,
            f"The secret {want.stored} in {want.vault} expired on {item.expires:%Y-%m-%d}.",
            "Renew the secret at its issuer and set the new value with a later expiry date.",
            set_new(want),
        )
    if item.expires - now <= timedelta(days=want.expiring_days):
        return Fail(
            evidence,
            f"The secret {want.stored} in {want.vault} expires on {item.expires:%Y-%m-%d}.",
            "Renew the secret at its issuer and set the new value with a later expiry date.",
            set_new(want),
            Severity.LOW,
        )
    return Pass(evidence)
