"""RBAC-006, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.rbac.least_privilege import least_privilege
from mzaudit.snapshot.authorization import Denied, Permission
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.web import Identity
from tests.built_estate import (
    ACR_PULL,
    BLOB_READER,
    READER,
    SECRETS_USER,
    Bend,
    ask,
    assigned_to,
    authorization,
    denied,
    gap,
    granted,
    granted_by_group,
    principal,
    registry_properties,
    revoked,
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
    OWNER,
    REPOSITORY_READER,
    SECRETS_OFFICER,
    STRANGER,
    SUB,
    officer,
    owner,
    repository_reader,
)

MANAGE = service("manage")
ME = principal(MANAGE)
OWN, FOREIGN, STAGING = vault("manage"), vault("cloud"), vault("manage", "stg")
GROUP_SCOPE = OWN.id.split("/providers/")[0]
PUBLISHER = "3913510d-42f4-4e42-8a64-420c390055eb"
SNAPS = service("cloud").storage[0]


def defined(*guids: str) -> Bend:
    """Of the role definitions only those were listed, and the list was cut short."""

    def mutate(seen: Snapshot) -> Snapshot:
        kept = tuple(role for role in seen.access(OWN.id).roles.items if role.guid in guids)
        return authorization(roles=Listing(kept, gap()))(seen)

    return mutate


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "another role on the resource group": (
        (granted(ME, READER, GROUP_SCOPE),),
        Fail,
        "The identity of manage of prd holds Reader on",
    ),
    "another role at the root": ((owner(), granted(ME, OWNER, "/")), Fail, "holds Owner on /"),
    "another role through a group": (
        (granted_by_group(ME, GROUP, READER, SUB),),
        Fail,
        f"through the group {GROUP}",
    ),
    "a role whose definition was not seen": ((granted(ME, STRANGER, SUB),), Inconclusive, ""),
    "the documented role through a group as well": ((granted_by_group(ME, GROUP, SECRETS_USER, OWN.id),), Pass, ""),
    "the documented role on one secret as well": (
        (granted(ME, SECRETS_USER, f"{OWN.id}/secrets/SECRET-KEY"),),
        Fail,
        "secrets/SECRET-KEY",
    ),
    "a stronger role beside the documented one": (
        (officer(), granted(ME, SECRETS_OFFICER, OWN.id)),
        Fail,
        "Key Vault Secrets Officer",
    ),
    "a stronger role instead of the documented one is RBAC-001's": (
        (officer(), revoked(ME, SECRETS_USER), granted(ME, SECRETS_OFFICER, OWN.id)),
        Pass,
        "",
    ),
    "the documented role missing is RBAC-001's": ((revoked(ME, SECRETS_USER),), Pass, ""),
    "another service's vault is RBAC-002's": ((granted(ME, SECRETS_USER, FOREIGN.id),), Pass, ""),
    "the container is RBAC-005's": ((granted(ME, BLOB_READER, SNAPS.container_id),), Pass, ""),
    "a vault of an environment that was not asked for": (
        (granted(ME, SECRETS_USER, STAGING.id),),
        Fail,
        "kv-mz-manage-stg",
    ),
    "another service's vault, where roles have no effect": (
        (granted(ME, SECRETS_USER, FOREIGN.id), vault_properties(FOREIGN, rbac=False)),
        Fail,
        "kv-mz-cloud-prd",
    ),
    "another service's vault, but denied": (
        (
            granted(ME, SECRETS_USER, FOREIGN.id),
            denied(FOREIGN.id, Permission(data_actions=("*",)), to=(Denied(ME, "ServicePrincipal"),)),
        ),
        Fail,
        "kv-mz-cloud-prd",
    ),
    "another service's vault, and deny assignments unread": (
        (granted(ME, SECRETS_USER, FOREIGN.id), authorization(denies=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
    "another service's vault, itself unread": (
        (granted(ME, SECRETS_USER, FOREIGN.id), vault_facets(FOREIGN, properties=gap())),
        Inconclusive,
        "",
    ),
    "pull from the resource group above the registry": (
        (revoked(ME, ACR_PULL), granted(ME, ACR_PULL, MANAGE.registry.id.split("/providers/")[0])),
        Fail,
        "AcrPull",
    ),
    "the repository role where the registry does not honour it": (
        (repository_reader(), granted(ME, REPOSITORY_READER, MANAGE.registry.id)),
        Fail,
        "Container Registry Repository Reader",
    ),
    "the repository role where the registry honours it": (
        (
            revoked(ME, ACR_PULL),
            granted(ME, REPOSITORY_READER, MANAGE.registry.id),
            registry_properties(role_mode="AbacRepositoryPermissions"),
        ),
        Pass,
        "",
    ),
    "a role mode that is not known": ((registry_properties(role_mode="Other"),), Inconclusive, ""),
    "the role that publishes telemetry": ((granted(ME, PUBLISHER, SUB),), Pass, ""),
    "a slot's identity with a role": (
        (slot(MANAGE, "blue", STRANGER), granted(STRANGER, READER, SUB)),
        Fail,
        "slot blue of manage",
    ),
    "a slot's identity with the documented role": (
        (slot(MANAGE, "blue", STRANGER), granted(STRANGER, SECRETS_USER, OWN.id)),
        Pass,
        "",
    ),
    "a slot's identity of which nothing was asked": ((slot(MANAGE, "blue", STRANGER),), Inconclusive, ""),
    "the identity is off": (
        (site_properties(MANAGE, identity=Identity((), None, None)),),
        NotApplicable,
        "no identity",
    ),
    "the app cannot be read": ((site(MANAGE, properties=gap()),), Inconclusive, ""),
    "the slots cannot be read": ((site(MANAGE, slots=Listing(gap=gap())),), Inconclusive, ""),
    "what is assigned to it was not read": ((assigned_to(ME, None),), Inconclusive, ""),
    "what is assigned to it was cut short": (
        (lambda seen: assigned_to(ME, replace(seen.access(OWN.id).assigned_to[ME], gap=gap()))(seen),),
        Inconclusive,
        "",
    ),
    "another role, and its definition cut off": ((granted(ME, READER, SUB), defined(SECRETS_USER)), Inconclusive, ""),
    "a stronger role, and the documented one's definition cut off": (
        (officer(), granted(ME, SECRETS_OFFICER, OWN.id), defined(SECRETS_OFFICER)),
        Inconclusive,
        "",
    ),
    "another role, and role definitions unread": (
        (granted(ME, READER, SUB), authorization(roles=Listing(gap=gap()))),
        Inconclusive,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_least_privilege(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(least_privilege, "manage", *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "because" if kind is NotApplicable else "note")
