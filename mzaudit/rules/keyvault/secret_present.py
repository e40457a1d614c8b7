"""KV-003: each documented secret is in its vault."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_secret
from mzaudit.facts.secret_values import set_new
from mzaudit.policy.desired import DesiredSecret
from mzaudit.snapshot.estate import Snapshot


@rule(
    "KV-003",
    title="The documented secret is in the vault",
    severity=Severity.CRITICAL,
    over=each_secret,
    guards=(Demand.SECRETS,),
    requires=("KV-001",),
)
def secret_present(want: DesiredSecret, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The vault holds a secret of the documented name in the naming style's spelling (`SECRET_KEY` is stored as
    `SECRET-KEY`), compared without case. Absence is concluded from a direct read, never from the list alone. A
    soft-deleted secret counts as missing, and the finding says so. The value is not read.

    ## Why it matters
    A reference to a missing secret does not resolve: the app receives the text of the reference as its value.

    ## Remediation
    Recover the secret if it is soft-deleted; otherwise set it.

    ## References
    - https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
    """
    vault = seen.vault(want.vault_id)
    at = f"{want.vault_id}/secrets/{want.stored}"
    if need(vault.secret(want.stored)) is not None:
        return Pass((Evidence(at, "exists", "exists"),))
    if any(name.casefold() == want.stored.casefold() for name in vault.deleted_secrets.items):
        return Fail(
            (Evidence(at, "exists", "soft-deleted"),),
            f"The secret {want.stored} is soft-deleted in {want.vault}.",
            "Recover the secret.",
            Fix(
                "Key Vault Secrets Officer",
                (az("keyvault secret recover", vault_name=want.vault, name=want.stored),),
            ),
        )
    return Fail(
        (Evidence(at, "exists", "absent"),),
        f"The secret {want.name} (stored as {want.stored}) is not in {want.vault}.",
        "Set the secret from its source of truth.",
        set_new(want),
    )
