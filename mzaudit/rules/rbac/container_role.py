"""RBAC-004: the service's identity reads its blob container, by the documented role."""

from mzaudit.access.documented_grant import DocumentedGrant, judge
from mzaudit.access.identity_grants import switch_on
from mzaudit.access.named_roles import role_guid
from mzaudit.access.storage_access import has_access_lists, read_target
from mzaudit.engine import Aspect, Evidence, Fail, NotApplicable, Severity, Verdict, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import ContainerReader, each_container_reader
from mzaudit.facts.existing import principal_of
from mzaudit.snapshot.estate import Snapshot


@rule(
    "RBAC-004",
    title="The identity reads its container by the documented role",
    severity=Severity.HIGH,
    over=each_container_reader,
    bears_on=Aspect.BLOB_ACCESS,
    guards=(Demand.CONTAINER_ACCESS,),
    requires=("APP-001", "BLOB-001"),
    explained_by=("APP-005",),
)
def container_role(want: ContainerReader, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The identity that the app acts as can read the blobs of the documented container, and does so by the container's
    role (`storage.role`, Storage Blob Data Reader by default), assigned to the identity itself, on exactly that
    container, without an end date. The effective access is judged: role definitions, inheritance, groups, conditions,
    deny assignments.

    Accepted: that assignment, alone or beside others (excess roles are RBAC-006), also under a condition that allows
    this container.

    Severity: no access, or a deny assignment (high); another role (high); inherited from the account, the resource
    group or above (medium); through a group, or ending on a date (low). Of several, the nearest is named and the worst
    gives the severity. A condition that mzaudit cannot evaluate makes the rule inconclusive. Access by account keys, or
    by an access control list of a hierarchical namespace, is not the documented way and does not count here.

    ## Why it matters
    Without the role the service cannot read what it needs. With more, it can read the account's other containers.

    ## Remediation
    Assign the container's role to the identity on the container; then remove the access that it replaces.

    ## References
    - https://learn.microsoft.com/azure/storage/blobs/assign-azure-role-data-access
    """
    service, storage = want.service, want.storage
    site = need(seen.site(service.id).properties)
    if site is None:
        return NotApplicable(f"{service.app} does not exist.")
    principal = principal_of(service, site)
    if principal is None:
        return Fail(
            (Evidence(service.id, f"{storage.role} on its container", f"no {service.identity_words}"),),
            f"{service.app} has no {service.identity_words} that could read {storage.container}.",
            f"Give the app its {service.identity_words}, then assign {storage.role} to it.",
            switch_on(service, seen),
        )
    documented = DocumentedGrant(
        role_guid(seen, storage.container_id, storage.role) or "",
        storage.role,
        storage.container_id,
        (read_target(storage),),
        principal,
        f"The identity of {service.app}",
        f"the blobs of {storage.account}/{storage.container}",
        roles_alone=not has_access_lists(seen, storage),
    )
    return judge(seen, documented)
