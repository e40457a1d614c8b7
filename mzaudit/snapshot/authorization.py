"""Azure RBAC as seen: role assignments, definitions, deny assignments, the caller's own permissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mzaudit.snapshot.moment import Moment
from mzaudit.snapshot.observed import Gap, Listing, Observed


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission block; wildcards as Azure writes them. Each block is evaluated by itself, then united. None is a
    list that the answer left out, which is not an empty one."""

    actions: tuple[str, ...] | None = ()
    not_actions: tuple[str, ...] | None = ()
    data_actions: tuple[str, ...] | None = ()
    not_data_actions: tuple[str, ...] | None = ()
    condition: str | None = None
    condition_version: str | None = None


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """Who (principal) holds what (role, by GUID) where (scope)."""

    id: str
    scope: str
    role: str
    principal_id: str
    principal_type: str | None
    condition: str | None = None
    condition_version: str | None = None


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role by GUID; `custom` for one of the tenant's own."""

    guid: str
    name: str
    custom: bool
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, slots=True)
class Denied:
    """A principal of a deny assignment; the all-zero id with type SystemDefined means everyone."""

    id: str
    type: str | None


@dataclass(frozen=True, slots=True)
class DenyAssignment:
    """A deny assignment: overrides any allow for its principals."""

    id: str
    name: str
    scope: str
    permissions: tuple[Permission, ...]
    principals: tuple[Denied, ...]
    excluded: tuple[Denied, ...]
    not_below: bool


@dataclass(frozen=True, slots=True)
class Expiry:
    """The end of a time-bound assignment (PIM); matched by principal, role and scope."""

    principal_id: str
    role: str
    scope: str
    ends: Moment


@dataclass(frozen=True, slots=True)
class Authorization:
    """RBAC of one subscription.

    `assignments` are all at, above and below the subscription; `assigned_to` holds, by casefolded object id of a
    managed identity, what reaches it directly or through groups; `roles` the definitions that those name, and
    `undefined` why one that they name, by its GUID, is not among them;
    `expiring` the ends of time-bound assignments (whole and empty where the tenant has no such feature).
    """

    subscription: str
    assignments: Listing[RoleAssignment]
    assigned_to: Mapping[str, Listing[RoleAssignment]]
    roles: Listing[RoleDefinition]
    denies: Listing[DenyAssignment]
    expiring: Listing[Expiry]
    undefined: Mapping[str, Gap] = field(default_factory=dict)


Permissions = Mapping[str, Observed[tuple[Permission, ...] | None] | Gap]
