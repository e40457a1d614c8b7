"""OBS-005: a workbook or dashboard shows the component."""

import json
import uuid

from mzaudit import kinds
from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, rule, whole
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_component
from mzaudit.policy.desired import DesiredComponent
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.text import ids


@rule(
    "OBS-005",
    title="A dashboard shows the component",
    severity=Severity.LOW,
    over=each_component,
    guards=(Demand.WATCHED,),
    requires=("OBS-001",),
)
def dashboard_exists(want: DesiredComponent, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    At least one workbook, portal dashboard or Azure Monitor dashboard with Grafana in the component's subscription
    shows the component. An id counts in any case, url-encoded, inside the content of a workbook, or split into name,
    group and subscription. A dashboard with Grafana shows every component if it is tagged for their type
    (`GrafanaDashboardResourceType: microsoft.insights/components`); without the tag it may show anything, which is
    inconclusive. The rule fails only where the lists are known to be complete and the content of every workbook was
    read. Dashboards in Azure Managed Grafana, or elsewhere, are not read: if you use those, switch this rule off with
    that reason. Live metrics are part of every component and need no dashboard.

    ## Why it matters
    In an outage nobody has time to build one first.

    ## Remediation
    Save a workbook of the component, or pin its charts to a shared dashboard, in its resource group.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/visualize/workbooks-overview
    - https://learn.microsoft.com/azure/azure-portal/azure-portal-dashboards
    - https://learn.microsoft.com/azure/azure-monitor/visualize/visualize-use-grafana-dashboards
    """
    dashboards = seen.component(want.id).dashboards
    shown = sorted(d.id for d in dashboards.items if any(_is(scope, want) for scope in d.shows))
    if shown:
        return Pass((Evidence(shown[0], want.id, want.id),))
    whole(dashboards)
    kept_back = sorted(each.id for each in dashboards.items if not each.whole)
    if kept_back:
        raise Unobserved(*(Gap(GapReason.UNDECIDED, f"GET {each}", each, detail=_why(each)) for each in kept_back))
    return Fail(
        (Evidence(want.id, "a workbook or dashboard", "none"),),
        f"No workbook or dashboard in its subscription shows {want.name}; Azure Managed Grafana was not looked at.",
        "Save a workbook of the component, or pin its charts to a shared dashboard, in its resource group.",
        Fix(
            "Workbook Contributor on the resource group",
            (_create(want),),
            "Microsoft.Insights/workbooks: properties.sourceId",
        ),
    )


def _is(shown: str, want: DesiredComponent) -> bool:
    return shown.casefold() == str(kinds.COMPONENT).casefold() or ids.same(shown, want.id)


def _why(dashboard: str) -> str:
    if str(kinds.GRAFANA_DASHBOARD).casefold() in ids.key(dashboard):
        return f"it may show the component: if it does, tag it GrafanaDashboardResourceType={kinds.COMPONENT}"
    return "Azure did not return the workbook's content: it may show the component"


def _create(want: DesiredComponent) -> str:
    """A workbook with one chart, requests and how many failed; its name, a GUID, is always the same."""
    chart = {
        "version": "KqlItem/1.0",
        "query": "requests | summarize requests=count(), failed=countif(success == false) by bin(timestamp, 5m)",
        "size": 0,
        "timeContext": {"durationMs": 86400000},
        "queryType": 0,
        "resourceType": "microsoft.insights/components",
        "visualization": "timechart",
    }
    workbook = {
        "location": "LOCATION",
        "kind": "shared",
        "properties": {
            "displayName": want.name,
            "category": "workbook",
            "sourceId": want.id,
            "serializedData": json.dumps(
                {"version": "Notebook/1.0", "items": [{"type": 3, "content": chart, "name": "requests"}]}
            ),
        },
    }
    group = want.id.rpartition("/providers/")[0]
    name = uuid.uuid5(uuid.NAMESPACE_URL, want.id.casefold())
    url = f"{group}/providers/Microsoft.Insights/workbooks/{name}?api-version=2023-06-01"
    return az("rest", method="put", url=url, body=json.dumps(workbook))
