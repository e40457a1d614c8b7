"""SET-001: each documented secret is an app setting that refers to it in the service's own vault."""

from mzaudit.engine import Aspect, Evidence, Fail, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import SecretSetting, each_secret_setting
from mzaudit.facts.setting_references import deviation, refer, value_of
from mzaudit.snapshot.estate import Snapshot


@rule(
    "SET-001",
    title="The setting refers to the documented secret",
    severity=Severity.CRITICAL,
    over=each_secret_setting,
    bears_on=Aspect.SECRET_REFERENCES,
    guards=(Demand.REFERENCES,),
    requires=("APP-001",),
)
def vault_reference(want: SecretSetting, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The service has an app setting of the documented name (the secret's own, unless the policy's `settings` gives it
    another; case matters, as Linux compares environment variables) whose whole value is a Key Vault reference to the
    documented secret of the service's own vault. Every spelling that App Service resolves is accepted: `SecretUri=`
    with or without version and trailing slash; `VaultName=` and `SecretName=` in any order, with or without
    `SecretVersion=`, with or without a trailing semicolon. Vault and secret names are compared without case. A version
    may be pinned: whether it is the current one is SET-003's question. Where App Service reports which vault and secret
    it read, that decides.

    The finding tells apart: no such setting, empty, plain text, text that only looks like a reference, a reference to
    App Configuration, a malformed reference, another vault, a secret name with an underscore, another secret.

    ## Why it matters
    Without the reference, the secret is missing from the app or stored in plain text in its settings. The app receives
    a malformed reference as plain text.

    ## Remediation
    Set the app setting to the reference. The app restarts.

    ## References
    - https://learn.microsoft.com/azure/app-service/app-service-key-vault-references
    """
    at = f"{want.service.id}/config/appsettings/{want.name}"
    expected = f"vault {want.secret.vault}, secret {want.secret.stored}"
    wrong = deviation(want, value_of(want, seen))
    if wrong is None:
        return Pass((Evidence(at, expected, expected),))
    return Fail(
        (Evidence(at, expected, wrong.observed),),
        wrong.note,
        f"Set {want.name} to a Key Vault reference to the secret {want.secret.stored} of {want.secret.vault}.",
        refer(want),
    )
