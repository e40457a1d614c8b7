"""RBAC-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.rbac.vault_isolation import vault_isolation
from mzaudit.snapshot.authorization import Denied, Permission
from mzaudit.snapshot.keyvault import AccessPolicy
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.web import Identity, UserAssigned
from tests.built_estate import (
    AUDITOR,
    BLOB_READER,
    SECRETS_USER,
    TENANT,
    Bend,
    ask,
    assigned_to,
    authorization,
    denied,
    gap,
    granted,
    granted_by_group,
    principal,
    service,
    site,
    site_properties,
    slot,
    vault,
    vault_facets,
    vault_properties,
)
from tests.rules.rbac.roles import (
    GROUP,
    MANAGEMENT_GROUP,
    OWNER,
    SECRETS_OFFICER,
    STRANGER,
    for_secrets,
    officer,
    owner,
)

VAULT = vault("manage")
CLOUD = service("cloud")
FOREIGN = principal(CLOUD)
STAGING = service("manage", "stg")
GROUP_SCOPE = VAULT.id.split("/providers/")[0]
UNREAD = site(CLOUD, properties=gap())


def attached(who: str | None) -> Bend:
    identity = Identity(("userassigned",), None, TENANT, (UserAssigned(f"{CLOUD.id}/id-shared", who, None),))
    return site_properties(CLOUD, identity=identity)


def policy(who: str, *rights: str) -> Bend:
    return vault_properties(VAULT, rbac=False, access_policies=(AccessPolicy(who, None, rights),))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "another service on the vault": (
        (granted(FOREIGN, SECRETS_USER, VAULT.id),),
        Fail,
        "The identity of cloud of prd can reach secrets of kv-mz-manage-prd",
    ),
    "by another role": ((officer(), granted(FOREIGN, SECRETS_OFFICER, VAULT.id)), Fail, "Key Vault Secrets Officer"),
    "on the resource group": ((granted(FOREIGN, SECRETS_USER, GROUP_SCOPE),), Fail, "inherited from"),
    "on a management group": ((granted(FOREIGN, SECRETS_USER, MANAGEMENT_GROUP),), Fail, "managementGroups/monozu"),
    "on one documented secret": (
        (granted(FOREIGN, SECRETS_USER, f"{VAULT.id}/secrets/SECRET-KEY"),),
        Fail,
        "SECRET-KEY alone",
    ),
    "on one secret that nothing documents": (
        (granted(FOREIGN, SECRETS_USER, f"{VAULT.id}/secrets/OTHER"),),
        Fail,
        "OTHER alone",
    ),
    "through a group": ((granted_by_group(FOREIGN, GROUP, SECRETS_USER, VAULT.id),), Fail, f"the group {GROUP}"),
    "under a condition that lets one secret pass": (
        (granted(FOREIGN, SECRETS_USER, VAULT.id, condition=for_secrets("SECRET-KEY")),),
        Fail,
        "under a condition",
    ),
    "under a condition that names another vault": (
        (
            granted(
                FOREIGN,
                SECRETS_USER,
                GROUP_SCOPE,
                condition="@Resource[Microsoft.KeyVault/vaults:name] StringEquals 'kv-mz-cloud-prd'",
            ),
        ),
        Pass,
        "",
    ),
    "under a condition that is not evaluated": (
        (granted(FOREIGN, SECRETS_USER, VAULT.id, condition="@Environment[isPrivateLink] BoolEquals true"),),
        Inconclusive,
        "",
    ),
    "the same service of another environment": (
        (granted(principal(STAGING), SECRETS_USER, VAULT.id),),
        Fail,
        "The identity of manage of stg",
    ),
    "a slot of another service": (
        (slot(CLOUD, "blue", STRANGER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Fail,
        "slot blue of cloud",
    ),
    "a slot of the service itself": (
        (slot(service("manage"), "blue", STRANGER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Pass,
        "",
    ),
    "a user-assigned identity attached to another service": (
        (attached(STRANGER), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Fail,
        "user-assigned identity id-shared of cloud",
    ),
    "a role without data actions": ((owner(), granted(FOREIGN, OWNER, VAULT.id)), Pass, ""),
    "a role that deploys, and the vault serves deployments": (
        (owner(), granted(FOREIGN, OWNER, GROUP_SCOPE), vault_properties(VAULT, template_deployment=True)),
        Fail,
        "Owner (for deployments)",
    ),
    "a role that deploys, and the vault serves none": (
        (owner(), granted(FOREIGN, OWNER, GROUP_SCOPE), vault_properties(VAULT, template_deployment=False)),
        Pass,
        "",
    ),
    "a role that may use the vault in deployments, and none to deploy": (
        (owner(), granted(FOREIGN, OWNER, VAULT.id), vault_properties(VAULT, template_deployment=True)),
        Pass,
        "",
    ),
    "a role that may use the vault in deployments, and another's definition unseen": (
        (
            owner(),
            granted(FOREIGN, OWNER, VAULT.id),
            granted(FOREIGN, STRANGER, GROUP_SCOPE),
            vault_properties(VAULT, template_deployment=True),
        ),
        Inconclusive,
        "",
    ),
    "virtual machines may take certificates": ((vault_properties(VAULT, deployment=True),), Pass, ""),
    "a data role of another service": ((granted(FOREIGN, BLOB_READER, VAULT.id),), Pass, ""),
    "on a vault whose name begins like this one's": ((granted(FOREIGN, SECRETS_USER, VAULT.id + "2"),), Pass, ""),
    "denied": (
        (
            granted(FOREIGN, SECRETS_USER, VAULT.id),
            denied(GROUP_SCOPE, Permission(data_actions=("*",)), to=(Denied(FOREIGN, "ServicePrincipal"),)),
        ),
        Pass,
        "",
    ),
    "granted, and deny assignments cannot be read": (
        (granted(FOREIGN, SECRETS_USER, VAULT.id), authorization(denies=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "an access policy": ((policy(FOREIGN, "Get"),), Fail, "access policy"),
    "an access policy without get": ((policy(FOREIGN, "list", "set"),), Pass, ""),
    "access policies decide, and a role has no effect": (
        (granted(FOREIGN, SECRETS_USER, VAULT.id), policy(principal(service("manage")), "get")),
        Pass,
        "",
    ),
    "a stranger is RBAC-003's": ((granted(STRANGER, SECRETS_USER, VAULT.id),), Pass, ""),
    "an unread identity, every reader attributed": ((UNREAD,), Pass, ""),
    "an unread identity, and the auditor among the readers": (
        (UNREAD, granted(AUDITOR.object_id, SECRETS_USER, VAULT.id)),
        Pass,
        "",
    ),
    "an unread identity, and it is a reader": ((granted(FOREIGN, SECRETS_USER, VAULT.id), UNREAD), Inconclusive, ""),
    "an unread identity, and a reader who is a person": (
        (UNREAD, granted(STRANGER, SECRETS_USER, VAULT.id, principal_type="User")),
        Pass,
        "",
    ),
    "an unread identity, and a group among the readers": (
        (UNREAD, granted(GROUP, SECRETS_USER, VAULT.id, principal_type="Group")),
        Inconclusive,
        "",
    ),
    "an unread identity, and a stranger's access policy": ((UNREAD, policy(STRANGER, "get")), Inconclusive, ""),
    "an unread identity, and the assignments were cut short": (
        (
            UNREAD,
            lambda seen: authorization(assignments=replace(seen.access(VAULT.id).assignments, gap=gap()))(seen),
        ),
        Inconclusive,
        "",
    ),
    "unread slots, and a stranger among the readers": (
        (site(CLOUD, slots=Listing(gap=gap())), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Inconclusive,
        "",
    ),
    "a user-assigned identity without a principal id, and a stranger": (
        (attached(None), granted(STRANGER, SECRETS_USER, VAULT.id)),
        Inconclusive,
        "",
    ),
    "what is assigned to it was not asked, but everything was seen": ((assigned_to(FOREIGN, None),), Pass, ""),
    "what is assigned to it was not asked, and there is a group": (
        (assigned_to(FOREIGN, None), granted(GROUP, SECRETS_USER, VAULT.id, principal_type="Group")),
        Inconclusive,
        "",
    ),
    "the vault cannot be read": ((vault_facets(VAULT, properties=gap()),), Inconclusive, ""),
    "role definitions cannot be read": (
        (granted(FOREIGN, SECRETS_USER, VAULT.id), authorization(roles=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_vault_isolation(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(vault_isolation, VAULT.name, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
