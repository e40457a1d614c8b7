"""SQL-005: no service's identity is a user of another service's database."""

from mzaudit.audit import Evidence, Fail, Fix, Inconclusive, Pass, Severity, Verdict, rule
from mzaudit.audit.database_subjects import GuardedDatabase, each_guarded_database
from mzaudit.audit.database_users import clients_of, missing
from mzaudit.audit.tsql import ADMINISTRATOR, quoted, sqlcmd
from mzaudit.snapshot.databases import DatabasePrincipal
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap


@rule(
    "SQL-005",
    title="No other service's identity is a user of the database",
    severity=Severity.HIGH,
    over=each_guarded_database,
)
def database_isolation(want: GuardedDatabase, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    No user of the database carries the SID of a documented service that does not use it: of another service or of
    another environment, neither of its system-assigned identity nor of an attached user-assigned one, nor of a slot in
    the database's own environment. Users are told by their SID, never by their name. An identity that cannot be read
    leaves the question open only while some Entra user of the database is not accounted for.

    Who is in an Entra group that is a user cannot be seen here: such users are listed and not judged.

    ## Why it matters
    Each service has a database of its own so that one that is broken into gives away no other's data.

    ## Remediation
    Drop the user.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview
    """
    database = want.database
    absent = missing(database, seen)
    if absent is not None:
        return absent
    users = seen.database(database.id).principals
    own = clients_of(seen, want.users, slots_in=database.env)
    others = clients_of(seen, want.others, slots_in=database.env)
    foreign = [(user, other) for user in users.items if (other := others.owner(user)) and own.owner(user) is None]
    if any(other.attached for _, other in foreign) and own.gaps:
        return Inconclusive(own.gaps)
    if foreign:
        return Fail(
            tuple(
                Evidence(f"{database.id}/users/{u.name}/sid", "no other service", o.words, principal=o.principal)
                for u, o in foreign
            ),
            " ".join(f"{o.words[0].upper()}{o.words[1:]} is the user {u.name} of {database.name}." for u, o in foreign),
            "Drop the user that belongs to another service.",
            Fix(ADMINISTRATOR, (sqlcmd(database, seen, *(f"DROP USER {quoted(u.name)};" for u, _ in foreign)),)),
        )
    gaps: list[Gap] = [users.gap] if users.gap is not None else []
    accounted = {seen.caller.application_id.casefold(), seen.caller.object_id.casefold()} if seen.caller else set()
    strangers = [u for u in users.items if u.entra_id not in (None, *accounted) and own.owner(u) is None]
    if any(others.owner(user) is None for user in strangers):
        gaps += others.gaps
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    shown = tuple(sorted(_words(user) for user in users.items if user.entra_id is not None))
    return Pass((Evidence(f"{database.id}/users", "no other service's identity", shown),))


def _words(user: DatabasePrincipal) -> str:
    return f"{user.name} (an Entra group or application)" if user.type == "X" else user.name
