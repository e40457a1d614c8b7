"""Telemetry: connection strings, alerts, dashboards and exporters that conform as well as the plain ones."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from mzaudit.drill import mutations
from mzaudit.drill.deviations.telemetry_deviations import alerts, workbooks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredEnvironment
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import monitor_bodies
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.http_messages import Json
from mzaudit.snapshot.text.ids import group_of, name, subscription_of

_FORMS = (
    "in another order",
    "short",
    "with a semicolon at the end",
    "with keys in lower case",
    "with its key in upper case",
)


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """What components may look like, and how services may export to them."""
    for component in ground.env.components:
        yield from each(("components", component.key), (), _component(ground.with_component(component)))
    for position, service in enumerate(ground.env.services):
        if service.exports_to is not None:
            yield from each(("services", service.key), (), _exporting(ground, position))


def _component(ground: DrillContext) -> dict[str, Bend]:
    """Of a context with one component."""
    env = ground.env
    return {
        **_connection_strings(env),
        **_alerts(env),
        **_processing_rules(env),
        **_dashboards(env),
        "component of another kind": lambda e: e.resource(env.components[0].id).update(kind="other"),
    }


def _connection_strings(env: DesiredEnvironment) -> dict[str, Bend]:
    component = env.components[0]
    others = [one for one in env.services if one.exports_to not in (None, component)]
    theirs = [setting.secret for service in others for setting in service.settings]
    secrets = [(vault, secret) for vault in env.vaults for secret in vault.secrets if secret not in theirs]
    stored = [(vault, secret) for vault, secret in secrets if secret.name == component.setting]

    def rewritten(form: str) -> Bend:
        def mutate(estate: Estate) -> None:
            text = _rewritten(str(estate.resource(component.id)["properties"]["ConnectionString"]), form)
            for vault, secret in stored:
                mutations.secret(estate, vault, secret.stored).current.value = text

        return mutate

    return {f"stored connection string {form}": rewritten(form) for form in _FORMS} if stored else {}


def _rewritten(own: str, form: str) -> str:
    parts = own.split(";")
    return {
        "in another order": ";".join(reversed(parts)),
        "short": ";".join(parts[:2]),
        "with a semicolon at the end": own + ";",
        "with keys in lower case": ";".join(f"{p.partition('=')[0].lower()}={p.partition('=')[2]}" for p in parts),
        "with its key in upper case": own.replace(parts[0], "InstrumentationKey=" + parts[0][19:].upper()),
    }[form]


def _provider(env: DesiredEnvironment) -> str:
    """Where the parts of the component's resource group are."""
    return f"{group_of(env.components[0].id)}/providers"


def _subscription(env: DesiredEnvironment) -> str:
    return f"/subscriptions/{subscription_of(env.components[0].id)}"


def _central(env: DesiredEnvironment) -> str:
    """Where the parts of another resource group of the subscription are."""
    return f"{_subscription(env)}/resourceGroups/rg-monitoring/providers"


def _without_alerts(estate: Estate, env: DesiredEnvironment) -> None:
    for body in alerts(estate, env):
        estate.remove(str(body["id"]))


def _alerts(env: DesiredEnvironment) -> dict[str, Bend]:
    component, provider = env.components[0], _provider(env)

    def log_alert(scope: str) -> Bend:
        def mutate(estate: Estate) -> None:
            _without_alerts(estate, env)
            group = f"{provider}/Microsoft.Insights/actionGroups/ag-{component.name}"
            estate.add(_log_alert(f"{provider}/Microsoft.Insights/scheduledQueryRules/slow", scope, group))

        return mutate

    def disabled_alert_beside(estate: Estate) -> None:
        for body in alerts(estate, env):
            old = f"{body['name']}-old"
            second = body | {"id": f"{provider}/Microsoft.Insights/metricAlerts/{old}", "name": old}
            estate.add(second | {"properties": body["properties"] | {"enabled": False}})

    def elsewhere(estate: Estate) -> None:
        for body in alerts(estate, env):
            estate.remove(str(body["id"]))
            body["id"] = f"{_central(env)}/Microsoft.Insights/metricAlerts/{body['name']}"
            estate.add(body)

    def detector(estate: Estate) -> None:
        _without_alerts(estate, env)
        rule = f"{provider}/Microsoft.AlertsManagement/smartDetectorAlertRules/anomalies"
        called = f"{provider}/microsoft.insights/actiongroups/ag-{component.name}"
        estate.add(monitor_bodies.smart_detector(rule, component.id))["properties"]["actionGroups"] = [called]

    return {
        "a log alert instead of a metric alert": log_alert(component.id),
        "a disabled alert beside": disabled_alert_beside,
        "a smart detector, its action groups a list": detector,
        "an alert in another resource group": elsewhere,
        "a log alert on the resource group": log_alert(group_of(component.id)),
        "a log alert on the subscription": log_alert(_subscription(env)),
        "a log alert on the workspace": log_alert(
            f"{provider}/Microsoft.OperationalInsights/workspaces/log-{component.name}"
        ),
    }


def _log_alert(arm_id: str, scope: str, action_group: str) -> Json:
    return {
        "id": arm_id,
        "name": name(arm_id),
        "type": "Microsoft.Insights/scheduledQueryRules",
        "location": "westeurope",
        "kind": "LogAlert",
        "tags": {},
        "properties": {
            "enabled": True,
            "scopes": [scope],
            "severity": 2,
            "evaluationFrequency": "PT5M",
            "windowSize": "PT5M",
            "criteria": {"allOf": []},
            "actions": {"actionGroups": [action_group]},
        },
    }


def _processing_rules(env: DesiredEnvironment) -> dict[str, Bend]:
    rules = f"{_central(env)}/Microsoft.AlertsManagement/actionRules"

    def notified(**more: str) -> Bend:
        """No alert has an action group; a processing rule adds it to all of them."""

        def mutate(estate: Estate) -> None:
            for body in alerts(estate, env):
                body["properties"]["actions"] = []
            called = f"{_provider(env)}/microsoft.insights/actiongroups/ag-{env.components[0].name}"
            rule = monitor_bodies.processing_rule(f"{rules}/notify", group_of(env.components[0].id), called)
            body = estate.add(rule)
            if more:
                body["properties"]["conditions"] = [{**more, "values": ["Sev0", "Sev1"]}]

        return mutate

    def others_silenced(field: str, value: str) -> Bend:
        def mutate(estate: Estate) -> None:
            rule = monitor_bodies.processing_rule(f"{rules}/mute", _subscription(env))
            rule["properties"]["conditions"] = [{"field": field, "operator": "Equals", "values": [value]}]
            estate.add(rule)

        return mutate

    return {
        "a processing rule that silences machines": others_silenced(
            "TargetResourceType", "Microsoft.Compute/virtualMachines"
        ),
        "a processing rule that silences another group": others_silenced(
            "TargetResourceGroup", f"{_subscription(env)}/resourceGroups/rg-sandbox"
        ),
        "notified by a processing rule": notified(),
        "notified by a processing rule, by severity": notified(field="Severity", operator="Equals"),
    }


def _dashboards(env: DesiredEnvironment) -> dict[str, Bend]:
    component, provider, central = env.components[0], _provider(env), _central(env)
    parts = {
        "Name": component.name,
        "SubscriptionId": subscription_of(component.id),
        "ResourceGroup": name(group_of(component.id)),
    }

    def without_workbooks(estate: Estate) -> None:
        for body in workbooks(estate, env):
            estate.remove(str(body["id"]))

    def dashboard(at: str, **value: str) -> Bend:
        def mutate(estate: Estate) -> None:
            without_workbooks(estate)
            inputs = [{"name": "ComponentId", "value": value}]
            part = {"inputs": inputs, "type": "Extension/AppInsightsExtension/PartType/MetricsExplorerBladePinnedPart"}
            estate.add(monitor_bodies.dashboard(f"{at}/Microsoft.Portal/dashboards/overview", "westeurope", [part]))

        return mutate

    def grafana(estate: Estate) -> None:
        without_workbooks(estate)
        for called, kind in (("requests", "microsoft.insights/components"), ("nodes", "microsoft.ContainerService/x")):
            at = f"{central}/Microsoft.Dashboard/dashboards/{called}"
            estate.add(monitor_bodies.grafana_dashboard(at, "westeurope", kind))

    return {
        "a dashboard instead of a workbook": dashboard(provider, ResourceId=component.id),
        "a dashboard that names the component in parts": dashboard(provider, **parts),
        "a dashboard with the id url-encoded": dashboard(provider, Url=quote(component.id, safe="")),
        "a dashboard in another resource group": dashboard(central, ResourceId=component.id.upper()),
        "a dashboard with grafana instead of a workbook": grafana,
    }


def _exporting(ground: DrillContext, position: int) -> dict[str, Bend]:
    service = ground.env.services[position]

    def otlp(estate: Estate) -> None:
        mutations.settings(estate, service).update(
            OTEL_EXPORTER_OTLP_ENDPOINT="https://dce-x.westeurope-1.ingest.monitor.azure.com/otlp",
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        )
        rule = f"{ground.env.resource_group_id}/providers/Microsoft.Insights/dataCollectionRules/otlp"
        estate.assign(mutations.principal(estate, service), "Monitoring Metrics Publisher", rule)

    sampled: dict[str, Bend] = {"sampling": lambda estate: _sampled(estate, ground, position)}
    return sampled if service.acts_as == "none" else {"OTLP over HTTP beside, with its role": otlp, **sampled}


def _sampled(estate: Estate, ground: DrillContext, position: int) -> None:
    settings = mutations.settings(estate, ground.env.services[position])
    settings.update(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.1", OTEL_X=stable_guid("x"))
