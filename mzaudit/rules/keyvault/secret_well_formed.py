"""KV-007: a documented secret's value is what its kind says."""

from mzaudit.audit import Evidence, Fail, Pass, Severity, Verdict, rule
from mzaudit.audit.secret_values import secret_id, set_new, value_of
from mzaudit.audit.subjects import each_secret
from mzaudit.policy.wanted import WantedSecret
from mzaudit.policy.words import SecretKind
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.values import ValueClass


@rule(
    "KV-007",
    title="The secret's value is well-formed",
    severity=Severity.HIGH,
    over=each_secret,
    requires=("KV-001", "KV-003"),
    explained_by=("KV-004",),
)
def secret_well_formed(want: WantedSecret, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The current value is not empty, not a placeholder (`changeme`, `TODO`, `<…>`, `${…}` and the like), and not the
    text of a Key Vault reference. By its declared kind it is: `url`, an https URL; `guid`, a GUID;
    `connection-string`, a telemetry connection string with an `InstrumentationKey` and an `IngestionEndpoint`;
    `opaque`, anything. Of the value only its class is kept.

    ## Why it matters
    A secret that was created and never filled in looks like one that is there: the app starts and fails at its first
    use.

    ## Remediation
    Set the value from its source of truth.

    ## References
    - https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
    - https://learn.microsoft.com/azure/azure-monitor/app/connection-strings
    """
    value = value_of(want, seen)
    if isinstance(value, Fail):
        return value
    expected = _EXPECTED[want.spec.kind]
    wrong = _wrong(want.spec.kind, value)
    if wrong is None:
        return Pass((Evidence(secret_id(want), expected, expected),))
    return Fail(
        (Evidence(secret_id(want), expected, wrong),),
        f"The value of {want.stored} in {want.vault} is {wrong}, where {expected} is expected.",
        "Set the value from its source of truth.",
        set_new(want),
    )


_EXPECTED = {
    SecretKind.OPAQUE: "a value",
    SecretKind.URL: "an https URL",
    SecretKind.GUID: "a GUID",
    SecretKind.CONNECTION_STRING: "a telemetry connection string",
}


def _wrong(kind: SecretKind, value: ValueClass) -> str | None:
    """What the value is instead, in words that show nothing of it."""
    if value.empty:
        return "empty"
    if value.unresolved_reference:
        return "the text of a Key Vault reference"
    if value.placeholder:
        return "a placeholder"
    match kind:
        case SecretKind.URL if "https-url" not in value.kinds:
            return "a URL without https" if "url" in value.kinds else "no URL"
        case SecretKind.GUID if "guid" not in value.kinds:
            return "no GUID"
        case SecretKind.CONNECTION_STRING:
            if "connection-string" not in value.kinds:
                return "no connection string"
            missing = [
                name for name in ("InstrumentationKey", "IngestionEndpoint") if value.part(name.casefold()) is None
            ]
            return f"a connection string without {' and '.join(missing)}" if missing else None
        case _:
            return None
