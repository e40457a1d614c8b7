"""BLOB-001: the storage account and the container exist."""

from mzaudit.engine import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import each_storage
from mzaudit.policy.desired import DesiredStorage
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text import ids


@rule(
    "BLOB-001",
    title="The container exists",
    severity=Severity.HIGH,
    over=each_storage,
    guards=(Demand.CONTAINER,),
)
def container_exists(want: DesiredStorage, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Direct reads of the documented storage account and of the container in it find both. The finding says which of the
    two is missing. Blobs are not read.

    ## Why it matters
    Services that use the container fail without it.

    ## Remediation
    Create what is missing, without anonymous access, grant the role again and upload the blobs. A container may still
    be recoverable if soft delete is on.

    ## References
    - https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview
    """
    account = seen.account(want.account_id)
    group = ids.segment(want.account_id, "resourceGroups") or ""
    if need(account.properties) is None:
        return Fail(
            (Evidence(want.account_id, "exists", "absent"),),
            f"The storage account {want.account} does not exist.",
            "Create the storage account without anonymous access, then its container and the role on it.",
            Fix(
                "Storage Account Contributor on the resource group",
                (
                    az(
                        "storage account create",
                        resource_group=group,
                        name=want.account,
                        allow_blob_public_access=False,
                        allow_shared_key_access=False,
                    ),
                ),
                "Microsoft.Storage/storageAccounts: properties.allowBlobPublicAccess = false",
            ),
        )
    if need(account.container(want.container)) is None:
        return Fail(
            (Evidence(want.container_id, "exists", "absent"),),
            f"The container {want.container} is not in {want.account}.",
            "Recover the container if it is soft-deleted; otherwise create it and upload its blobs.",
            Fix(
                "Storage Account Contributor on the account",
                (
                    az(
                        "storage container-rm create",
                        resource_group=group,
                        storage_account=want.account,
                        name=want.container,
                        public_access="off",
                    ),
                ),
                "Microsoft.Storage/storageAccounts/blobServices/containers",
            ),
        )
    return Pass((Evidence(want.account_id, "exists", "exists"), Evidence(want.container_id, "exists", "exists")))
