"""What an identity of a service holds: each assignment, whether it is documented, and which rule answers for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mzaudit.access.assignment_index import index
from mzaudit.access.documented_grant import DocumentedGrant, accesses_of, is_as_documented, serves_all
from mzaudit.access.effective_access import Grant, reach_of, undefined
from mzaudit.access.managed_identities import ServiceIdentity
from mzaudit.access.named_roles import METRICS_PUBLISHER, role_guid
from mzaudit.access.permission_matching import ActionTarget
from mzaudit.access.registry_access import pull_role
from mzaudit.access.storage_access import blob_access, read_target
from mzaudit.access.vault_access import SECRETS_USER, secret_target, secrets_access
from mzaudit.engine.subjects import HeldRoles
from mzaudit.facts.existing import principal_of
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.authorization import RoleAssignment
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing, Unobserved, need
from mzaudit.snapshot.text.ids import same, subscription_of


@dataclass(frozen=True, slots=True)
class Held:
    """An assignment that reaches an identity of a service; `name` is the role's. Where its definition was not seen it
    is the id, and `undefined` says why."""

    service: DesiredService
    identity: ServiceIdentity
    assignment: RoleAssignment
    name: str
    undefined: Gap | None

    @property
    def grant(self) -> Grant:
        """The assignment as a way in."""
        holder = self.assignment.principal_id
        direct = holder.casefold() == self.identity.principal_id.casefold()
        role = self.assignment
        return Grant(role.id, role.scope, role.role, self.name, holder, None if direct else holder, role.condition)

    @property
    def words(self) -> str:
        """Who holds what where, and how."""
        grant = self.grant
        away = subscription_of(grant.scope)
        home = subscription_of(self.service.id)
        where = f" of the subscription {away}" if away and away.casefold() != home.casefold() else ""
        through = f" through the group {grant.group}" if grant.group is not None else ""
        return f"{self.identity.words} holds {self.name} on {grant.scope}{where}{through}"

    def documented(self, seen: Snapshot, sharing: Iterable[DesiredService]) -> bool:
        """Whether the document gives the service that role on that scope, or, if the identity is the one that it acts
        as, another service that acts as the same."""
        shares = self.service.identity is not None and self.identity.named(self.service.identity.name)
        services = {one.id: one for one in (self.service, *(sharing if shares else ()))}
        return any(self._documented(seen, service) for service in services.values())

    def _documented(self, seen: Snapshot, service: DesiredService) -> bool:
        role, scope = self.assignment.role.casefold(), self.assignment.scope
        if any(self._is(access.role) and same(scope, access.scope) for access in service.access):
            return True
        if service.image is not None and same(scope, service.registry.id):
            registry = need(seen.registry(service.registry.id).properties)
            # Of a registry that is gone no mode can be read; what lingers on it grants nothing, and IMG-001 says so.
            return registry is None or role == pull_role(registry).guid
        return (
            (role == SECRETS_USER and any(same(scope, one.id) and not one.by_policies for one in service.vaults))
            or any(self._is(one.role) and same(scope, one.container_id) for one in service.storage)
            or (service.exports_to is not None and role == METRICS_PUBLISHER)
        )

    def _is(self, role: str) -> bool:
        """Whether it is of a role by that name. Raises `Unobserved` where the role's name was not seen."""
        if self.undefined is not None:
            raise Unobserved(self.undefined)
        return self.name.casefold() == role.casefold()


def held_by(seen: Snapshot, service: DesiredService, identity: ServiceIdentity) -> Listing[Held]:
    """Everything assigned to the identity, in the service's subscription and in every other that was read for it."""
    own = seen.access(service.id)
    who = identity.principal_id.casefold()
    asked = [own] + [
        rbac for _, rbac in sorted(seen.authorization.items()) if rbac is not own and who in index(seen, rbac).asked
    ]
    held: dict[str, Held] = {}
    gap: Gap | None = None
    for rbac in asked:
        reach = reach_of(seen, rbac, identity.principal_id)
        gap = gap or reach.gap
        for one in reach.items:
            role = index(seen, rbac).definitions.get(one.role.casefold())
            name, why = (role.name, None) if role is not None else (f"the role {one.role}", undefined(rbac, one.role))
            held.setdefault(one.id.casefold(), Held(service, identity, one, name, why))
    return Listing(tuple(held.values()), gap)


def judged_elsewhere(seen: Snapshot, want: HeldRoles, held: Held) -> bool:
    """Whether another rule of this run answers for that assignment; raises `Unobserved` where that cannot be told."""
    if held.undefined is not None:
        raise Unobserved(held.undefined)
    who = held.identity.principal_id
    for stand_in in _documented_grants(seen, held):
        accesses = accesses_of(seen, stand_in)
        grants = [grant for access in accesses for grant in access.grants]
        if not any(is_as_documented(grant, stand_in) and serves_all(grant.id, accesses) for grant in grants):
            if gaps := [gap for access in accesses for gap in access.unseen]:
                raise Unobserved(*gaps)
            if any(grant.id == held.assignment.id for grant in grants):
                return True
    for vault in want.vaults:
        properties = need(seen.vault(vault.id).properties)
        if properties is not None and properties.rbac:
            access = secrets_access(seen, vault, properties, who)
            if any(grant.id == held.assignment.id for grant in access.grants):
                return _told(access.allowed, access.gaps)
    for storage in want.storage:
        access = blob_access(seen, storage, who)
        if any(grant.id == held.assignment.id for grant in access.grants):
            return _told(access.allowed, access.gaps)
    return False


def _told(allowed: bool | None, gaps: tuple[Gap, ...]) -> bool:
    if allowed is None:
        raise Unobserved(*gaps)
    return allowed


def _documented_grants(seen: Snapshot, held: Held) -> list[DocumentedGrant]:
    """What RBAC-001 and RBAC-004 ask of the app's own identity."""
    service, who = held.service, held.identity.principal_id
    site = need(seen.site(service.id).properties)
    if site is None or (principal_of(service, site) or "").casefold() != who.casefold():
        return []
    grants = []
    for vault in service.vaults:
        properties = need(seen.vault(vault.id).properties)
        if properties is not None and properties.rbac:
            targets: tuple[ActionTarget, ...] = tuple(secret_target(vault, secret.stored) for secret in vault.secrets)
            grants.append(DocumentedGrant(SECRETS_USER, "", vault.id, targets, who, "", ""))
    for storage in service.storage:
        role = role_guid(seen, storage.container_id, storage.role)
        if role is not None:
            grants.append(DocumentedGrant(role, "", storage.container_id, (read_target(storage),), who, "", ""))
    return grants
