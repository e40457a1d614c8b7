"""SQL-005: no service's identity is a user of another service's database."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Inconclusive, Pass, Severity, Verdict, rule
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.tsql import ADMINISTRATOR, quoted, sqlcmd
from mzaudit.rules.sql._database_administrator import administers, administrator_words, may_be_service
from mzaudit.rules.sql._database_subjects import GuardedDatabase, each_guarded_database
from mzaudit.rules.sql._database_users import ClientId, clients_of, kept_out, members_unseen, missing
from mzaudit.snapshot.databases import DatabasePrincipal
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Observed, need


@rule(
    "SQL-005",
    title="No other service's identity is a user of the database",
    severity=Severity.HIGH,
    over=each_guarded_database,
    bears_on=Aspect.INSIDE_DATABASE,
    guards=(Demand.ISOLATION,),
    follows=("SQL-001",),
)
def database_isolation(want: GuardedDatabase, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    No user of the database carries the SID of a documented service that does not use it: of another service or of
    another environment, neither of its system-assigned identity nor of an attached user-assigned one, nor of a slot in
    the database's own environment. Users are matched by SID, never by name; one that may not connect does not count.
    Nor is such an identity the server's Entra administrator, who enters every database as `dbo`. An identity that
    cannot be read makes the rule inconclusive only where some Entra user of the database, or an application that
    administers the server, is unknown.

    The members of an Entra group are not visible here. A group that is a user with a role or permission makes the rule
    inconclusive, unless the policy names it, or a role that it is in, under the database's `administrators`. A group
    that administers the server, as Microsoft recommends, is shown and not judged.

    ## Why it matters
    Each service has its own database so that a break-in at one does not expose the data of another.

    ## Remediation
    Drop the user; give the server another Entra administrator.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview
    """
    database = want.database
    absent = missing(database, seen)
    if absent is not None:
        return absent
    inside = seen.database(database.id)
    users = inside.principals
    ordered = sorted(users.items, key=lambda user: user.name)
    own = clients_of(seen, want.users, slots_in=database.env)
    others = clients_of(seen, want.others, slots_in=database.env)
    belonging = [(u, other) for u in ordered if (other := others.owner(u)) is not None and own.owner(u) is None]
    ways = [(user, other, kept_out(inside, user)) for user, other in belonging]
    foreign = [(user, other) for user, other, out in ways if isinstance(out, Observed) and out.value is None]
    gaps: list[Gap] = [users.gap] if users.gap is not None else []
    gaps += [out for _, _, out in ways if isinstance(out, Gap)]
    above = need(seen.server(database.server_id).administrator)
    ruler = others.administrator(above) if above is not None and own.administrator(above) is None else None
    if own.gaps and (any(other.attached for _, other in foreign) or (ruler is not None and ruler.attached)):
        return Inconclusive(own.gaps)
    fails = [_users(want, foreign, seen)] if foreign else []
    if ruler is not None and above is not None:
        fails.append(administers(database, above, ruler, "no other service"))
    if fails:
        return merged(fails)
    accounted = {seen.caller.application_id.casefold(), seen.caller.object_id.casefold()} if seen.caller else set()
    strangers = [u for u in ordered if u.entra_id not in (None, *accounted) and own.owner(u) is None]
    unknown = [user for user in strangers if others.owner(user) is None]
    if unknown or (above is not None and may_be_service(above) and own.administrator(above) is None):
        gaps += others.gaps
    groups = [members_unseen(inside, user, database.administrators) for user in unknown if user.type == "X"]
    gaps += [gap for gap in groups if gap is not None]
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    shown = tuple(_words(user) for user in ordered if user.entra_id is not None)
    at = f"{database.server_id}/administrators/ActiveDirectory"
    ruling = () if above is None else (Evidence(at, "no other service's identity", administrator_words(above)),)
    return Pass((Evidence(f"{database.id}/users", "no other service's identity", shown), *ruling))


def _users(want: GuardedDatabase, foreign: list[tuple[DatabasePrincipal, ClientId]], seen: Snapshot) -> Fail:
    database = want.database
    return Fail(
        tuple(
            Evidence(f"{database.id}/users/{u.name}/sid", "no other service", o.words, principal=o.principal)
            for u, o in foreign
        ),
        " ".join(f"{o.words[0].upper()}{o.words[1:]} is the user {u.name} of {database.name}." for u, o in foreign),
        "Drop the user that belongs to another service.",
        Fix(ADMINISTRATOR, (sqlcmd(database, seen, *(f"DROP USER {quoted(u.name)};" for u, _ in foreign)),)),
    )


def _words(user: DatabasePrincipal) -> str:
    return f"{user.name} (an Entra group or application)" if user.type == "X" else user.name
