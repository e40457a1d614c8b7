"""OBS-005: a workbook or portal dashboard shows the component."""

import json
import uuid

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
    At least one workbook or portal dashboard in the component's subscription shows the component. An id counts in any
    case, url-encoded, inside the content of a workbook, or told in parts (name, group, subscription). That there is
    none is concluded only from lists that are known to be whole, and with the content of every workbook. Live metrics
    are part of every component and need no dashboard.

    ## Why it matters
    In an outage nobody has the time to build the picture first.

    ## Remediation
    Save a workbook of the component, or pin its charts to a shared dashboard, in its resource group.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/visualize/workbooks-overview
    - https://learn.microsoft.com/azure/azure-portal/azure-portal-dashboards
    """
    dashboards = seen.component(want.id).dashboards
    shown = sorted(d.id for d in dashboards.items if any(ids.same(scope, want.id) for scope in d.shows))
    if shown:
        return Pass((Evidence(shown[0], want.id, want.id),))
    whole(dashboards)
    kept_back = sorted(each.id for each in dashboards.items if not each.whole)
    if kept_back:
        detail = "Azure did not give the workbook's content: it may show the component"
        raise Unobserved(*(Gap(GapReason.UNDECIDED, f"GET {each}", each, detail=detail) for each in kept_back))
    return Fail(
        (Evidence(want.id, "a workbook or dashboard", "none"),),
        f"No workbook or dashboard in its subscription shows {want.name}.",
        "Save a workbook of the component, or pin its charts to a shared dashboard, in its resource group.",
        Fix(
            "Workbook Contributor on the resource group",
            (_create(want),),
            "Microsoft.Insights/workbooks: properties.sourceId",
        ),
    )


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
