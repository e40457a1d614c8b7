"""OBS-003, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.access.named_roles import METRICS_PUBLISHER
from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.subjects import each_exporting_service
from mzaudit.rules.telemetry.telemetry_configured import telemetry_configured
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.values import LiteralValue, OtherReference, SettingValue
from mzaudit.snapshot.web import Identity
from tests.built_estate import (
    Bend,
    ask,
    assigned_to,
    component,
    component_properties,
    gap,
    granted,
    literal,
    principal,
    service,
    setting,
    site,
    site_properties,
    wanted,
)
from tests.rules.telemetry.test_connection_string_matches import own
from tests.written import reference_to

INGEST = service("ingest")
SETTING = "APPLICATIONINSIGHTS_CONNECTION_STRING"
COMPONENT = wanted().environments["prd"].components[0].id
RULE = f"{COMPONENT.rsplit('/', 2)[0]}/dataCollectionRules/otlp"
GROUP = COMPONENT.split("/providers/")[0]
OTLP = "OTEL_EXPORTER_OTLP_"
URL, HTTP, GRPC = literal("https-url", "url"), literal("otlp-http"), literal("otlp-grpc")


def string(value: SettingValue | None) -> Bend:
    return setting(INGEST, SETTING, value)


def otlp(**settings: SettingValue) -> tuple[Bend, ...]:
    return (string(None), *(setting(INGEST, OTLP + name, value) for name, value in settings.items()))


def role(scope: str = RULE) -> Bend:
    return granted(principal(INGEST), METRICS_PUBLISHER, scope)


FAR = string(LiteralValue(own("stg")))
NO_LOCAL = component_properties(local_auth_disabled=True)
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    # connection string
    "a plain connection string": ((), Pass, ""),
    "a reference": ((string(reference_to("kv", "x", None)),), Pass, ""),
    "none": ((string(None),), Fail, "is not set up to export telemetry"),
    "empty": ((string(literal(empty=True)),), Fail, "is not set up to export telemetry"),
    "no connection string": ((string(literal()),), Fail, "is not a connection string"),
    "another component's": ((FAR,), Fail, "has not the InstrumentationKey of appi-monozu-prd"),
    "a malformed reference": ((string(reference_to(None, None, None, "no name")),), Fail, "is malformed"),
    "from App Configuration": ((string(OtherReference()),), Inconclusive, ""),
    "the component is gone: OBS-001 says so": ((component(properties=Observed(None)),), Pass, ""),
    "component refused": ((component(properties=gap()),), Inconclusive, ""),
    "settings refused": ((site(INGEST, settings=gap()),), Inconclusive, ""),
    "no local authentication, no role": ((NO_LOCAL,), Fail, "no Monitoring Metrics Publisher on appi-monozu-prd"),
    "no local authentication, the role": ((NO_LOCAL, role(COMPONENT)), Pass, ""),
    "no local authentication, the role from above": ((NO_LOCAL, role(GROUP)), Pass, ""),
    "no local authentication, the role elsewhere": ((NO_LOCAL, role()), Fail, "on appi-monozu-prd"),
    "no local authentication, no identity": (
        (NO_LOCAL, site_properties(INGEST, identity=Identity((), None, None))),
        Fail,
        "no Monitoring Metrics Publisher",
    ),
    "no local authentication, assignments refused": (
        (NO_LOCAL, assigned_to(principal(INGEST), Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "Azure does not say whether there is local authentication": (
        (component_properties(local_auth_disabled=None),),
        Pass,
        "",
    ),
    # OTLP
    "OTLP over HTTP": ((*otlp(ENDPOINT=URL, PROTOCOL=HTTP), role()), Pass, ""),
    "OTLP, one endpoint each": (
        (*otlp(TRACES_ENDPOINT=URL, METRICS_ENDPOINT=URL, LOGS_ENDPOINT=URL, PROTOCOL=HTTP), role()),
        Pass,
        "",
    ),
    "OTLP by a reference": ((*otlp(ENDPOINT=reference_to("kv", "x", None), PROTOCOL=HTTP), role()), Pass, ""),
    "OTLP without the role": (otlp(ENDPOINT=URL, PROTOCOL=HTTP), Fail, "on its data collection rule"),
    "OTLP, assignments refused": (
        (*otlp(ENDPOINT=URL, PROTOCOL=HTTP), assigned_to(principal(INGEST), Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "gRPC": ((*otlp(ENDPOINT=URL, PROTOCOL=GRPC), role()), Fail, "gRPC instead of HTTP"),
    "gRPC for logs alone": (
        (*otlp(ENDPOINT=URL, PROTOCOL=HTTP, LOGS_PROTOCOL=GRPC), role()),
        Fail,
        "does not export logs",
    ),
    "protocol not stated": ((*otlp(ENDPOINT=URL), role()), Fail, "the OTLP protocol is not stated"),
    "protocol unknown": ((*otlp(ENDPOINT=URL, PROTOCOL=literal()), role()), Fail, "not a known one"),
    "protocol from a reference": (
        (*otlp(ENDPOINT=URL, PROTOCOL=OtherReference()), role()),
        Inconclusive,
        "",
    ),
    "no endpoint for logs": (
        (*otlp(TRACES_ENDPOINT=URL, METRICS_ENDPOINT=URL, PROTOCOL=HTTP), role()),
        Fail,
        "does not export logs: no OTLP endpoint",
    ),
    "endpoint is no URL": ((*otlp(ENDPOINT=literal(), PROTOCOL=HTTP), role()), Fail, "is not a URL"),
    "endpoint is malformed": (
        (*otlp(ENDPOINT=reference_to(None, None, None, "x"), PROTOCOL=HTTP), role()),
        Fail,
        "a malformed reference",
    ),
    # both
    "one of two ways is enough": ((*otlp(ENDPOINT=URL, PROTOCOL=HTTP), FAR, role()), Pass, ""),
    "one way wrong, the other not seen": (
        (*otlp(ENDPOINT=URL, PROTOCOL=GRPC), FAR, component(properties=gap())),
        Inconclusive,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_telemetry_configured(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(telemetry_configured, "ingest", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")


def test_not_asked_of_a_service_without_telemetry() -> None:
    bound = wanted()
    env = bound.environments["prd"]
    quiet = replace(env, services=tuple(replace(one, exports_to=None) for one in env.services))
    assert not list(each_exporting_service(bound, quiet))


def test_the_fix_is_the_documented_reference_where_the_service_has_a_vault() -> None:
    verdict = ask(telemetry_configured, "cloud", setting(service("cloud"), SETTING, None))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert "SecretName=APPLICATIONINSIGHTS-CONNECTION-STRING" in verdict.fix.commands[0]
