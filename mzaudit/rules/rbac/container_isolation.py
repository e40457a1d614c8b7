"""RBAC-005: no other service's identity reaches the blobs of the container."""

from mzaudit.access.effective_access import out_of_reach
from mzaudit.access.managed_identities import caller_of, identities_of
from mzaudit.access.storage_access import blob_access, blob_holders, ways_without_a_role
from mzaudit.engine import Evidence, Fail, Inconclusive, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import GuardedStorage, each_guarded_storage
from mzaudit.rules.rbac._isolation import Guarded, isolated
from mzaudit.snapshot.estate import Snapshot


@rule(
    "RBAC-005",
    title="No other service's identity reaches the blobs of the container",
    severity=Severity.HIGH,
    over=each_guarded_storage,
    guards=(Demand.CONTAINER_ACCESS, Demand.ISOLATION),
    requires=("BLOB-001",),
)
def container_isolation(want: GuardedStorage, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    No identity of a documented service that does not use this container can read, write, add or delete its blobs:
    neither of another service nor of another environment, neither the system-assigned identity nor an attached
    user-assigned one, nor that of a slot of the container's own environment. Every kind of access counts: a data role
    on the container or above, directly or through a group, and the account's keys (`listKeys`, `regeneratekey`, account
    or service SAS) unless the account refuses shared keys; where Azure does not say, keys count. To list the names of
    blobs alone (the sub-operation `Blob.List` of a condition) is not to read them.

    An identity that cannot be read makes the rule inconclusive only where a holder of access might be that identity: a
    service principal that is neither a documented identity nor the caller, or any group.

    An account with a hierarchical namespace (access control lists on directories and files), local SFTP users or NFS
    3.0 grants access beyond roles, which mzaudit does not read. Azure asks roles first and a list only where no role
    grants access, so that a list can only add somebody: without a failure the rule is inconclusive, and the finding
    says what to check. Where the policy says who looks after such access (`without_roles` of the container), roles and
    keys alone are judged, and the pass cites it.

    ## Why it matters
    An attacker who takes over a service reaches what its identity reaches. Only services that use the container need
    its blobs.

    ## Remediation
    Remove the assignment. If it is inherited, assign the role only where it is needed. Turn off shared key access to
    end access by account keys.

    ## References
    - https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory
    - https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
    - https://learn.microsoft.com/azure/storage/blobs/data-lake-storage-access-control-model
    - https://learn.microsoft.com/azure/storage/blobs/secure-file-transfer-protocol-support
    - https://learn.microsoft.com/azure/storage/blobs/network-file-system-protocol-support
    """
    storage = want.storage
    far = out_of_reach(seen, storage.account_id)
    guarded = Guarded(
        storage.container_id,
        f"the blobs of {storage.account}/{storage.container}",
        identities_of(seen, want.users, slots_in=storage.env),
        identities_of(seen, want.others, slots_in=storage.env).without(far),
        blob_holders(seen, storage),
        caller_of(seen),
    )
    verdict = isolated(guarded, lambda principal_id: blob_access(seen, storage, principal_id))
    if isinstance(verdict, Fail):
        return verdict
    ways = ways_without_a_role(seen, storage)
    known = verdict.gaps if isinstance(verdict, Inconclusive) else ()
    if not ways:
        return verdict
    if storage.without_roles is None:
        return Inconclusive(
            (*known, *ways),
            f"{storage.account} may give access to its blobs without a role, which mzaudit does not read. Where that"
            " is intended, review it yourself, and state it under the container's `without_roles`.",
        )
    if isinstance(verdict, Pass):
        said = tuple(Evidence(storage.account_id, "as the policy answers for", "not read", way.call) for way in ways)
        return Pass((*verdict.evidence, *said), f"By roles and keys; without a role: {storage.without_roles}")
    return verdict
