"""User-assigned managed identities as seen."""

from __future__ import annotations

from dataclasses import dataclass

from mzaudit.snapshot.observed import Gap, Observed


@dataclass(frozen=True, slots=True)
class UserIdentityProperties:
    """GET user-assigned identity: its object id and its application's client id."""

    id: str
    name: str
    principal_id: str | None
    client_id: str | None


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """An identity, by its own read."""

    id: str
    properties: Observed[UserIdentityProperties | None] | Gap
