"""Assignments that a service's former identity may have left behind.

Azure keeps an assignment when its principal goes, and does not say that it went. What can be seen is a documented role
of a service, on exactly its documented scope, that a service principal holds who is none of the estate's.
"""

from __future__ import annotations

from mzaudit.access.assignment_index import index
from mzaudit.access.managed_identities import ServiceIdentities, identities_of, may_be_managed_identity
from mzaudit.access.named_roles import role_guid
from mzaudit.access.registry_access import PULL_ROLES
from mzaudit.access.vault_access import SECRETS_USER
from mzaudit.engine.subjects import GuardedVault, SucceededService
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.authorization import Authorization, RoleAssignment
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import whole
from mzaudit.snapshot.text.ids import covers, same

_Place = tuple[str, str]


def orphaned_assignments(
    seen: Snapshot, want: SucceededService, everyone: ServiceIdentities, accounted: frozenset[str]
) -> tuple[RoleAssignment, ...]:
    """Assignments of that kind, and every one on the service's things to a principal that Azure calls unknown.

    Raises `Unobserved` if whether the shared registry's pullers are all present ones cannot be told.
    """
    service = want.service
    places = _places(seen, want)
    registry = service.registry.id if service.image is not None else ""
    things = [service.id, *(one for one in service.reaches if not same(one, registry))]
    indexed = [index(seen, rbac) for rbac in access_around(seen, service)]
    held = [one for each in indexed for role, at in places for one in each.placed.at(at) if one.role.casefold() == role]
    gone = [one for each in indexed for one in each.gone if any(covers(thing, one.scope) for thing in things)]
    found = [
        assignment
        for assignment in (*held, *gone)
        if may_be_managed_identity(assignment.principal_type)
        and assignment.principal_id.casefold() not in accounted
        and not everyone.owns(assignment.principal_id)
    ]
    once = {assignment.id.casefold(): assignment for assignment in found}
    return tuple(once[number] for number in sorted(once))


def access_around(seen: Snapshot, service: DesiredService) -> tuple[Authorization, ...]:
    """RBAC of the service's subscription, and of the registry's if that is another."""
    here = seen.access(service.id)
    if service.image is None:
        return (here,)
    shared = seen.access(service.registry.id)
    return (here,) if shared.subscription.casefold() == here.subscription.casefold() else (here, shared)


def presumed_former(seen: Snapshot, want: GuardedVault, own: ServiceIdentities, principal_id: str) -> bool:
    """Whether a stranger holds the documented role on the vault that none of the vault's own identities holds. Without
    a service of this environment that owns the vault, nobody's former identity can hold it."""
    vault = want.vault
    if all(owner.env != vault.env for owner in want.owners):
        return False
    holders = index(seen, seen.access(vault.id)).holding(SECRETS_USER, vault.id)
    return principal_id.casefold() in holders and not any(one.oid in holders for one in own.items)


def _places(seen: Snapshot, want: SucceededService) -> list[_Place]:
    """The service's documented grants; those that former identities of others may have too only while its present
    identity has none of them there. Others pull from the shared registry as well: only a service that has no other
    documented grant is looked for there."""
    service = want.service
    places: list[_Place] = [(SECRETS_USER, vault.id) for vault in service.vaults if not vault.by_policies]
    for storage in service.storage:
        role = role_guid(seen, storage.container_id, storage.role)
        places += [(role, storage.container_id)] if role is not None else []
    pulling = {role.guid.casefold() for role in PULL_ROLES}
    for access in service.access:
        role = role_guid(seen, access.scope, access.role)
        if role is not None and role.casefold() not in pulling:
            places.append((role.casefold(), access.scope))
    if not places and service.image is not None:
        pulls = [(role.guid, service.registry.id) for role in PULL_ROLES]
        return [] if _holds_any(seen, service, pulls) else pulls
    return [one for one in places if one[1].casefold() not in want.shared or not _holds_any(seen, service, [one])]


def _holds_any(seen: Snapshot, service: DesiredService, places: list[_Place]) -> bool:
    """Whether the service's present identities hold one of these; raises `Unobserved` where that cannot be told."""
    own = {one.oid for one in identities_of(seen, (service,), slots_in=service.env).items}
    rbac = seen.access(places[0][1])
    whole(rbac.assignments)
    assigned = index(seen, rbac).own
    return any(_is_at(one, place) for oid in own for one in assigned.get(oid, ()) for place in places)


def _is_at(assignment: RoleAssignment, place: _Place) -> bool:
    role, scope = place
    return assignment.role.casefold() == role.casefold() and same(assignment.scope, scope)
