"""Who can read the secrets of a vault: by roles where the vault authorises by RBAC, else by its access policies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mzaudit.access.assignment_index import index
from mzaudit.access.effective_access import Access, Grant, Holder, access_of, holders_of, out_of_reach, reach_of, united
from mzaudit.access.permission_matching import ActionTarget, any_of
from mzaudit.access.role_condition import lets_pass
from mzaudit.policy.desired import DesiredVault
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.keyvault import AccessPolicy, VaultProperties
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Unobserved
from mzaudit.snapshot.text.ids import key, segment

SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"
_DEPLOYMENT = "Microsoft.Resources/deployments/write"
_OF_A_GROUP = 5  # parts of a resource group's id
DEPLOY = "Microsoft.KeyVault/vaults/deploy/action"
GET_SECRET = "Microsoft.KeyVault/vaults/secrets/getSecret/action"  # noqa: S105 - the name of an action
_VAULT_NAME = "microsoft.keyvault/vaults:name"
_SECRET_NAME = "microsoft.keyvault/vaults/secrets:name"  # noqa: S105 - the name of an attribute
_READING = frozenset({"get", "all"})


def secret_target(vault: DesiredVault, stored: str | None) -> ActionTarget:
    """Reading one secret; with `None` a secret of whatever name, for which only a grant on the vault counts."""
    if stored is None:
        return ActionTarget(vault.id, GET_SECRET, True, {_VAULT_NAME: vault.name})
    names = {_VAULT_NAME: vault.name, _SECRET_NAME: stored}
    return ActionTarget(f"{vault.id}/secrets/{stored}", GET_SECRET, True, names)


def targets_of(seen: Snapshot, vault: DesiredVault) -> tuple[ActionTarget, ...]:
    """Every secret that is documented or has role assignments of its own, and any other."""
    scopes = index(seen, seen.access(vault.id)).secrets_of(vault.id)
    names = {secret.stored.casefold(): secret.stored for secret in vault.secrets}
    for scope in scopes:
        name = scope.rstrip("/").rsplit("/", 1)[-1]
        names.setdefault(name.casefold(), name)
    return (*(secret_target(vault, name) for _, name in sorted(names.items())), secret_target(vault, None))


def secrets_access(seen: Snapshot, vault: DesiredVault, properties: VaultProperties, principal_id: str) -> Access:
    """Whether a managed identity can read at least one secret of the vault: itself, or through a deployment.

    Access policies are matched by object id alone: whether one names a group of the identity cannot be told.
    """
    deploying = _deploying(vault, properties)
    if deploying and principal_id.casefold() in out_of_reach(seen, vault.id):
        deploying = ()
    itself = data_access(seen, vault, properties, principal_id)
    if not deploying:
        return itself
    access = united(access_of(seen, principal_id, target) for target in deploying)
    deploys = _may_deploy(seen, principal_id) if access.allowed is not False else None
    if access.allowed is False or deploys is False:
        return itself
    if deploys is None:
        unseen = Gap(GapReason.UNDECIDED, f"what {principal_id} may deploy", detail="not all of its roles were seen")
        access = replace(access, allowed=None, gaps=(*access.gaps, unseen), unseen=(*access.unseen, unseen))
    told = tuple(replace(grant, name=f"{grant.name} (for deployments)") for grant in access.grants)
    return united((itself, replace(access, grants=told)))


def data_access(seen: Snapshot, vault: DesiredVault, properties: VaultProperties, principal_id: str) -> Access:
    """Whether a managed identity can get at least one secret from the vault itself."""
    if properties.rbac:
        if principal_id.casefold() in out_of_reach(seen, vault.id):
            return Access(False, (), (), (), ())
        return united(access_of(seen, principal_id, target) for target in targets_of(seen, vault))
    grants = tuple(
        _by_policy(vault, policy)
        for policy in _reading(vault, properties)
        if policy.object_id.casefold() == principal_id.casefold()
    )
    return Access(bool(grants), grants, (), (), ())


def secret_rights(vault: DesiredVault, properties: VaultProperties, principal_id: str) -> frozenset[str]:
    """What the vault's access policies let a managed identity do with secrets, casefolded. Raises Unobserved if they
    were not all read."""
    return frozenset(
        right.casefold()
        for policy in _policies(vault, properties)
        if policy.application_id is None and policy.object_id.casefold() == principal_id.casefold()
        for right in policy.secrets
    )


def deployers(seen: Snapshot, vault: DesiredVault, properties: VaultProperties) -> Listing[Holder]:
    """Everyone whose deployments Resource Manager gives the vault's secrets, where the vault lets it."""
    targets = _deploying(vault, properties)
    return holders_of(seen, targets) if targets else Listing()


def _may_deploy(seen: Snapshot, principal_id: str) -> bool | None:
    """Whether it may deploy to some resource group or above, of the subscriptions that were read."""
    answers: list[bool | None] = []
    for rbac in seen.authorization.values():
        reach = reach_of(seen, rbac, principal_id)
        answers += [None] if reach.gap is not None else []
        for one in reach.items:
            if segment(one.scope, "resourceGroups") is None or len(key(one.scope).split("/")) == _OF_A_GROUP:
                role = index(seen, rbac).definitions.get(one.role.casefold())
                blocks = role.permissions if role is not None else None
                target = ActionTarget(one.scope, _DEPLOYMENT, False)
                answers.append(None if blocks is None else any_of(lets_pass(each, target, one) for each in blocks))
    return any_of(answers)


def _deploying(vault: DesiredVault, properties: VaultProperties) -> tuple[ActionTarget, ...]:
    return (ActionTarget(vault.id, DEPLOY, False),) if properties.template_deployment else ()


def secret_readers(seen: Snapshot, vault: DesiredVault, properties: VaultProperties) -> Listing[Holder]:
    """Everyone who can read, or may be able to read, at least one secret of the vault."""
    if properties.rbac:
        return holders_of(seen, targets_of(seen, vault))
    ids = dict.fromkeys(policy.object_id.casefold() for policy in _reading(vault, properties))
    return Listing(tuple(Holder(oid, None, data_access(seen, vault, properties, oid)) for oid in ids))


def _reading(vault: DesiredVault, properties: VaultProperties) -> Iterator[AccessPolicy]:
    """The policies that serve a managed identity, which one with an application id does not. Raises Unobserved if they
    were not all read."""
    for policy in sorted(_policies(vault, properties), key=lambda policy: (policy.object_id, policy.secrets)):
        if policy.application_id is None and _READING & {right.casefold() for right in policy.secrets}:
            yield policy


def _policies(vault: DesiredVault, properties: VaultProperties) -> tuple[AccessPolicy, ...]:
    if properties.access_policies is None:
        at = f"{vault.id}/properties/accessPolicies"
        raise Unobserved(
            Gap(GapReason.MALFORMED, f"GET {vault.id}", at, detail="not all access policies were returned")
        )
    return properties.access_policies


def _by_policy(vault: DesiredVault, policy: AccessPolicy) -> Grant:
    words = f"access policy with secret permission {', '.join(sorted(policy.secrets))}"
    return Grant(f"{vault.id}/accessPolicies/{policy.object_id}", vault.id, "", words, policy.object_id)
