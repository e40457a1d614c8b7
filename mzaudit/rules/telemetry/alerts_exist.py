"""OBS-004: an enabled alert on the component reaches somebody."""

from mzaudit.engine import Evidence, Fail, Fix, Inconclusive, Pass, Severity, Verdict, need, rule, whole
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_component
from mzaudit.policy.desired import DesiredComponent
from mzaudit.rules.telemetry._alert_delivery import reach
from mzaudit.snapshot.alerts import Alert
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text import ids

_EXPECTED = "enabled, and notifies a receiver"
_ROLE = "Monitoring Contributor on the resource group"


@rule(
    "OBS-004",
    title="An alert on the component notifies a receiver",
    severity=Severity.LOW,
    over=each_component,
    guards=(Demand.WATCHED,),
    requires=("OBS-001",),
)
def alerts_exist(want: DesiredComponent, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    At least one alert rule of any kind (metric, log, activity log, smart detector) in the component's subscription is
    enabled, watches the component, and reaches somebody. It watches the component if its scope is the component, the
    workspace that it writes to, or its resource group or subscription, unless it is narrowed to other types of
    resources, to operations on them, to another resource group, or to service health, advice or autoscaling. It reaches
    somebody through an action group that exists, is enabled and has a receiver that is not disabled: one of its own, in
    whatever subscription, or one that an alert processing rule adds. A processing rule that always removes all action
    groups silences it; one that does so at set times does not count. Its filters are decided by what is known before an
    alert fires: the alert rule, its severity and kind of signal, and the target, its type and group where the rule is
    on the component itself. Ids are compared without case. Alert rules of other subscriptions are not looked for.
    Whether a message arrives is not checked.

    The finding says why each alert reaches nobody. The rule fails only where the lists are known to be complete.

    ## Why it matters
    Without an alert that reaches somebody, an outage is noticed by customers first.

    ## Remediation
    Create or enable an alert, and give it an action group with a receiver.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview
    - https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups
    - https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-processing-rules
    """
    component = seen.component(want.id)
    whole(component.processing)  # one that was not seen may silence them all
    timed = any(each.starts or each.ends for each in component.processing.items if each.enabled is not False)
    now = need(seen.now) if timed else seen.taken
    reached = [(alert, reach(alert, component, now)) for alert in sorted(component.alerts.items, key=_id)]
    for alert, found in reached:
        if found.reaches:
            return Pass((Evidence(alert.id, _EXPECTED, found.words),))
    whole(component.alerts)
    gaps = tuple(dict.fromkeys(gap for _, found in reached for gap in found.gaps))
    if gaps:
        return Inconclusive(gaps)
    if not reached:
        return Fail(
            (Evidence(want.id, "an enabled alert", "none"),),
            f"No alert in its subscription watches {want.name}.",
            "Create an alert on the component with an action group.",
            Fix(_ROLE, (_create(want),), "Microsoft.Insights/metricAlerts"),
        )
    told = "; ".join(f"{alert.name} ({found.words})" for alert, found in reached)
    return Fail(
        tuple(Evidence(alert.id, _EXPECTED, found.words) for alert, found in reached),
        f"No alert that watches {want.name} is enabled and notifies a receiver: {told}.",
        "Enable one of the alerts, and check that it has an enabled action group with a receiver.",
        Fix(
            _ROLE,
            tuple(dict.fromkeys(_mend(want, alert) for alert, _ in reached)),
            "Microsoft.Insights/metricAlerts: properties.enabled = true, properties.actions",
        ),
    )


def _id(alert: Alert) -> str:
    return ids.key(alert.id)


def _create(want: DesiredComponent) -> str:
    return az(
        "monitor metrics alert create",
        resource_group=ids.segment(want.id, "resourceGroups") or "",
        name=f"{want.name}-failures",
        scopes=want.id,
        condition="count requests/failed > 5",
        action="ACTION_GROUP_ID",
    )


def _mend(want: DesiredComponent, alert: Alert) -> str:
    """Enable the alert; or have a group called for whatever is raised on the component, which every kind allows."""
    if alert.enabled is False:
        detector = "/smartdetectoralertrules/" in alert.id.casefold()
        return az(
            "resource update", ids=alert.id, set="properties.state=Enabled" if detector else "properties.enabled=true"
        )
    return az(
        "monitor alert-processing-rule create",
        name=f"{want.name}-notify",
        resource_group=ids.segment(want.id, "resourceGroups") or "",
        rule_type="AddActionGroups",
        scopes=want.id,
        action_groups="ACTION_GROUP_ID",
    )
