"""OBS-002: the stored connection string is that of the documented component."""

from mzaudit.engine import Evidence, Fail, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.facts.connection_string_parts import PARTS, differing
from mzaudit.facts.secret_values import set_new, value_of
from mzaudit.rules.telemetry._connection_string_subjects import DocumentedConnectionString, each_connection_string
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.values import ValueClass


@rule(
    "OBS-002",
    title="The connection string is the component's",
    severity=Severity.HIGH,
    over=each_connection_string,
    guards=(Demand.CONNECTION_STRING,),
    requires=("OBS-001", "KV-001", "KV-003"),
    explained_by=("KV-004", "KV-007"),
)
def connection_string_matches(want: DocumentedConnectionString, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The connection string in the vault is parsed, and its `InstrumentationKey` and `IngestionEndpoint` are those of the
    documented component. The key is compared without case, the endpoint by scheme, host and port; the order of parts, a
    trailing semicolon or slash and all other parts do not matter. Both parts must be there. A disabled secret fails,
    with KV-004 as its cause. Without secret values this is inconclusive.

    ## Why it matters
    A connection string of another component sends this environment's telemetry elsewhere: its alerts stay silent, and
    the other environment's dashboards show foreign data.

    ## Remediation
    Put the component's own connection string into the secret.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/app/connection-strings
    """
    component = need(seen.component(want.component.id).properties)
    if component is None:
        return NotApplicable(f"The component {want.component.name} does not exist.")
    value = value_of(want.secret, seen)
    if isinstance(value, Fail):
        return value
    if not _well_formed(value):
        return _fail(
            want,
            "no connection string",
            f"The secret {want.secret.stored} of {want.secret.vault} is not an Application Insights connection string.",
        )
    wrong = differing(value, component)
    if not wrong:
        return Pass((Evidence(_at(want), want.component.name, want.component.name, "compared by parts"),))
    return _fail(
        want,
        f"another {' and '.join(wrong)}",
        f"The secret {want.secret.stored} of {want.secret.vault} has not the {' and '.join(wrong)} of "
        f"{want.component.name}.",
    )


def _at(want: DocumentedConnectionString) -> str:
    return f"{want.secret.vault_id}/secrets/{want.secret.stored}"


def _well_formed(value: ValueClass) -> bool:
    return "application-insights" in value.kinds and any(value.part(part) is not None for part in PARTS)


def _fail(want: DocumentedConnectionString, observed: str, note: str) -> Fail:
    return Fail(
        (Evidence(_at(want), f"the connection string of {want.component.name}", observed),),
        note,
        f"Set the secret to the connection string of {want.component.name}.",
        set_new(want.secret),
    )
