"""Who can reach the blobs of a container: by a data role, or with the account's keys."""

from __future__ import annotations

from mzaudit.access.effective_access import Access, Holder, access_of, holders_of, out_of_reach, united
from mzaudit.access.permission_matching import ActionTarget
from mzaudit.policy.desired import DesiredStorage
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, need

BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
_ACCOUNT = "Microsoft.Storage/storageAccounts"
_BLOBS = f"{_ACCOUNT}/blobServices/containers/blobs"
_REACHING = (f"{_BLOBS}/read", f"{_BLOBS}/write", f"{_BLOBS}/delete", f"{_BLOBS}/add/action")
# Each hands out the account's keys, or something signed with one; worth nothing where shared keys are off.
# https://learn.microsoft.com/rest/api/storagerp/storage-accounts/regenerate-key (its answer lists the keys)
_KEYS = tuple(
    f"{_ACCOUNT}/{action}/action" for action in ("listKeys", "regeneratekey", "ListAccountSas", "ListServiceSas")
)


def read_target(storage: DesiredStorage) -> ActionTarget:
    """Reading the blobs of the container."""
    return _blob_target(storage, _REACHING[0])


def blob_access(seen: Snapshot, storage: DesiredStorage, principal_id: str) -> Access:
    """Whether a managed identity can read or change the container's blobs, by a data role or with the keys."""
    if principal_id.casefold() in out_of_reach(seen, storage.account_id):
        return Access(False, (), (), (), ())
    blobs = [access_of(seen, principal_id, _blob_target(storage, action)) for action in _REACHING]
    return united([*blobs, _by_keys(seen, storage, united(access_of(seen, principal_id, t) for t in _keys(storage)))])


def blob_holders(seen: Snapshot, storage: DesiredStorage) -> Listing[Holder]:
    """Everyone who can, or may be able to, read or change the container's blobs."""
    direct = holders_of(seen, tuple(_blob_target(storage, action) for action in _REACHING))
    keyed = [
        Holder(holder.principal_id, holder.type, access)
        for holder in holders_of(seen, _keys(storage)).items
        if (access := _by_keys(seen, storage, holder.access)).allowed is not False
    ]
    return Listing((*direct.items, *keyed), direct.gap)


def has_access_lists(seen: Snapshot, storage: DesiredStorage) -> bool:
    """Whether access control lists may let an identity at the blobs, or it was not seen that there are none."""
    account = seen.account(storage.account_id).properties
    return isinstance(account, Gap) or (account.value is not None and account.value.hierarchical is True)


def ways_without_a_role(seen: Snapshot, storage: DesiredStorage) -> tuple[Gap, ...]:
    """What lets somebody at the blobs beside roles and keys, and is not read: one gap each, with what to look at."""
    account = need(seen.account(storage.account_id).properties)
    if account is None:
        return ()
    ways = []
    if account.hierarchical:
        ways.append(
            (
                f"access control lists in {storage.container}",
                "the account has a hierarchical namespace, where an access control list can grant access"
                f" without a role: az storage fs access show --account-name {storage.account} --file-system"
                f" {storage.container} --path / --auth-mode login",
            )
        )
    if account.sftp and account.local_users is not False:
        ways.append(
            (
                f"SFTP users of {storage.account}",
                "the account serves SFTP, and its local users hold no role: az storage account local-user list"
                f" --account-name {storage.account} --resource-group {storage.account_id.split('/')[4]}",
            )
        )
    if account.nfs:
        ways.append(
            (
                f"NFS clients of {storage.account}",
                "the account serves NFS 3.0, which authenticates nobody: every client in an allowed network can mount"
                " the container",
            )
        )
    return tuple(Gap(GapReason.UNDECIDED, call, storage.account_id, detail=detail) for call, detail in ways)


def _blob_target(storage: DesiredStorage, action: str) -> ActionTarget:
    names = {
        "microsoft.storage/storageaccounts:name": storage.account,
        "microsoft.storage/storageaccounts/blobservices/containers:name": storage.container,
    }
    return ActionTarget(storage.container_id, action, True, names)


def _keys(storage: DesiredStorage) -> tuple[ActionTarget, ...]:
    return tuple(ActionTarget(storage.account_id, action, False) for action in _KEYS)


def _by_keys(seen: Snapshot, storage: DesiredStorage, keys: Access) -> Access:
    """The keys open the blobs unless the account refuses them; where Azure is silent it does not."""
    account = seen.account(storage.account_id).properties
    if keys.allowed is False:
        return keys
    if isinstance(account, Gap):
        return Access(None, keys.grants, keys.denials, (account,), (*keys.unseen, account))
    if account.value is None or account.value.shared_key is False:
        return Access(False, (), keys.denials, (), ())
    return keys
