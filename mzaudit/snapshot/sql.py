"""Azure SQL as the control plane shows it: servers, databases, Entra-only authentication."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mzaudit.snapshot.observed import Gap, Listing, Observed, not_asked


@dataclass(frozen=True, slots=True)
class Database:
    """A database; `system` for master, `secondary` for a replica of another one (geo, named, standby)."""

    id: str
    name: str
    status: str | None
    system: bool
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class EntraAdministrator:
    """The Entra administrator of a server: it enters each of its databases as `dbo`.

    `type` is Azure's word: User, Group or Application; None where Azure does not say. `sid` is the object id, of an
    application also its client id; empty where Azure does not say.
    """

    login: str
    type: str | None
    sid: str


@dataclass(frozen=True, slots=True)
class SqlServer:
    """A logical server. `entra_only` observed None: no Entra administrator is set up at all. `host` is where its
    databases are reached; observed None: Azure did not say. `administrator` observed None: there is none.
    `elsewhere` are the databases of the other servers in its resource group."""

    id: str
    exists: Observed[bool] | Gap
    databases: Listing[Database]
    lookups: Mapping[str, Observed[bool] | Gap]
    entra_only: Observed[bool | None] | Gap
    host: Observed[str | None] | Gap
    administrator: Observed[EntraAdministrator | None] | Gap
    elsewhere: Listing[Database]

    def database(self, name: str) -> Observed[bool] | Gap:
        """Whether a database of that name is on this server: from the list, else from its direct read."""
        if any(item.name.casefold() == name.casefold() for item in self.databases.items):
            return Observed(True)
        return self.lookups.get(name.casefold()) or not_asked(f"GET {self.id}/databases/{name}")
