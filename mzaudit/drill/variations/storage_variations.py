"""Databases, storage and telemetry: forms that conform as well as the plain one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from mzaudit.drill import mutations
from mzaudit.drill.deviations.telemetry_deviations import alerts, workbooks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, each
from mzaudit.policy.desired import DesiredServer, DesiredStorage
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import monitor_bodies, resource_bodies
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.snapshot.text.ids import group_of, subscription_of


def variations(ground: DrillContext) -> Iterator[DrillCase]:
    """What the control plane may tell of things that conform."""
    if ground.wanted.policy.undocumented is None:  # else nothing further may be there
        for server in ground.env.servers:
            yield from each(("servers", server.key), (), _sql(server))
    for storage in ground.env.storage:
        yield from each(("storage", storage.key), (), _storage(storage))
    for component in ground.env.components:
        yield from each(("components", component.key), (), _telemetry(ground.with_component(component)))
    for position, service in enumerate(ground.env.services):
        if service.exports_to is not None:
            yield from each(("services", service.key), (), _exporting(ground, position))


def _sql(server: DesiredServer) -> dict[str, Bend]:
    return {
        "a further database": lambda e: e.add(resource_bodies.database(f"{server.id}/databases/scratch", "westeurope")),
        "a further server": lambda e: [
            e.add(b) for b in resource_bodies.sql_server(f"{server.id}-2", "westeurope", e.tenant_id)
        ],
    }


def _storage(storage: DesiredStorage) -> dict[str, Bend]:
    def unset(estate: Estate) -> None:
        del mutations.container(estate, storage)["publicAccess"]

    def other_container(estate: Estate) -> None:
        other = f"{storage.account_id}/blobServices/default/containers/other"
        estate.add(resource_bodies.container(other))["properties"]["publicAccess"] = "None"

    return {
        "openness never chosen": unset,
        "openness null": lambda estate: mutations.container(estate, storage).update(publicAccess=None),
        "account would allow openness": lambda e: mutations.account(e, storage).update(allowBlobPublicAccess=True),
        "account accepts its keys, which no service can list": lambda e: mutations.account(e, storage).update(
            allowSharedKeyAccess=True
        ),
        "a further container": other_container,
    }


def _telemetry(ground: DrillContext) -> dict[str, Bend]:
    env = ground.env
    around = group_of(env.components[0].id)
    provider = f"{around}/providers"
    others = [one for one in env.services if one.exports_to not in (None, env.components[0])]
    theirs = [setting.secret for service in others for setting in service.settings]
    secrets = [(vault, secret) for vault in env.vaults for secret in vault.secrets if secret not in theirs]
    stored = [(vault, secret) for vault, secret in secrets if secret.name == env.components[0].setting]

    def rewritten(change: str) -> Bend:
        def mutate(estate: Estate) -> None:
            own = str(estate.resource(env.components[0].id)["properties"]["ConnectionString"])
            parts = own.split(";")
            text = {
                "in another order": ";".join(reversed(parts)),
                "short": ";".join(parts[:2]),
                "with a semicolon at the end": own + ";",
                "with keys in lower case": ";".join(
                    f"{p.partition('=')[0].lower()}={p.partition('=')[2]}" for p in parts
                ),
                "with its key in upper case": own.replace(parts[0], "InstrumentationKey=" + parts[0][19:].upper()),
            }[change]
            for vault, secret in stored:
                mutations.secret(estate, vault, secret.stored).current.value = text

        return mutate

    def log_alert(estate: Estate) -> None:
        for body in alerts(estate, env):
            estate.remove(str(body["id"]))
        group = f"{provider}/Microsoft.Insights/actionGroups/ag-{env.components[0].name}"
        estate.add(
            {
                "id": f"{provider}/Microsoft.Insights/scheduledQueryRules/slow",
                "name": "slow",
                "type": "Microsoft.Insights/scheduledQueryRules",
                "location": "westeurope",
                "kind": "LogAlert",
                "tags": {},
                "properties": {
                    "enabled": True,
                    "scopes": [env.components[0].id],
                    "severity": 2,
                    "evaluationFrequency": "PT5M",
                    "windowSize": "PT5M",
                    "criteria": {"allOf": []},
                    "actions": {"actionGroups": [group]},
                },
            }
        )

    def disabled_alert_beside(estate: Estate) -> None:
        for body in alerts(estate, env):
            name = f"{body['name']}-old"
            second = body | {"id": f"{provider}/Microsoft.Insights/metricAlerts/{name}", "name": name}
            estate.add(second | {"properties": body["properties"] | {"enabled": False}})

    def dashboard(at: str, **value: str) -> Bend:
        def mutate(estate: Estate) -> None:
            for body in workbooks(estate, env):
                estate.remove(str(body["id"]))
            inputs = [{"name": "ComponentId", "value": value}]
            part = {"inputs": inputs, "type": "Extension/AppInsightsExtension/PartType/MetricsExplorerBladePinnedPart"}
            estate.add(monitor_bodies.dashboard(f"{at}/Microsoft.Portal/dashboards/overview", "westeurope", [part]))

        return mutate

    def grafana(estate: Estate) -> None:
        for body in workbooks(estate, env):
            estate.remove(str(body["id"]))
        for name, kind in (("requests", "microsoft.insights/components"), ("nodes", "microsoft.ContainerService/x")):
            at = f"{central}/Microsoft.Dashboard/dashboards/{name}"
            estate.add(monitor_bodies.grafana_dashboard(at, "westeurope", kind))

    subscription, group = subscription_of(env.components[0].id), env.components[0].id.split("/")[4]
    whole = f"/subscriptions/{subscription}"
    central = f"{whole}/resourceGroups/rg-monitoring/providers"
    parts = {"Name": env.components[0].name, "SubscriptionId": subscription, "ResourceGroup": group}

    def elsewhere(estate: Estate) -> None:
        for body in alerts(estate, env):
            estate.remove(str(body["id"]))
            body["id"] = f"{central}/Microsoft.Insights/metricAlerts/{body['name']}"
            estate.add(body)

    def wide(scope: str) -> Bend:
        def mutate(estate: Estate) -> None:
            log_alert(estate)
            estate.resource(f"{provider}/Microsoft.Insights/scheduledQueryRules/slow")["properties"]["scopes"] = [scope]

        return mutate

    def notified(**more: str) -> Bend:
        """No alert calls anybody; a processing rule has the group called for all of them."""

        def mutate(estate: Estate) -> None:
            for body in alerts(estate, env):
                body["properties"]["actions"] = []
            called = f"{provider}/microsoft.insights/actiongroups/ag-{env.components[0].name}"
            rule = f"{central}/Microsoft.AlertsManagement/actionRules/notify"
            body = estate.add(monitor_bodies.processing_rule(rule, around, called))
            if more:
                body["properties"]["conditions"] = [{**more, "values": ["Sev0", "Sev1"]}]

        return mutate

    def others_silenced(field: str, value: str) -> Bend:
        def mutate(estate: Estate) -> None:
            rule = monitor_bodies.processing_rule(f"{central}/Microsoft.AlertsManagement/actionRules/mute", whole)
            rule["properties"]["conditions"] = [{"field": field, "operator": "Equals", "values": [value]}]
            estate.add(rule)

        return mutate

    def detector(estate: Estate) -> None:
        for body in alerts(estate, env):
            estate.remove(str(body["id"]))
        rule = f"{provider}/Microsoft.AlertsManagement/smartDetectorAlertRules/anomalies"
        called = f"{provider}/microsoft.insights/actiongroups/ag-{env.components[0].name}"
        estate.add(monitor_bodies.smart_detector(rule, env.components[0].id))["properties"]["actionGroups"] = [called]

    strings = ("in another order", "short", "with a semicolon at the end", "with keys in lower case")
    forms = (*strings, "with its key in upper case") if stored else ()
    return {
        **{f"stored connection string {form}": rewritten(form) for form in forms},
        "a log alert instead of a metric alert": log_alert,
        "a disabled alert beside": disabled_alert_beside,
        "a smart detector, its action groups a list": detector,
        "an alert in another resource group": elsewhere,
        "a log alert on the resource group": wide(around),
        "a log alert on the subscription": wide(whole),
        "a log alert on the workspace": wide(
            f"{provider}/Microsoft.OperationalInsights/workspaces/log-{env.components[0].name}"
        ),
        "a processing rule that silences machines": others_silenced(
            "TargetResourceType", "Microsoft.Compute/virtualMachines"
        ),
        "a processing rule that silences another group": others_silenced(
            "TargetResourceGroup", f"{whole}/resourceGroups/rg-sandbox"
        ),
        "notified by a processing rule": notified(),
        "notified by a processing rule, by severity": notified(field="Severity", operator="Equals"),
        "a dashboard instead of a workbook": dashboard(provider, ResourceId=env.components[0].id),
        "a dashboard that names the component in parts": dashboard(provider, **parts),
        "a dashboard with the id url-encoded": dashboard(provider, Url=quote(env.components[0].id, safe="")),
        "a dashboard in another resource group": dashboard(central, ResourceId=env.components[0].id.upper()),
        "a dashboard with grafana instead of a workbook": grafana,
        "component of another kind": lambda e: e.resource(env.components[0].id).update(kind="other"),
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

    return {"OTLP over HTTP beside, with its role": otlp, "sampling": lambda e: _sampled(e, ground, position)}


def _sampled(estate: Estate, ground: DrillContext, position: int) -> None:
    settings = mutations.settings(estate, ground.env.services[position])
    settings.update(OTEL_TRACES_SAMPLER="traceidratio", OTEL_TRACES_SAMPLER_ARG="0.1", OTEL_X=stable_guid("x"))
