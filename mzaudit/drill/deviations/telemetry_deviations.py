"""What can be wrong with telemetry: the component, its watchers, and what the apps are told."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from mzaudit.drill import mutations
from mzaudit.drill.deviation_registry import breaks
from mzaudit.drill.drill_case import Bend, DrillCase, DrillContext, Steps, each
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredEnvironment, DesiredService, DesiredSetting, DesiredVault
from mzaudit.policy.models import ComponentSpec, ServiceSpec
from mzaudit.simulator import Estate
from mzaudit.simulator.estates import monitor_bodies
from mzaudit.simulator.http_messages import Json
from mzaudit.snapshot.text.ids import group_of


def _of_type(estate: Estate, env: DesiredEnvironment, *types: str) -> list[Json]:
    known = {one.casefold() for one in types}
    group = group_of(env.components[0].id).casefold() + "/"
    return [b for key, b in estate.resources.items() if key.startswith(group) and str(b["type"]).casefold() in known]


def alerts(estate: Estate, env: DesiredEnvironment) -> list[Json]:
    """The metric alerts of an environment that watch its component."""
    found = _of_type(estate, env, "Microsoft.Insights/metricAlerts")
    return [
        b for b in found if env.components[0].id.casefold() in {str(s).casefold() for s in b["properties"]["scopes"]}
    ]


def action_groups(estate: Estate, env: DesiredEnvironment) -> list[Json]:
    """The action groups of an environment."""
    return _of_type(estate, env, "Microsoft.Insights/actionGroups")


def workbooks(estate: Estate, env: DesiredEnvironment) -> list[Json]:
    """The workbooks of an environment that show its component."""
    found = _of_type(estate, env, "microsoft.insights/workbooks")
    return [b for b in found if str(b["properties"]["sourceId"]).casefold() == env.components[0].id.casefold()]


def _with(ground: DrillContext, steps: Steps) -> DrillContext:
    """The context with no component but that which the path speaks of."""
    return ground.with_component(next(one for one in ground.env.components if one.key == steps[1]))


def _exports(service: DesiredService, setting: DesiredSetting, env: DesiredEnvironment) -> bool:
    """Whether a setting of a service holds the connection string of the environment's first component."""
    return service.exports_to == env.components[0] and setting.name == env.components[0].setting


@breaks(ComponentSpec, "name")
def component(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The component is there, watched and shown."""
    env = _with(ground, steps).env

    def alert(**changes: object) -> Bend:
        def mutate(estate: Estate) -> None:
            for body in alerts(estate, env):
                body["properties"] |= changes

        return mutate

    def no_alerts(estate: Estate) -> None:
        for body in alerts(estate, env):
            estate.remove(str(body["id"]))

    def no_workbook(estate: Estate) -> None:
        for body in workbooks(estate, env):
            estate.remove(str(body["id"]))

    def foreign_workbook(estate: Estate) -> None:
        for body in workbooks(estate, env):
            other = monitor_bodies.workbook(str(body["id"]), "westeurope", f"{env.components[0].id}-2")
            body["properties"] = other["properties"]

    def called(**changes: object) -> Bend:
        def mutate(estate: Estate) -> None:
            for body in action_groups(estate, env):
                body["properties"] |= changes

        return mutate

    def no_group(estate: Estate) -> None:
        for body in action_groups(estate, env):
            estate.remove(str(body["id"]))

    def silenced(estate: Estate) -> None:
        group = group_of(env.components[0].id)
        rule = f"{group}/providers/Microsoft.AlertsManagement/actionRules/mute"
        estate.add(monitor_bodies.processing_rule(rule, group))

    def on_machines(estate: Estate) -> None:
        alert(scopes=[group_of(env.components[0].id)], targetResourceType="Microsoft.Compute/virtualMachines")(estate)

    yield from each(
        steps,
        (Demand.TELEMETRY, Demand.WATCHED),
        {"component deleted": lambda estate: estate.remove(env.components[0].id)},
    )
    yield from each(
        steps,
        (Demand.WATCHED,),
        {
            "alert disabled": alert(enabled=False),
            "alert without an action": alert(actions=[]),
            "alert on another component": alert(scopes=[f"{env.components[0].id}-2"]),
            **({"alert on an app": alert(scopes=[env.services[0].id])} if env.services else {}),
            "alert on the group's machines": on_machines,
            "alert deleted": no_alerts,
            "action group disabled": called(enabled=False),
            "action group without receivers": called(emailReceivers=[]),
            "action group whose receiver opted out": called(
                emailReceivers=[{"name": "on-call", "emailAddress": "on-call@example.com", "status": "Disabled"}]
            ),
            "action group deleted": no_group,
            "alert silenced by a processing rule": silenced,
            "workbook deleted": no_workbook,
            "workbook of another component": foreign_workbook,
        },
    )


@breaks(ComponentSpec, "connection_string")
def stored(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """The stored connection string is the component's."""
    ground = _with(ground, steps)
    env = ground.env
    named = {one.secret for service in env.services for one in service.settings if _exports(service, one, env)}
    holders = [(v, s) for v in env.vaults for s in v.secrets if s in named]

    def worth(vault: DesiredVault, name: str, change: Bend | str) -> Bend:
        def mutate(estate: Estate) -> None:
            second = _second(estate, env, str(change))
            mutations.secret(estate, vault, name).current.value = second

        return mutate

    for vault, secret in holders:
        yield from each(
            (*steps, vault.key),
            (Demand.CONNECTION_STRING,),
            {
                f"connection string of {what}": worth(vault, secret.stored, what)
                for what in ("another component", "a former component of that name", "another region's endpoint")
            },
        )
    for other in [ground.other] if ground.other is not None and ground.other.components else []:
        for vault, secret in holders:

            def theirs(
                estate: Estate,
                vault: DesiredVault = vault,
                name: str = secret.stored,
                other: DesiredEnvironment = other,
            ) -> None:
                text = str(estate.resource(other.components[0].id)["properties"]["ConnectionString"])
                mutations.secret(estate, vault, name).current.value = text

            yield from each(
                (*steps, vault.key), (Demand.CONNECTION_STRING,), {f"connection string of {other.env}": theirs}
            )


def _second(estate: Estate, env: DesiredEnvironment, what: str) -> str:
    """The connection string of a component that is not the documented one, but may be like it."""
    own = str(estate.resource(env.components[0].id)["properties"]["ConnectionString"])
    if what == "another region's endpoint":
        return own.replace("westeurope-5.in.", "northeurope-0.in.")
    if what == "a former component of that name":
        key = own.partition(";")[0]
        digit = "0" if key[-1] != "0" else "1"
        return own.replace(key, key[:-1] + digit)
    second = monitor_bodies.component(f"{env.components[0].id}-2", "westeurope", estate.tenant_id)
    return str(estate.add(copy.deepcopy(second))["properties"]["ConnectionString"])


@breaks(ServiceSpec, "component")
def exporting(ground: DrillContext, steps: Steps) -> Iterator[DrillCase]:
    """Each backend that exports is told where to."""
    service = ground.service(steps[1])
    if service.exports_to is None:
        return
    name = service.component.setting
    held = {setting.name for setting in service.settings}
    demanded = (Demand.TELEMETRY,)

    def told(text: str | None, **more: str) -> Bend:
        def mutate(estate: Estate) -> None:
            settings = mutations.settings(estate, service)
            settings.pop(name)
            if text is not None:
                settings[name] = text
            settings.update(more)

        return mutate

    yield from each(
        steps,
        demanded,
        {
            "nothing to export with": told(None),
            "connection string under another name": told(None, TELEMETRY=f"InstrumentationKey={'0' * 8}"),
            "OTLP over gRPC": told(
                None,
                OTEL_EXPORTER_OTLP_ENDPOINT="https://dce-x.westeurope-1.ingest.monitor.azure.com",
                OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
            ),
        },
    )
    if name not in held:
        yield from each(
            steps,
            demanded,
            {
                "connection string empty": told(""),
                "a bare instrumentation key": told("11111111-2222-3333-4444-555555555555"),
                "a placeholder for the connection string": told("changeme"),
            },
        )
