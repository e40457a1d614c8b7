"""RES-001: a documented resource exists."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_resource
from mzaudit.policy.resources.expected_body import ExpectedBody
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text import ids


@rule(
    "RES-001",
    title="The documented resource exists",
    severity=Severity.HIGH,
    over=each_resource,
    guards=(Demand.RESOURCES,),
    explained_by=("APP-001", "KV-001", "BLOB-001", "IMG-001", "OBS-001", "RES-001"),
)
def resource_exists(want: ExpectedBody, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    A direct read by id finds each entry of the policy's `resources`, of whatever type. It is read with the api-version
    that the policy gives, else with the newest stable one that its provider announces. What is a part of a documented
    resource, or set on it, cannot be there without it: then the missing owner is the finding.

    ## Why it matters
    Something relies on what is documented: a cache, a service bus, a lock, a diagnostic setting.

    ## Remediation
    Check whether it has another name or is in another resource group, and correct the policy. Otherwise deploy it from
    your template.

    ## References
    - https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
    """
    body = need(seen.resource(want.id))
    if body is not None:
        return Pass((Evidence(want.id, "exists", "exists", f"read with api-version {body.api_version}"),))
    kind, group = ids.type_of(want.id), ids.segment(want.id, "resourceGroups") or ""
    return Fail(
        (Evidence(want.id, "exists", "absent"),),
        f"There is no {kind} named {ids.name(want.id)}.",
        "Look whether it has another name or is in another resource group; otherwise deploy it from your template.",
        Fix(
            f"a role with {kind}/write on the resource group",
            (az("resource list", resource_group=group, resource_type=kind),),
            f"{kind}: name = '{ids.name(want.id)}'",
        ),
    )
