"""APP-006: the app is enabled and running."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, every, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service
from mzaudit.facts.existing import present, require_field
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "APP-006",
    title="The app is running",
    severity=Severity.HIGH,
    over=each_service,
    guards=(Demand.APPS,),
    requires=("APP-001",),
)
def service_running(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Azure reports the app as enabled and its state as `Running`, in any case. That is the platform's view: it does not
    tell whether the container answers requests. Inconclusive where Azure does not say.

    ## Why it matters
    A stopped app serves nobody.

    ## Remediation
    Find out who stopped the app and why, then start it.

    ## References
    - https://learn.microsoft.com/rest/api/appservice/web-apps/get
    """
    return every((_enabled, _running), lambda check: check(want, seen), empty="Nothing to check.")


def _enabled(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}"
    enabled = require_field(present(seen.site(want.id).properties, call).enabled, call, "properties.enabled")
    evidence = (Evidence(f"{want.id}/properties/enabled", True, enabled),)
    if enabled:
        return Pass(evidence)
    return Fail(
        evidence,
        f"{want.app} is disabled.",
        "Enable the app.",
        Fix(
            "Website Contributor",
            (az("webapp update", name=want.app, resource_group=want.resource_group, set="enabled=true"),),
            "Microsoft.Web/sites: properties.enabled = true (azurerm_linux_web_app: enabled)",
        ),
    )


def _running(want: DesiredService, seen: Snapshot) -> Verdict:
    call = f"GET {want.id}"
    state = require_field(present(seen.site(want.id).properties, call).state, call, "properties.state")
    evidence = (Evidence(f"{want.id}/properties/state", "Running", state),)
    if state.casefold() == "running":
        return Pass(evidence)
    return Fail(
        evidence,
        f"{want.app} is not running: its state is {state}.",
        "Find out why the app was stopped, then start it.",
        Fix(
            "Website Contributor",
            (az("webapp start", name=want.app, resource_group=want.resource_group),),
            "the state is not declared in Bicep or Terraform",
        ),
    )
