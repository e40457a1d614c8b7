"""KV-008: secrets that must differ do."""

from mzaudit.engine import Evidence, Fail, NotApplicable, Pass, Severity, Verdict, every, rule
from mzaudit.engine.demand import Demand
from mzaudit.facts.secret_values import labels, secret_id, set_new, value_of
from mzaudit.policy.desired import DesiredSecret
from mzaudit.rules.keyvault._secret_subjects import DistinctSecret, each_distinct_secret
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed, Unobserved

_NAMED = 10


@rule(
    "KV-008",
    title="Secrets that must differ are different",
    severity=Severity.HIGH,
    over=each_distinct_secret,
    guards=(Demand.VAULT_ISOLATION,),
    requires=("KV-001", "KV-003"),
    explained_by=("KV-004", "KV-007"),
)
def secrets_distinct(want: DistinctSecret, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The secret's value differs, even after trimming white space, from those that it must differ from: a secret that the
    policy declares `distinct` from the secret of the same name in the environment's other vaults; every sensitive
    secret (no `url`, `guid` or `application-insights`) from the same secret in the other environments of the run,
    unless the policy says `distinct_between_environments: false`, or the secret is `shared` with one vault that these
    environments have in common. Each pair is reported once, under the later of the two in the policy's order. Another
    environment's secret that is missing or disabled is skipped. Not applicable where there is nothing to compare with:
    between environments, ask for both (`--env stg --env prd`).

    ## Why it matters
    Two vaults limit what one leak gives away. With one value in both, a leak of either exposes both.

    ## Remediation
    Set a new value in one of the two, in production if in doubt, and restart the app.

    ## References
    - https://learn.microsoft.com/azure/key-vault/general/best-practices
    - https://learn.microsoft.com/azure/key-vault/secrets/secrets-best-practices
    """
    if not (want.beside or want.elsewhere):
        return NotApplicable("Compared under another secret; nothing to compare here.")

    label_of = labels(seen)
    own = label_of(want.secret)
    plainly: list[DesiredSecret] = []
    doubtful: list[tuple[DesiredSecret, bool]] = []
    for others, elsewhere in ((want.beside, False), (want.elsewhere, True)):
        for other in others:  # of a large estate hundreds, nearly all of which differ
            theirs = label_of(other) if own is not None else None
            if theirs is None or theirs == own or (elsewhere and not seen.comparable(want.secret.env, other.env)):
                doubtful.append((other, elsewhere))
            else:
                plainly.append(other)

    def equal(pair: tuple[DesiredSecret, bool]) -> Verdict:
        other, elsewhere = pair
        if elsewhere and seen.vault(other.vault_id).value(other.stored) == Observed(None):
            return NotApplicable(f"{_named(other)} is not there.")
        if elsewhere and not seen.comparable(want.secret.env, other.env):
            detail = "read in another run without the same MZAUDIT_LABEL_KEY: their values are not compared"
            raise Unobserved(Gap(GapReason.NOT_COLLECTED, f"value of {_named(other)}", other.vault_id, detail=detail))
        theirs = value_of(other, seen)
        if isinstance(theirs, Fail):
            return NotApplicable(theirs.note) if elsewhere else theirs
        own = value_of(want.secret, seen)
        if isinstance(own, Fail):
            return own
        return Fail(
            (Evidence(secret_id(want.secret), f"differs from {_named(other)}", "equal"),),
            f"{_named(want.secret)} has the same value as {_named(other)}.",
            "Set a new value in one of the two, and restart the app.",
            set_new(want.secret),
        )

    empty = f"None of the secrets that {_named(want.secret)} must differ from has a value."
    verdict = every(doubtful, equal, empty=empty)
    return Pass(_proof(want.secret, plainly)) if plainly and isinstance(verdict, NotApplicable) else verdict


def _proof(secret: DesiredSecret, others: list[DesiredSecret]) -> tuple[Evidence, ...]:
    """A line for each of the first others, and one for the rest."""
    told = [_named(other) for other in others[:_NAMED]]
    told += [f"{len(others) - _NAMED} more of its name"] if len(others) > _NAMED else []
    return tuple(Evidence(secret_id(secret), f"differs from {one}", "different") for one in told)


def _named(secret: DesiredSecret) -> str:
    return f"{secret.vault}/{secret.name}"
