"""KV-007: a documented secret's value has the form of its kind."""

from mzaudit.engine import Evidence, Fail, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_secret
from mzaudit.facts.connection_string_parts import PARTS
from mzaudit.facts.secret_values import secret_id, set_new, value_of
from mzaudit.policy.desired import DesiredSecret
from mzaudit.policy.enums import SecretKind
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.values import ValueClass


@rule(
    "KV-007",
    title="The secret's value is well-formed",
    severity=Severity.HIGH,
    over=each_secret,
    guards=(Demand.SECRETS, Demand.CONNECTION_STRING),
    requires=("KV-001", "KV-003"),
    explained_by=("KV-004",),
)
def secret_well_formed(want: DesiredSecret, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The current value is not empty, not a placeholder (`changeme`, `TODO`, `<…>`, `${…}` and similar), and not the text
    of a Key Vault reference. By its declared kind it is:

    | kind | the value |
    |---|---|
    | `opaque` | anything |
    | `url` | an https URL |
    | `guid` | a GUID |
    | `application-insights` | a connection string with an `InstrumentationKey` and an `IngestionEndpoint` |
    | `database` | a database URL (JDBC too), or a connection string in the style of ADO.NET |
    | `storage` | a storage connection string: an account's name and key, or a shared access signature |
    | `service-bus` | `Endpoint=sb://…` with a key and its name, or a shared access signature; Event Hubs has the same |
    | `json` | a JSON object or array |
    | `pem` | a PEM file: whole lines that begin and end it |

    Only the class of the value is kept.

    ## Why it matters
    A secret that was created and never filled in looks like one that is there: the app starts and fails at its first
    use.

    ## Remediation
    Set the value from its source of truth.

    ## References
    - https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
    - https://learn.microsoft.com/azure/azure-monitor/app/connection-strings
    - https://learn.microsoft.com/dotnet/api/microsoft.data.sqlclient.sqlconnection.connectionstring
    - https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string
    - https://learn.microsoft.com/azure/service-bus-messaging/service-bus-sas
    - https://www.rfc-editor.org/rfc/rfc7468
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
    SecretKind.APPLICATION_INSIGHTS: "an Application Insights connection string",
    SecretKind.DATABASE: "a database URL or connection string",
    SecretKind.STORAGE: "a storage connection string",
    SecretKind.SERVICE_BUS: "a Service Bus connection string",
    SecretKind.JSON: "a JSON object or array",
    SecretKind.PEM: "a PEM file",
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
        case SecretKind.OPAQUE:
            return None
        case SecretKind.URL if "https-url" not in value.kinds:
            return "a URL without https" if "url" in value.kinds else "no URL"
        case SecretKind.APPLICATION_INSIGHTS if value.parts:
            missing = [name for part, name in PARTS.items() if value.part(part) is None]
            return f"a connection string without {' and '.join(missing)}" if missing else None
        case SecretKind.URL:
            return None
        case _ if kind.value in value.kinds:
            return None
        case _:
            others = [_EXPECTED[other] for other in _TOLD if other.value in value.kinds]
            return others[0] if others else f"no {_EXPECTED[kind].partition(' ')[2]}"


_TOLD = (
    *(SecretKind.APPLICATION_INSIGHTS, SecretKind.DATABASE, SecretKind.STORAGE, SecretKind.SERVICE_BUS),
    *(SecretKind.JSON, SecretKind.PEM, SecretKind.GUID),
)
