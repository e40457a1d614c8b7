"""IMG-001: the shared registry exists."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_registry
from mzaudit.policy.desired import DesiredRegistry
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text.ids import segment, subscription_of


@rule(
    "IMG-001",
    title="The shared registry exists",
    severity=Severity.HIGH,
    over=each_registry,
    guards=(Demand.REGISTRY,),
)
def registry_exists(want: DesiredRegistry, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    A direct read of the registry that all environments share finds it. Where the documentation spells its name in a way
    that Azure does not allow, the policy gives the name in Azure. Hosts of images are compared with the login server
    that Azure reports, which is not always the registry's name.

    ## Why it matters
    Without the registry no app can pull its image: the next restart or scale-out fails.

    ## Remediation
    Restore access to the registry, correct its name in the policy, or create it and push the images again.

    ## References
    - https://learn.microsoft.com/azure/container-registry/container-registry-intro
    """
    registry = need(seen.registry(want.id).properties)
    if registry is not None:
        words = f"documented as {want.documented_name}, login server {registry.login_server or 'not returned'}"
        return Pass((Evidence(want.id, "exists", "exists", words),))
    group = segment(want.id, "resourceGroups") or "RESOURCE_GROUP"
    return Fail(
        (Evidence(want.id, "exists", "absent", f"documented as {want.documented_name}"),),
        f"The registry {want.name} (documented as {want.documented_name}) does not exist in {want.place}.",
        "Create the registry and push the images again, or correct its name in the policy.",
        Fix(
            "Contributor on the resource group",
            (
                az(
                    "acr create",
                    name=want.name,
                    resource_group=group,
                    subscription=subscription_of(want.id),
                    sku="Standard",
                    admin_enabled="false",
                ),
            ),
            "Microsoft.ContainerRegistry/registries (azurerm_container_registry)",
        ),
    )
