"""OBS-001: the Application Insights component exists."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_component
from mzaudit.policy.desired import DesiredComponent
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text import ids


@rule(
    "OBS-001",
    title="The Application Insights component exists",
    severity=Severity.HIGH,
    over=each_component,
    guards=(Demand.TELEMETRY, Demand.WATCHED),
)
def component_exists(want: DesiredComponent, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    A direct read of the documented Application Insights component finds it. Live metrics need nothing else.

    ## Why it matters
    Telemetry sent to a missing component is lost without an error in the app.

    ## Remediation
    Create the component, then put its new connection string into the vaults.

    ## References
    - https://learn.microsoft.com/azure/azure-monitor/app/create-workspace-resource
    """
    if need(seen.component(want.id).properties) is not None:
        return Pass((Evidence(want.id, "exists", "exists"),))
    return Fail(
        (Evidence(want.id, "exists", "absent"),),
        f"The Application Insights component {want.name} does not exist.",
        "Create the component, then set its connection string where the services read it.",
        Fix(
            "Application Insights Component Contributor on the resource group",
            (
                az(
                    "monitor app-insights component create",
                    resource_group=ids.segment(want.id, "resourceGroups") or "",
                    app=want.name,
                    location="LOCATION",
                    workspace="LOG_ANALYTICS_WORKSPACE_ID",
                ),
            ),
            "Microsoft.Insights/components",
        ),
    )
