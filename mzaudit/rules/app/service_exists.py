"""APP-001: the documented App Service exists."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_service
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot


@rule(
    "APP-001",
    title="The App Service exists",
    severity=Severity.CRITICAL,
    over=each_service,
    guards=(Demand.APPS,),
)
def service_exists(want: DesiredService, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    A direct read of the documented App Service, by its name and resource group, finds it. What it runs, and whether it
    is running, are checked by APP-002 and APP-006.

    ## Why it matters
    An app that is not where the documentation says is down, or runs somewhere that nobody audits.

    ## Remediation
    Create the App Service as documented, or correct its name in the policy.

    ## References
    - https://learn.microsoft.com/azure/app-service/configure-custom-container
    """
    if need(seen.site(want.id).properties) is not None:
        return Pass((Evidence(want.id, "exists", "exists"),))
    return Fail(
        (Evidence(want.id, "exists", "absent"),),
        f"The App Service {want.app} ({want.title}) does not exist in {want.resource_group}.",
        "Create the App Service as it is documented, or correct its name in the policy.",
        Fix(
            "Contributor on the resource group",
            (az("functionapp create" if want.function else "webapp create", **_made(want)),),
            "Microsoft.Web/sites (azurerm_linux_function_app)"
            if want.function
            else "Microsoft.Web/sites (azurerm_linux_web_app)",
        ),
    )


def _made(want: DesiredService) -> dict[str, str]:
    """What `az` makes the app of."""
    made = {"name": want.app, "resource_group": want.resource_group, "plan": "PLAN"}
    made |= {"storage_account": "STORAGE_ACCOUNT"} if want.function else {}
    if want.stack is not None:
        made["runtime"] = want.stack
    else:
        source = f"LOGIN_SERVER/{want.repository}:TAG" if want.image is not None else "IMAGE"
        made["image" if want.function else "container_image_name"] = source
    return made | {"assign_identity": "[system]"}
