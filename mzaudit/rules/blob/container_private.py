"""BLOB-002: nobody reads the container anonymously."""

from mzaudit.engine import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_storage
from mzaudit.facts.existing import require_field
from mzaudit.policy.desired import DesiredStorage
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.text import ids


@rule(
    "BLOB-002",
    title="The container is private",
    severity=Severity.HIGH,
    over=each_storage,
    guards=(Demand.CONTAINER_ACCESS,),
    requires=("BLOB-001",),
)
def container_private(want: DesiredStorage, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Anonymous access is impossible: the container's access level is `None`, or the account forbids anonymous access
    altogether (`allowBlobPublicAccess` is false), whatever the container says. `Blob` and `Container` fail where the
    account allows them or says nothing. An access level that is none of these, or that Azure does not tell, is
    inconclusive.

    ## Why it matters
    With anonymous access, roles on the container protect nothing: whoever knows a blob's URL reads it.

    ## Remediation
    Set the container's access level to none, and forbid anonymous access for the account.

    ## References
    - https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent
    """
    account = seen.account(want.account_id)
    path = f"{want.account_id}/properties/allowBlobPublicAccess"
    if isinstance(account.properties, Observed) and account.properties.value is not None:
        allowed = account.properties.value.public_blobs
        if allowed is False:
            return Pass((Evidence(path, False, allowed),))
    level = need(account.container(want.container))
    if level is None:
        return NotApplicable(f"The container {want.container} does not exist.")
    at = f"{want.container_id}/properties/publicAccess"
    shown = require_field(level.public_access, f"GET {want.container_id}", "properties.publicAccess").casefold()
    if shown == "none":
        return Pass((Evidence(at, "None", level.public_access),))
    if shown not in ("blob", "container"):
        gap = Gap(GapReason.MALFORMED, f"GET {want.container_id}", at, detail=f"unknown access level {shown[:60]}")
        return Inconclusive((gap,))
    properties = need(account.properties)
    group = ids.segment(want.account_id, "resourceGroups") or ""
    reach = "every blob in it" if shown == "blob" else "every blob in it, and their list"
    return Fail(
        (
            Evidence(at, "None", level.public_access),
            Evidence(path, False, properties.public_blobs if properties is not None else None),
        ),
        f"Anyone can read the container {want.container} of {want.account} without signing in: {reach}.",
        "Set the container's access level to none and forbid anonymous access for the account.",
        Fix(
            "Storage Account Contributor on the account",
            (
                az(
                    "storage container-rm update",
                    resource_group=group,
                    storage_account=want.account,
                    name=want.container,
                    public_access="off",
                ),
                az("storage account update", resource_group=group, name=want.account, allow_blob_public_access=False),
            ),
            "Microsoft.Storage/storageAccounts: properties.allowBlobPublicAccess = false",
        ),
    )
