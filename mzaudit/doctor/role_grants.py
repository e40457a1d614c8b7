"""Which role is needed at which scope, and the commands that grant it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mzaudit.azure.required_permissions import INVENTORY, NEEDS, PROVIDERS, At, Need, Role, of_type
from mzaudit.azure.scope import Scope
from mzaudit.doctor.custom_roles import definition
from mzaudit.engine.az_cli import az
from mzaudit.snapshot.text.ids import key, type_of

_DEPTH = {At.SUBSCRIPTION: 3, At.GROUP: 5, At.VAULT: 9}


@dataclass(frozen=True, slots=True, order=True)
class RoleGrant:
    """One role at one scope."""

    role: Role
    scope: str


def above(resource_id: str, at: At) -> str:
    """The scope of that kind that holds a resource; the id itself if it is no deeper."""
    return "/".join(resource_id.split("/")[: _DEPTH[at]])


def needed(scope: Scope, *, values: bool) -> tuple[RoleGrant, ...]:
    """The grants with which everything in scope can be read; `values` says whether secret values are to be."""
    subscriptions = (*(f"/subscriptions/{each}" for each in scope.environments.values()), *scope.ids())
    found = [RoleGrant(Role.READER, above(each, At.SUBSCRIPTION)) for each in subscriptions]
    found += [RoleGrant(Role.READER, above(each, At.GROUP)) for each in scope.identities_of]
    found += [RoleGrant(Role.SETTINGS, above(each, At.GROUP)) for each in scope.sites]
    found += [RoleGrant(Role.VALUES, each.id) for each in scope.vaults if values]
    return least(found)


def least(grants: Iterable[RoleGrant]) -> tuple[RoleGrant, ...]:
    """Each grant once, without those that another one of the same role at a scope above already gives; sorted."""
    once = {(each.role, key(each.scope)): each for each in grants}
    kept = [
        each
        for (role, scope), each in once.items()
        if not any(other == role and scope.startswith(upper + "/") for other, upper in once)
    ]
    return tuple(sorted(kept, key=lambda each: (list(Role).index(each.role), key(each.scope))))


def further(scope: Scope) -> tuple[Need, ...]:
    """What it takes to read the resources of types that only a policy names, and all of a group."""
    found = [of_type(type_of(each.id)) for each in scope.bodies]
    found += [PROVIDERS for each in scope.bodies if not each.api_version]
    found += [INVENTORY for _ in scope.inventories]
    return tuple(sorted(dict.fromkeys(need for need in found if need not in NEEDS), key=lambda need: need.permission))


def commands(grants: Sequence[RoleGrant], assignee: str, further: Sequence[Need] = ()) -> tuple[str, ...]:
    """The commands that define the roles and assign them to a principal (its object id), for a POSIX shell."""
    lines: list[str] = []
    for role in dict.fromkeys(each.role for each in grants):
        scopes = [each.scope for each in grants if each.role == role]
        text = json.dumps(definition(role, assignable(role, scopes), further))
        lines.append(az("role definition create", role_definition=text))
        lines += [az("role assignment create", assignee_object_id=assignee, role=role, scope=each) for each in scopes]
    return tuple(lines)


def assignable(role: Role, scopes: Iterable[str]) -> tuple[str, ...]:
    """Where a definition has to be assignable: Azure takes subscriptions and resource groups, nothing below."""
    wanted = (above(each, At.SUBSCRIPTION if role is Role.READER else At.GROUP) for each in scopes)
    return tuple({key(each): each for each in wanted}.values())
