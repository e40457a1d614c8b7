"""Role assignments by who holds them and where they are, so that an estate of any size is looked through once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from mzaudit.access.managed_identities import is_gone
from mzaudit.snapshot.authorization import Authorization, RoleAssignment, RoleDefinition
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.view import View

_ABOVE_ALL = "/providers/microsoft.management/managementgroups/"
_VAULT, _SECRETS = "/providers/microsoft.keyvault/vaults/", "/secrets/"


class Placed:
    """Role assignments by where they are; places are `ids.key`. `principals` hold them, by casefolded object id."""

    def __init__(self, assignments: Collection[RoleAssignment]) -> None:
        self.principals = frozenset(one.principal_id.casefold() for one in assignments)
        self._at: dict[str, list[tuple[int, RoleAssignment]]] = {}
        for position, assignment in enumerate(assignments):
            self._at.setdefault(place_of(assignment.scope), []).append((position, assignment))

    def covering(self, scopes: Iterable[str]) -> list[RoleAssignment]:
        """The assignments at or above any of the scopes (inside this subscription), in the order of the list."""
        places = {place for scope in scopes for place in down_to(key(scope))}
        found = {position: one for place in places for position, one in self._at.get(place, ())}
        return [found[position] for position in sorted(found)]

    def at(self, scope: str) -> list[RoleAssignment]:
        """The assignments on the scope itself, in the order of the list."""
        return [one for _, one in self._at.get(key(scope), ())]


class Index:
    """The RBAC of one subscription, looked through once. Object ids are casefolded, scopes are `ids.key`."""

    def __init__(self, rbac: Authorization) -> None:
        self.rbac = rbac
        self.gone = [one for one in rbac.assignments.items if is_gone(one.principal_type)]
        self.definitions: dict[str, RoleDefinition] = {role.guid.casefold(): role for role in rbac.roles.items}
        self.asked: dict[str, Listing[RoleAssignment]] = {}
        for oid, listing in rbac.assigned_to.items():
            self.asked.setdefault(oid.casefold(), listing)
        self.own: dict[str, list[RoleAssignment]] = {}
        for assignment in rbac.assignments.items:
            self.own.setdefault(assignment.principal_id.casefold(), []).append(assignment)
        self.placed = Placed(rbac.assignments.items)
        self.reaches: dict[str, tuple[Listing[RoleAssignment], Placed]] = {}
        self._holding: dict[tuple[str, str], frozenset[str]] = {}
        self._ends: dict[tuple[str, str, str], datetime] = {}
        for expiry in rbac.expiring.items:
            end = (expiry.principal_id.casefold(), expiry.role.casefold(), key(expiry.scope))
            self._ends[end] = max(expiry.ends, self._ends.get(end, expiry.ends))
        self._told = frozenset(oid for oid, listing in self.asked.items() if listing.gap is None)
        self._there: dict[str, set[str]] = {}  # who holds something at a place, directly or through groups
        self._below: dict[str, set[str]] = {}  # who holds something below it
        for oid in self._told:
            for assignment in (*self.own.get(oid, ()), *self.asked[oid].items):
                *above, place = down_to(place_of(assignment.scope))
                self._there.setdefault(place, set()).add(oid)
                for each in above:
                    self._below.setdefault(each, set()).add(oid)
        self._secrets: dict[str, list[str]] = {}
        for listing in (rbac.assignments, *rbac.assigned_to.values()):
            for assignment in listing.items:
                for vault in _vault_of_a_secret(assignment.scope):
                    self._secrets.setdefault(vault, []).append(assignment.scope)

    def holding(self, role: str, scope: str) -> frozenset[str]:
        """Who holds a role on the scope itself."""
        asked = (role, key(scope))
        if asked not in self._holding:
            held = (one for one in self.placed.at(scope) if one.role.casefold() == role)
            self._holding[asked] = frozenset(one.principal_id.casefold() for one in held)
        return self._holding[asked]

    def end_of(self, assignment: RoleAssignment) -> datetime | None:
        """When a time-bound assignment ends."""
        return self._ends.get((assignment.principal_id.casefold(), assignment.role.casefold(), key(assignment.scope)))

    def far_from(self, scope: str) -> frozenset[str]:
        """Those of whom Azure was asked, and told, all that is assigned to them, and nothing of it lies at the scope,
        above it or below it."""
        places = down_to(key(scope))
        near = [self._there[place] for place in places if place in self._there]
        return self._told.difference(*near, self._below.get(places[-1], ()))

    def secrets_of(self, vault_id: str) -> list[str]:
        """The scopes of secrets of that vault at which something is assigned."""
        return self._secrets.get(key(vault_id), [])


class _Indexes:
    """The indexes of a snapshot, by the `id` of what they index, which they hold."""

    def __init__(self, _: Snapshot) -> None:
        self._kept: dict[int, Index] = {}

    def of(self, rbac: Authorization) -> Index:
        """The index of that very object."""
        found = self._kept.get(id(rbac))
        if found is None:
            found = self._kept[id(rbac)] = Index(rbac)
        return found


def index(seen: Snapshot, rbac: Authorization) -> Index:
    """The index of a subscription's RBAC, made once in an evaluation: every rule asks for the same ones."""
    return View.of(seen).derived(_Indexes).of(rbac)


def down_to(place: str) -> list[str]:
    """The places that lie above a place, from the outermost on, and the place itself."""
    parts = place.split("/")
    inside = ["/".join(parts[:end]) for end in range(2, len(parts) + 1)]
    return inside if place == "/" else ["/", *inside]


def place_of(scope: str) -> str:
    """Where an assignment counts from: management groups lie above every subscription that returned it."""
    place = key(scope)
    return "/" if place.startswith(_ABOVE_ALL) else place


def _vault_of_a_secret(scope: str) -> Iterator[str]:
    place = key(scope)
    vault = place.find(_VAULT)
    secrets = place.find(_SECRETS, vault + len(_VAULT)) if vault >= 0 else -1
    if secrets >= 0:
        yield place[:secrets]
