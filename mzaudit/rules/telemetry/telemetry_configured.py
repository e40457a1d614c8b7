"""OBS-003: each app is configured to export its telemetry."""

from collections.abc import Iterator, Mapping

from mzaudit.access.effective_access import reach_of
from mzaudit.access.named_roles import METRICS_PUBLISHER
from mzaudit.engine import (
    Aspect,
    Evidence,
    Fail,
    Fix,
    Inconclusive,
    Pass,
    Severity,
    Verdict,
    find,
    need,
    rule,
)
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.subjects import each_exporting_service
from mzaudit.facts.connection_string_parts import differing
from mzaudit.facts.existing import principal_of
from mzaudit.facts.setting_references import as_read, held
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.text import ids
from mzaudit.snapshot.values import LiteralValue, OtherReference, SettingValue, VaultReference

_OTLP = "OTEL_EXPORTER_OTLP_"
_SIGNALS = ("TRACES", "METRICS", "LOGS")


@rule(
    "OBS-003",
    title="Telemetry is exported",
    severity=Severity.MEDIUM,
    over=each_exporting_service,
    bears_on=Aspect.EXPORT,
    guards=(Demand.TELEMETRY,),
    requires=("APP-001",),
)
def telemetry_configured(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    One of the two ways that Azure supports is configured completely:

    * **connection string**: the documented setting (`APPLICATIONINSIGHTS_CONNECTION_STRING`) is a Key Vault reference
      that App Service can read, or a plain connection string with the component's own `InstrumentationKey` and
      `IngestionEndpoint` (a plain one is no credential). Where the component has local authentication switched off, the
      app's identity also holds Monitoring Metrics Publisher on the component or above it; where Azure does not say,
      local authentication is on.
    * **OTLP over HTTP**: `OTEL_EXPORTER_OTLP_ENDPOINT`, or one endpoint each for traces, metrics and logs, is a URL or
      a Key Vault reference; `OTEL_EXPORTER_OTLP_PROTOCOL` (or each signal's own) is `http/protobuf` or `http/json`; and
      the app's identity holds Monitoring Metrics Publisher somewhere, as data collection rules demand. gRPC fails. A
      missing protocol fails too, because the default differs between libraries.

    What a reference resolves to is checked by SET-001, SET-002 and OBS-002. Whether data arrives is not checked.
    Services that the policy lets export nothing (`component: none`) are not checked.

    ## Why it matters
    A backend that exports nothing fails without a trace.

    ## Remediation
    Set the documented connection string.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/app/connection-strings
    - https://learn.microsoft.com/azure/azure-monitor/app/azure-ad-authentication
    - https://opentelemetry.io/docs/specs/otel/protocol/exporter/
    """
    path = f"{want.id}/config/appsettings"
    site = seen.site(want.id)
    configured = held(site.settings, f"POST {path}/list")
    settings: dict[str, SettingValue] = {s.name: s.value for s in as_read(site, configured)}
    fails: list[Fail] = []
    gaps: list[Gap] = []
    for way in _ways(want, settings):
        try:
            verdict = _by_otlp(want, settings, seen) if way == _OTLP else _by_string(want, settings[way], seen)
        except Unobserved as unseen:
            gaps += unseen.gaps
            continue
        if isinstance(verdict, Pass):
            return verdict
        fails.append(verdict)
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    if fails:
        return merged(fails)
    return _fail(want, want.component.setting, "no telemetry setting", f"{want.app} is not set up to export telemetry.")


def _ways(want: DesiredService, settings: Mapping[str, SettingValue]) -> Iterator[str]:
    if not _unset(settings.get(want.component.setting)):
        yield want.component.setting
    if any(not _unset(settings.get(f"{_OTLP}{signal}ENDPOINT")) for signal in ("", *(f"{s}_" for s in _SIGNALS))):
        yield _OTLP


def _unset(value: SettingValue | None) -> bool:
    return value is None or (isinstance(value, LiteralValue) and value.value.empty)


def _by_string(want: DesiredService, value: SettingValue, seen: Snapshot) -> Pass | Fail:
    name = want.component.setting
    at = f"{want.id}/config/appsettings/{name}"
    match value:
        case OtherReference():
            raise Unobserved(
                Gap(GapReason.NOT_COLLECTED, "App Configuration", at, detail="App Configuration is not read")
            )
        case VaultReference(_, _, _, problem) if problem:
            return _fail(
                want, name, f"malformed reference: {problem}", f"The reference in {name} of {want.app} is malformed."
            )
        case _:
            pass
    component = need(seen.component(want.component.id).properties)
    if isinstance(value, LiteralValue):
        if "application-insights" not in value.value.kinds:
            return _fail(want, name, "no connection string", f"{name} of {want.app} is not a connection string.")
        wrong = differing(value.value, component) if component is not None else ()
        if wrong:
            return _fail(
                want,
                name,
                f"another {' and '.join(wrong)}",
                f"{name} of {want.app} has not the {' and '.join(wrong)} of {want.component.name}.",
            )
    form = "a connection string" if isinstance(value, LiteralValue) else "a Key Vault reference"
    proof = Evidence(at, "a connection string", form)
    if component is None or component.local_auth_disabled is not True:
        return Pass((proof,))
    return _with_role(want, seen, proof, want.component.id)


def _by_otlp(want: DesiredService, settings: Mapping[str, SettingValue], seen: Snapshot) -> Pass | Fail:
    fails: list[Fail] = []
    for signal in _SIGNALS:
        endpoint = _first(settings, f"{_OTLP}{signal}_ENDPOINT", f"{_OTLP}ENDPOINT")
        protocol = _first(settings, f"{_OTLP}{signal}_PROTOCOL", f"{_OTLP}PROTOCOL")
        wrong = _endpoint_problem(endpoint) or _protocol_problem(want, protocol)
        if wrong:
            setting = f"{_OTLP}ENDPOINT" if _endpoint_problem(endpoint) else f"{_OTLP}PROTOCOL"
            fails.append(_fail(want, setting, wrong, f"{want.app} does not export {signal.lower()}: {wrong}."))
    if fails:
        return merged(fails)
    at = f"{want.id}/config/appsettings/{_OTLP}ENDPOINT"
    return _with_role(want, seen, Evidence(at, "OTLP over HTTP", "OTLP over HTTP"), None)


def _first(settings: Mapping[str, SettingValue], *names: str) -> SettingValue | None:
    return next((settings[name] for name in names if not _unset(settings.get(name))), None)


def _endpoint_problem(value: SettingValue | None) -> str:
    match value:
        case None:
            return "no OTLP endpoint"
        case LiteralValue(text) if "url" not in text.kinds:
            return "the OTLP endpoint is not a URL"
        case VaultReference(_, _, _, problem) if problem:
            return "the OTLP endpoint is a malformed reference"
        case _:
            return ""


def _protocol_problem(want: DesiredService, value: SettingValue | None) -> str:
    match value:
        case None:
            return "the OTLP protocol is not stated"
        case LiteralValue(text) if "otlp-http" in text.kinds:
            return ""
        case LiteralValue(text) if "otlp-grpc" in text.kinds:
            return "OTLP over gRPC instead of HTTP"
        case LiteralValue():
            return "the OTLP protocol is not a known one"
        case _:
            at = f"{want.id}/config/appsettings/{_OTLP}PROTOCOL"
            raise Unobserved(Gap(GapReason.NOT_COLLECTED, at, at, detail="the protocol comes from a reference"))


def _with_role(want: DesiredService, seen: Snapshot, proof: Evidence, scope: str | None) -> Pass | Fail:
    """Whether the app's identity holds the role, at `scope` or above it, or anywhere."""
    place = f"on {ids.name(scope)}" if scope is not None else "on its data collection rule"
    properties = held(seen.site(want.id).properties, f"GET {want.id}")
    who = principal_of(want, properties)
    if who is not None:
        reach = reach_of(seen, seen.access(want.component.id), who)
        role = find(reach, lambda a: a.role == METRICS_PUBLISHER and (scope is None or ids.covers(a.scope, scope)))
        if role is not None:
            return Pass((proof, Evidence(role.scope, "Monitoring Metrics Publisher", "Monitoring Metrics Publisher")))
    return Fail(
        (proof, Evidence(scope or want.id, "Monitoring Metrics Publisher", "not assigned")),
        f"The identity of {want.app} has no Monitoring Metrics Publisher {place}, so that its telemetry is refused.",
        f"Grant Monitoring Metrics Publisher {place} to the app's identity.",
        Fix(
            "Role Based Access Control Administrator on that scope",
            (
                az(
                    "role assignment create",
                    role="Monitoring Metrics Publisher",
                    assignee_object_id=who or "PRINCIPAL_ID_OF_THE_APP",
                    assignee_principal_type="ServicePrincipal",
                    scope=scope or "DATA_COLLECTION_RULE_ID",
                ),
            ),
        ),
    )


def _fail(want: DesiredService, setting: str, observed: str, note: str) -> Fail:
    name = want.component.setting
    secret = next((setting.secret for setting in want.settings if setting.name == name), None)
    text = (
        f"@Microsoft.KeyVault(VaultName={secret.vault};SecretName={secret.stored})" if secret else "CONNECTION_STRING"
    )
    return Fail(
        (Evidence(f"{want.id}/config/appsettings/{setting}", "telemetry exported", observed),),
        note,
        f"Set {name} to "
        + ("its Key Vault reference." if secret else f"the connection string of {want.component.name}."),
        Fix(
            "Website Contributor on the app",
            (
                az(
                    "webapp config appsettings set",
                    resource_group=want.resource_group,
                    name=want.app,
                    settings=f"{name}={text}",
                ),
            ),
            f"Microsoft.Web/sites/config (appsettings): {name}",
        ),
    )
