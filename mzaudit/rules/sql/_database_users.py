"""Who the users of a database are: whose SID they carry, and which roles they reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from mzaudit.access.site_scan import Found, SiteScan
from mzaudit.engine.subjects import OtherServices
from mzaudit.engine.verdict import NotApplicable
from mzaudit.facts.existing import attached, require_field
from mzaudit.policy.desired import DesiredDatabase, DesiredService
from mzaudit.snapshot.databases import DatabaseContents, DatabaseGrant, DatabasePrincipal, Membership
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed, Unobserved, need
from mzaudit.snapshot.sql import EntraAdministrator
from mzaudit.snapshot.text.ids import name
from mzaudit.snapshot.view import View
from mzaudit.snapshot.web import Site

# What lets a user of a database in, as permissions of the database and as fixed roles that hold them.
_LETS_IN: Final = ("CONNECT", "CONTROL")
_LENT_BY_USERS: Final = ("IMPERSONATE", "CONTROL")
_LENT_BY_ROLES: Final = ("ALTER", "CONTROL", "TAKE OWNERSHIP")
_ROLES_LET_IN: Final = frozenset(("db_owner", "db_accessadmin"))


@dataclass(frozen=True, slots=True)
class ClientId:
    """An application's client id, which its database users carry as their SID; `words` name the application, and
    `principal` is its object id (empty where Azure does not say).

    An identity that is `attached` may be attached to others as well.
    """

    id: str
    words: str
    principal: str
    attached: bool = False


class ClientIds:
    """The client ids found at groups of services, the first group first; `gaps` say where more may be."""

    def __init__(self, *groups: Found[ClientId]) -> None:
        self._groups = groups
        self.gaps = tuple(dict.fromkeys(gap for group in groups for gap in group.gaps))

    def having(self, name: str) -> Iterator[ClientId]:
        """Those of that client or object id, casefolded."""
        return (one for group in self._groups for one in group.having(name))

    def owner(self, user: DatabasePrincipal) -> ClientId | None:
        """Whose user it is."""
        who = user.entra_id
        return next((one for one in self.having(who) if one.id == who), None) if who is not None else None

    def administrator(self, who: EntraAdministrator) -> ClientId | None:
        """Which of them administers the server: Azure takes an application's object id there, and its client id."""
        return next(self.having(who.sid.casefold()), None)


def missing(database: DesiredDatabase, seen: Snapshot) -> NotApplicable | None:
    """Why there is no inside to ask about; raises `Unobserved` where that cannot be told."""
    server = seen.server(database.server_id)
    if not need(server.exists):
        return NotApplicable(f"The SQL server {database.server} does not exist.", broken_link=True)
    if not need(server.database(database.name)):
        return NotApplicable(f"The database {database.name} does not exist.", broken_link=True)
    return None


def clients_of(seen: Snapshot, *groups: Sequence[DesiredService] | OtherServices, slots_in: str) -> ClientIds:
    """The client ids of the services' system-assigned and attached identities, and, of the environment `slots_in`,
    those of their slots."""
    scan = View.of(seen).derived(_SCAN)
    return ClientIds(*(scan.of(services, slots_in=slots_in) for services in groups))


def _clients(site: Site, _: DesiredService, words: str) -> Iterator[ClientId | Gap]:
    if isinstance(site.properties, Gap):
        yield site.properties
        return
    if site.properties.value is None:
        return
    identity = site.properties.value.identity
    if identity.system_assigned:
        yield system_client(site, words)
    for one in sorted(identity.user_assigned, key=lambda each: each.id.casefold()):
        if one.client_id is None:
            yield Gap(GapReason.MALFORMED, f"GET {site.id}", one.id, detail="an identity without a client id")
        else:
            called = f"the user-assigned identity {name(one.id)} of {words}"
            yield ClientId(one.client_id.casefold(), called, one.principal_id or "", attached=True)


def _ids(client: ClientId) -> Iterator[str]:
    return filter(None, (client.id, client.principal.casefold()))


_SCAN = partial(SiteScan[ClientId], read=_clients, keys=_ids)


def is_client(who: EntraAdministrator, client: ClientId) -> bool:
    """Whether the server's administrator is that application, by its client or object id."""
    return who.sid.casefold() in _ids(client)


def system_client(site: Site, words: str) -> ClientId | Gap:
    """The client id of the system-assigned identity of a site that has one."""
    if isinstance(site.identity, Gap):
        return site.identity
    known = site.identity.value
    if known is None or known.client_id is None:
        call = f"GET {site.id}/providers/Microsoft.ManagedIdentity/identities/default"
        return Gap(GapReason.MALFORMED, call, site.id, detail="no client id for an identity that exists")
    return ClientId(known.client_id.casefold(), f"the identity of {words}", known.principal_id or "")


def own_client(service: DesiredService, site: Site) -> ClientId | None:
    """The client id of the identity that a service acts as; None where its site does not have it, or does not exist.
    Raises `Unobserved` where that cannot be told."""
    properties = need(site.properties)
    if properties is None:
        return None
    if service.acts_as == "system":
        found = system_client(site, service.key) if properties.identity.system_assigned else None
        if isinstance(found, Gap):
            raise Unobserved(found)
        return found
    one = attached(service, properties)
    if one is None:
        return None
    client = require_field(one.client_id, f"GET {site.id}", f"clientId of {one.id}")
    return ClientId(client.casefold(), f"the {service.identity_words}", one.principal_id or "", attached=True)


def user_name(service: DesiredService) -> str:
    """The display name of the identity that a service acts as, by which a user is made of it."""
    return service.app if service.identity is None else service.identity.name


def reached(memberships: Iterable[Membership], member: str) -> dict[str, tuple[str, ...]]:
    """The roles that a member holds, directly and through other roles, each with the roles on the way to it."""
    above: dict[str, list[str]] = {}
    for each in sorted(memberships, key=lambda each: (each.role.casefold(), each.role)):
        above.setdefault(each.member.casefold(), []).append(each.role)
    found: dict[str, tuple[str, ...]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(member, ())]
    while waiting:  # breadth first: the shortest way is told
        current, way = waiting.pop(0)
        for role in above.get(current.casefold(), ()):
            if role.casefold() not in {known.casefold() for known in found}:
                found[role] = way
                waiting.append((role, (*way, role)))
    return found


def kept_out(inside: DatabaseContents, user: DatabasePrincipal) -> Observed[str | None] | Gap:
    """Why a user cannot sign in, in words; observed None if it can. That takes CONNECT, its own or through a role, and
    no denial of it.

    https://learn.microsoft.com/sql/relational-databases/security/authentication-access/principals-database-engine
    """
    roles = {role.casefold() for role in reached(inside.memberships.items, user.name)}
    names = {user.name.casefold(), "public", *roles}
    held = [
        grant
        for grant in inside.grants.items
        if grant.permission.upper() in _LETS_IN
        and (grant.kind == "DATABASE" or (grant.unknown and grant.permission.upper() == "CONNECT"))
        and grant.grantee.casefold() in names
    ]
    for grant in sorted(held, key=lambda grant: (grant.permission, grant.grantee)):
        if grant.state.upper() == "DENY":
            return Observed(f"{grant.permission} is denied to {grant.grantee}")
    unread = inside.grants.gap or inside.memberships.gap
    if unread is not None:
        return unread
    if held or roles & _ROLES_LET_IN:
        return Observed(None)
    if user.of_login:
        call = f"SQL {inside.id} server roles of the login of {user.name}"
        return Gap(GapReason.NOT_COLLECTED, call, inside.id, detail="a server role may let the login in")
    return Observed("it was not granted CONNECT")


def lends(grant: DatabaseGrant) -> bool:
    """Whether a permission on a user or role gives its holder what that may do: to act as the user, or to join the
    role.

    https://learn.microsoft.com/sql/t-sql/statements/grant-database-principal-permissions-transact-sql
    https://learn.microsoft.com/sql/t-sql/statements/alter-role-transact-sql
    """
    if not grant.on_principal or grant.state.upper() == "DENY" or grant.on.casefold() == grant.grantee.casefold():
        return False
    return grant.permission.upper() in (_LENT_BY_USERS if grant.kind == "USER" else _LENT_BY_ROLES)


def members_unseen(
    inside: DatabaseContents, user: DatabasePrincipal, known: Iterable[str], less: Iterable[str] = ()
) -> Gap | None:
    """The doubt that an Entra group leaves whose members would have more here than the roles `less`; nobody can see
    from here who they are. None of those `known`, casefolded, by their own name or that of a role of theirs."""
    held = reached(inside.memberships.items, user.name)
    if {user.name.casefold(), *(role.casefold() for role in held)} & set(known):
        return None
    granted = any(
        grant.grantee.casefold() == user.name.casefold()
        and grant.state.upper() != "DENY"
        and grant.permission.upper() != "CONNECT"
        for grant in inside.grants.items
    )
    if not granted and {role.casefold() for role in held} <= {role.casefold() for role in less}:
        return None
    out = kept_out(inside, user)
    if isinstance(out, Observed) and out.value is not None:
        return None
    return Gap(GapReason.MEMBERS, f"SQL {inside.id} members of the Entra group {user.name}", inside.id)


def through(role: str, way: tuple[str, ...]) -> str:
    """A role in words, with the roles through which it is held."""
    return f"{role} (through {', '.join(way)})" if way else role
