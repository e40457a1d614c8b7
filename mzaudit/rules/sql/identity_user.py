"""SQL-003: the service's identity is a user of its database."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, find, need, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.tsql import ADMINISTRATOR, create_user, quoted, sqlcmd
from mzaudit.rules.sql._database_subjects import DatabaseUser, each_database_user
from mzaudit.rules.sql._database_users import kept_out, missing, own_client, user_name
from mzaudit.snapshot.databases import DatabasePrincipal
from mzaudit.snapshot.estate import Snapshot


@rule(
    "SQL-003",
    title="The service's identity is a user of its database",
    severity=Severity.CRITICAL,
    over=each_database_user,
    bears_on=Aspect.INSIDE_DATABASE,
    guards=(Demand.DATABASE_USERS,),
    requires=("APP-001",),
    explained_by=("APP-005",),
    follows=("SQL-001",),
)
def identity_user(want: DatabaseUser, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The database has a user that was created from the external provider and whose SID is the client id of the identity
    that the app acts as (its system-assigned one as it is today, or the documented user-assigned one), and that user
    may connect: it has CONNECT, its own or through a role, and nothing denies it. The name of the user does not matter.
    The finding says so where a user of the right name has the SID of a former identity, was created from the identity's
    object id, or is a SQL user: none of these lets the identity in. Access through an Entra group is not checked: the
    identity needs a user of its own.

    Not applicable where the server or the database does not exist (SQL-001 says so).

    ## Why it matters
    Without that user the service cannot sign in to its database. An identity that is turned off and on again is a new
    one and needs a new user.

    ## Remediation
    As the server's Entra administrator, create the user from the external provider and give it its roles; drop a stale
    user of that name first.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure
    - https://learn.microsoft.com/azure/app-service/tutorial-connect-msi-azure-database
    """
    service, database = want.service, want.database
    absent = missing(database, seen)
    if absent is not None:
        return absent
    site = seen.site(service.id)
    create = create_user(user_name(service), want.roles)
    client = own_client(service, site)
    if client is None:
        return Fail(
            (Evidence(f"{service.id}/identity/principalId", "an object id", None),),
            f"{service.app} has no {service.identity_words}, so no user of {database.name} can be its own.",
            "Assign the identity to the app, then create its user in the database.",
            Fix(ADMINISTRATOR, (sqlcmd(database, seen, *create),)),
        )
    users = seen.database(database.id).principals
    own = find(users, lambda user: user.entra_id == client.id)
    if own is not None:
        evidence = (Evidence(f"{database.id}/users/{own.name}/sid", client.id, own.entra_id),)
        out = need(kept_out(seen.database(database.id), own))
        return Pass(evidence) if out is None else _shut_out(want, own, evidence, out, seen)
    others = sorted(users.items, key=lambda user: user.name)
    by_object = next((user for user in others if user.entra_id == client.principal.casefold()), None)
    named = by_object or next((user for user in others if user.name.casefold() == user_name(service).casefold()), None)
    if named is None:
        return Fail(
            (Evidence(f"{database.id}/users", f"a user with the SID of {client.id}", "none"),),
            f"The identity of {service.app} is not a user of {database.name}.",
            "Create the user from the external provider and give it its roles.",
            Fix(ADMINISTRATOR, (sqlcmd(database, seen, *create),)),
        )
    return Fail(
        (Evidence(f"{database.id}/users/{named.name}/sid", client.id, named.entra_id or "none of Entra's"),),
        _made_for_the_object(named, service.app, database.name)
        if by_object is not None
        else _impostor(named, service.app, database.name),
        "Drop the user, create it again from the external provider, and give it its roles.",
        Fix(ADMINISTRATOR, (sqlcmd(database, seen, f"DROP USER {quoted(named.name)};", *create),)),
    )


def _shut_out(
    want: DatabaseUser, own: DatabasePrincipal, evidence: tuple[Evidence, ...], out: str, seen: Snapshot
) -> Verdict:
    database = want.database
    back = [
        f"REVOKE {grant.permission} FROM {quoted(grant.grantee)};"
        for grant in sorted(seen.database(database.id).grants.items, key=lambda grant: grant.grantee)
        if out == f"{grant.permission} is denied to {grant.grantee}"
    ]
    return Fail(
        (*evidence, Evidence(f"{database.id}/users/{own.name}/permissions", "CONNECT", out)),
        f"The user {own.name} of {database.name} is the identity of {want.service.app} and cannot sign in: {out}.",
        "Grant the user CONNECT.",
        Fix(ADMINISTRATOR, (sqlcmd(database, seen, *back, f"GRANT CONNECT TO {quoted(own.name)};"),)),
    )


def _made_for_the_object(named: DatabasePrincipal, app: str, database: str) -> str:
    return (
        f"The user {named.name} of {database} has the object id of the identity of {app} as its SID, where Azure "
        "SQL expects the client id: the identity cannot sign in."
    )


def _impostor(named: DatabasePrincipal, app: str, database: str) -> str:
    if named.external:
        return (
            f"The user {named.name} of {database} has a stale SID: it was created for a former identity of {app}, "
            "and the current one cannot sign in."
        )
    return f"The user {named.name} of {database} was not created from the external provider: it is not a user of {app}."
