"""SQL-004: the service's identity holds exactly the documented roles in its database."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, find, need, rule, whole
from mzaudit.engine.demand import Demand
from mzaudit.engine.tsql import ADMINISTRATOR, quoted, revoke, sqlcmd
from mzaudit.engine.verdict import Inconclusive, NotApplicable
from mzaudit.rules.sql._database_administrator import administers
from mzaudit.rules.sql._database_subjects import DatabaseUser, each_database_user
from mzaudit.rules.sql._database_users import (
    clients_of,
    is_client,
    lends,
    members_unseen,
    missing,
    own_client,
    reached,
    through,
)
from mzaudit.snapshot.databases import DatabaseContents, DatabaseGrant, DatabasePrincipal
from mzaudit.snapshot.estate import Snapshot

_STOCK = ("CONNECT",)  # what CREATE USER itself grants


@rule(
    "SQL-004",
    title="The identity holds exactly the documented roles in its database",
    severity=Severity.HIGH,
    over=each_database_user,
    bears_on=Aspect.INSIDE_DATABASE,
    guards=(Demand.DATABASE_USERS,),
    requires=("SQL-003",),
)
def identity_roles(want: DatabaseUser, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The user of the app's identity is a member of each role that the policy names for this database, and of no other:
    roles that it reaches through a role count, and the finding shows the path. Of services that act as one identity,
    the roles of all count. Beside its roles it holds no permission of its own but CONNECT, which every user has, and
    none through a role or `public` that lends it the rights of another: to impersonate or control a user, to alter a
    role. A permission that is denied takes away and is not judged.

    It is not the server's Entra administrator, who enters every database as `dbo`. An Entra group that is a user with
    more than the documented roles makes the rule inconclusive, because its members are not visible here, unless the
    policy names it, or a role that it is in, under `administrators` of the database. A user that carries the client id
    of a documented service's identity is no group.

    What else a role or `public` may do, and the ownership of schemas, are not checked.

    ## Why it matters
    With db_datareader and db_datawriter a service works on rows. With db_owner, db_ddladmin, db_securityadmin, CONTROL
    or ALTER ANY SECURITY POLICY an attacker who takes it over can change tables, grant rights and turn off row-level
    security; without one of the documented roles it fails at its first write.

    ## Remediation
    Add the missing role; remove the excess membership or revoke the excess permission.

    ## References
    - https://learn.microsoft.com/sql/relational-databases/security/authentication-access/database-level-roles
    - https://learn.microsoft.com/sql/relational-databases/security/permissions-database-engine
    """
    database, service = want.database, want.service
    absent = missing(database, seen)
    if absent is not None:
        return absent
    site = seen.site(service.id)
    client = own_client(service, site)
    if client is None:
        return NotApplicable(f"{service.app} has no {service.identity_words}.")
    above = need(seen.server(database.server_id).administrator)
    if above is not None and is_client(above, client):
        return administers(database, above, client, "not a service's identity")
    inside = seen.database(database.id)
    user = find(inside.principals, lambda one: one.entra_id == client.id)
    if user is None:
        return NotApplicable(f"The identity of {service.app} is not a user of {database.name}.")
    return _compared(want, inside, user, seen)


def _compared(want: DatabaseUser, inside: DatabaseContents, user: DatabasePrincipal, seen: Snapshot) -> Verdict:
    """The roles and permissions of the user against those that it is to have."""
    database = want.database
    held = reached(whole(inside.memberships), user.name)
    roles = {"public", *(role.casefold() for role in held)}
    grants = sorted(
        (g for g in whole(inside.grants) if _excess(g, user.name) or _lent(g, user.name, roles)),
        key=lambda g: (g.permission, g.on, g.grantee),
    )
    documented = {role.casefold() for role in want.roles}
    lacking = [role for role in want.roles if role.casefold() not in {known.casefold() for known in held}]
    extra = sorted(role for role in held if role.casefold() not in documented)
    at = f"{database.id}/users/{user.name}"
    shown = tuple(sorted(through(role, way) for role, way in held.items()))
    evidence = (Evidence(f"{at}/roles", tuple(sorted(want.roles)), shown),)
    if not (lacking or extra or grants):
        known = clients_of(seen, want.users, want.others, slots_in=database.env)
        groups = sorted(
            (one for one in whole(inside.principals) if one.type == "X" and not known.owner(one)), key=_name
        )
        gaps = [members_unseen(inside, one, database.administrators, want.roles) for one in groups]
        unseen = tuple(gap for gap in gaps if gap is not None)
        return Inconclusive((*unseen, *known.gaps)) if unseen else Pass(evidence)
    words = [f"lacks the role {role}" for role in lacking]
    words += [f"holds the role {through(role, held[role])}" for role in extra]
    words += [f"was granted {_words(grant, user.name)}" for grant in grants]
    statements = [f"ALTER ROLE {quoted(role)} ADD MEMBER {quoted(user.name)};" for role in lacking]
    statements += [f"ALTER ROLE {quoted(role)} DROP MEMBER {quoted(user.name)};" for role in extra if not held[role]]
    statements += [revoke(grant) for grant in grants]
    return Fail(
        evidence + tuple(Evidence(f"{at}/permissions", "none but CONNECT", _words(g, user.name)) for g in grants),
        f"The user {user.name} of {database.name} {', '.join(words)}.",
        "Give the user exactly the documented roles.",
        Fix(ADMINISTRATOR, (sqlcmd(database, seen, *statements),)),
    )


def _name(user: DatabasePrincipal) -> str:
    return user.name


def _excess(grant: DatabaseGrant, user: str) -> bool:
    return (
        grant.grantee.casefold() == user.casefold()
        and grant.state.upper() != "DENY"
        and grant.permission.upper() not in _STOCK
    )


def _lent(grant: DatabaseGrant, user: str, roles: set[str]) -> bool:
    return lends(grant) and grant.grantee.casefold() in roles and grant.on.casefold() != user.casefold()


def _words(grant: DatabaseGrant, user: str) -> str:
    return grant.words if grant.grantee.casefold() == user.casefold() else f"{grant.words} (through {grant.grantee})"
