"""Who can read the secrets of a vault: by roles where the vault authorises by RBAC, else by its access policies."""

from __future__ import annotations

from collections.abc import Iterator

from mzaudit.audit.access import Access, Grant, Holder, access_of, holders_of, out_of_reach, united
from mzaudit.audit.indexed import index
from mzaudit.audit.matching import Target
from mzaudit.policy.wanted import WantedVault
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import AccessPolicy, VaultProperties
from mzaudit.snapshot.observed import Listing

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - the name of an action
_VAULT_NAME = "microsoft.keyvault/vaults:name"
_SECRET_NAME = "microsoft.keyvault/vaults/secrets:name"  # noqa: S105 - the name of an attribute
_READING = frozenset({"get", "all"})


def secret_target(vault: WantedVault, stored: str | None) -> Target:
    """Reading one secret; with `None` a secret of whatever name, for which only a grant on the vault counts."""
    if stored is None:
        return Target(vault.id, GET_SECRET, True, {_VAULT_NAME: vault.name})
    names = {_VAULT_NAME: vault.name, _SECRET_NAME: stored}
    return Target(f"{vault.id}/secrets/{stored}", GET_SECRET, True, names)


def targets_of(seen: Snapshot, vault: WantedVault) -> tuple[Target, ...]:
    """Every secret that is documented or has role assignments of its own, and any other."""
    scopes = index(seen.access(vault.id)).secrets_of(vault.id)
    names = {secret.stored.casefold(): secret.stored for secret in vault.secrets}
    for scope in scopes:
        name = scope.rstrip("/").rsplit("/", 1)[-1]
        names.setdefault(name.casefold(), name)
    return (*(secret_target(vault, name) for _, name in sorted(names.items())), secret_target(vault, None))


def secrets_access(seen: Snapshot, vault: WantedVault, properties: VaultProperties, principal_id: str) -> Access:
    """Whether a managed identity can read at least one secret of the vault.

    Access policies are matched by object id alone: whether one names a group of the identity cannot be told.
    """
    if properties.rbac:
        if principal_id.casefold() in out_of_reach(seen.access(vault.id), vault.id):
            return Access(False, (), (), (), ())
        return united(access_of(seen, principal_id, target) for target in targets_of(seen, vault))
    grants = tuple(
        _by_policy(vault, policy)
        for policy in _reading(properties)
        if policy.object_id.casefold() == principal_id.casefold()
    )
    return Access(bool(grants), grants, (), (), ())


def secret_readers(seen: Snapshot, vault: WantedVault, properties: VaultProperties) -> Listing[Holder]:
    """Everyone who can read, or may be able to read, at least one secret of the vault."""
    if properties.rbac:
        return holders_of(seen, targets_of(seen, vault))
    ids = dict.fromkeys(policy.object_id.casefold() for policy in _reading(properties))
    return Listing(tuple(Holder(oid, None, secrets_access(seen, vault, properties, oid)) for oid in ids))


def _reading(properties: VaultProperties) -> Iterator[AccessPolicy]:
    """The policies that serve a managed identity, which one with an application id does not."""
    for policy in sorted(properties.access_policies, key=lambda policy: (policy.object_id, policy.secrets)):
        if policy.application_id is None and _READING & {right.casefold() for right in policy.secrets}:
            yield policy


def _by_policy(vault: WantedVault, policy: AccessPolicy) -> Grant:
    words = f"access policy with secret permission {', '.join(sorted(policy.secrets))}"
    return Grant(f"{vault.id}/accessPolicies/{policy.object_id}", vault.id, "", words, policy.object_id)
