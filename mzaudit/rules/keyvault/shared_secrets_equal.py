"""KV-006: a shared secret has one value in every vault that holds it."""

from mzaudit.engine import Evidence, Fail, NotApplicable, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.facts.secret_values import secret_id, set_new, value_of
from mzaudit.policy.desired import DesiredSecret
from mzaudit.rules.keyvault._secret_subjects import SharedSecret, each_shared_secret
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Unobserved
from mzaudit.snapshot.values import SecretValue


@rule(
    "KV-006",
    title="The shared secret is the same in every vault",
    severity=Severity.CRITICAL,
    over=each_shared_secret,
    guards=(Demand.SHARED_SECRETS,),
    requires=("KV-001", "KV-003"),
    explained_by=("KV-004",),
)
def shared_secrets_equal(want: SharedSecret, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The current values of the secret are equal, byte for byte, in every vault of the environment that is documented to
    share it. They are compared in memory under a random key of the run; neither a value nor its length nor a digest is
    kept. The finding says so where values differ only in surrounding white space. Two vaults that differ are enough to
    fail; to pass, every value must have been read.

    ## Why it matters
    Services authenticate to each other with a shared secret: with different values, calls between them are refused, or
    signatures do not match.

    ## Remediation
    Set the same value in every vault, from one file without a trailing newline, then restart the apps.

    ## References
    - https://learn.microsoft.com/azure/key-vault/secrets/secrets-best-practices
    - https://learn.microsoft.com/cli/azure/keyvault/secret
    """
    if len(want.members) < 2:
        return NotApplicable(f"Only {want.members[0].vault} holds {want.name}.")
    values: list[tuple[DesiredSecret, SecretValue]] = []
    fails: list[Fail] = []
    gaps: list[Gap] = []
    for member in want.members:
        try:
            value = value_of(member, seen)
        except Unobserved as unseen:
            gaps.extend(unseen.gaps)
            continue
        if isinstance(value, Fail):
            fails.append(value)
        else:
            values.append((member, value))
    if len({value.same for _, value in values}) > 1:
        return _different(want, values)
    if fails:
        return fails[0]
    if gaps:
        raise Unobserved(*gaps)
    return Pass(tuple(Evidence(secret_id(member), "equal", "equal") for member, _ in values))


def _different(want: SharedSecret, values: list[tuple[DesiredSecret, SecretValue]]) -> Fail:
    (first, reference), *others = values
    near = len({value.same_trimmed for _, value in values}) == 1
    how = "differs only in surrounding white space" if near else "different"
    vaults = ", ".join(member.vault for member, _ in values)
    return Fail(
        (
            Evidence(secret_id(first), "equal", "compared with the others"),
            *(
                Evidence(secret_id(member), "equal", "equal" if value.same == reference.same else how)
                for member, value in others
            ),
        ),
        f"{want.name} differs only in surrounding white space between {vaults}."
        if near
        else f"{want.name} has different values in {vaults}.",
        "Set the same value in every vault, from one file without a trailing newline, and restart the apps.",
        set_new(*(member for member, _ in values)),
    )
