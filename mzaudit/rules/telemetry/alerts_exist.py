"""OBS-004: an enabled alert with an action group watches the component."""

from mzaudit.audit import Evidence, Fail, Fix, Pass, Severity, Verdict, rule, whole
from mzaudit.audit.az import az
from mzaudit.audit.subjects import each_component
from mzaudit.policy.wanted import WantedComponent
from mzaudit.snapshot import ids
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.insights import Alert
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved


@rule(
    "OBS-004",
    title="An alert watches the component",
    severity=Severity.LOW,
    over=each_component,
    requires=("OBS-001",),
)
def alerts_exist(want: WantedComponent, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    At least one alert rule of any kind (metric, log, activity log, smart detector) in the component's resource group is
    enabled, names the component itself among its scopes, and calls at least one action group. Ids are compared without
    case. The finding tells a disabled alert, one that calls nobody, and no alert apart. That there is none is concluded
    only from a list that is known to be whole.

    ## Why it matters
    Without an alert that reaches somebody, an outage is noticed by customers first.

    ## Remediation
    Create or enable an alert, and give it an action group.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview
    """
    alerts = seen.component(want.id).alerts
    watching = [alert for alert in alerts.items if any(ids.same(scope, want.id) for scope in alert.scopes)]
    for alert in watching:
        if alert.enabled and alert.action_groups > 0:
            return Pass((Evidence(alert.id, "enabled, with an action group", "enabled, with an action group"),))
    whole(alerts)
    for alert in watching:
        if alert.enabled is None and alert.action_groups > 0:
            raise Unobserved(Gap(GapReason.MALFORMED, f"GET {alert.id}", alert.id, detail="enabled or not is not told"))
    expected = "enabled, with an action group"
    if not watching:
        return Fail(
            (Evidence(want.id, "an enabled alert", "none"),),
            f"No alert watches {want.name}.",
            "Create an alert on the component and give it an action group.",
            Fix(
                "Monitoring Contributor on the resource group",
                (
                    az(
                        "monitor metrics alert create",
                        resource_group=ids.segment(want.id, "resourceGroups") or "",
                        name=f"{want.name}-failures",
                        scopes=want.id,
                        condition="count requests/failed > 5",
                        action="ACTION_GROUP_ID",
                    ),
                ),
                "Microsoft.Insights/metricAlerts",
            ),
        )
    names = ", ".join(sorted(alert.name for alert in watching))
    return Fail(
        tuple(Evidence(alert.id, expected, _state(alert)) for alert in watching),
        f"No alert that watches {want.name} is enabled and calls an action group: {names}.",
        "Enable the alert and give it an action group.",
        Fix(
            "Monitoring Contributor on the resource group",
            tuple(az("resource update", ids=alert.id, set="properties.enabled=true") for alert in watching),
            "Microsoft.Insights/metricAlerts: properties.enabled = true, properties.actions",
        ),
    )


def _state(alert: Alert) -> str:
    return ("enabled" if alert.enabled else "disabled") + (
        ", with an action group" if alert.action_groups else ", calls nobody"
    )
