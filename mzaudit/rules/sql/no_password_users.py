"""SQL-006: where passwords are forbidden, the database has no user with one."""

from collections.abc import Iterator

from mzaudit.engine import (
    Aspect,
    Evidence,
    Fail,
    Fix,
    Inconclusive,
    NotApplicable,
    Pass,
    Severity,
    Verdict,
    rule,
    whole,
)
from mzaudit.engine.demand import Demand
from mzaudit.engine.tsql import ADMINISTRATOR, quoted, sqlcmd
from mzaudit.policy.desired import DesiredDatabase
from mzaudit.rules.sql._database_subjects import each_database
from mzaudit.rules.sql._database_users import kept_out, missing
from mzaudit.snapshot.databases import DatabasePrincipal
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason

_WITH_PASSWORD = {"DATABASE": "a contained user with a password", "INSTANCE": "a user made for a SQL login"}
# Users of Entra, Windows, a certificate or a key; and of no login, Entra or Windows.
_WITHOUT = ("E", "X", "U", "G", "C", "K")
_NONE = ("NONE", "EXTERNAL", "WINDOWS")


@rule(
    "SQL-006",
    title="The database has no user with a password",
    severity=Severity.HIGH,
    over=each_database,
    bears_on=Aspect.INSIDE_DATABASE,
    guards=(Demand.NO_PASSWORDS,),
    follows=("SQL-001",),
)
def no_password_users(want: DesiredDatabase, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    In production, and in every environment whose policy says `sql_auth: managed-identity`: no SQL user of the database
    signs in with a password: its own (a contained user), or that of a login of the server. `dbo` is the database's
    owner and does not count; a user without a login, or one that may not connect, signs in nowhere. Not applicable
    where the policy allows passwords, and where the database does not exist (SQL-001 says so).

    A user made for a login counts even if that login has been dropped since. The database shows it unchanged, `master`
    alone shows the logins, and whoever creates one with the user's SID makes it usable again.

    Entra-only authentication of the server (SQL-002) keeps such users out for as long as it is on; they are still
    reported.

    ## Why it matters
    Passwords are copied, shared and forgotten; an identity's tokens are not. A user that is kept "for later" works
    again as soon as the server accepts passwords.

    ## Remediation
    Check that nothing signs in with it, then drop the user.

    ## References
    - https://learn.microsoft.com/sql/relational-databases/security/contained-database-users-making-your-database-portable
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-azure-ad-only-authentication
    - https://learn.microsoft.com/sql/sql-server/failover-clusters/troubleshoot-orphaned-users-sql-server
    """
    if not want.passwords_forbidden:
        return NotApplicable(f"The policy allows database passwords in {want.env}.")
    absent = missing(want, seen)
    if absent is not None:
        return absent
    inside = seen.database(want.id)
    users = inside.principals
    found: list[DatabasePrincipal] = []
    gaps: list[Gap] = []
    for user in sorted(users.items, key=lambda user: user.name):
        if user.type in _WITHOUT or user.authentication in _NONE or user.name.casefold() == "dbo":
            continue
        out = kept_out(inside, user)
        if isinstance(out, Gap):
            gaps.append(out)
        elif out.value is None and user.type == "S" and user.authentication in _WITH_PASSWORD:
            found.append(user)
        elif out.value is None:
            call = f"SQL {inside.id} how {user.name} signs in"
            words = f"a user of type {user.type}, authentication {user.authentication or 'not returned'}"
            gaps.append(Gap(GapReason.MALFORMED, call, inside.id, detail=words))
    at = f"{want.id}/users"
    if found:
        return Fail(
            tuple(Evidence(f"{at}/{u.name}", "no password", _WITH_PASSWORD[u.authentication]) for u in found),
            " ".join(_words(want, found)),
            "Check that nothing signs in with it, then drop the user.",
            Fix(ADMINISTRATOR, (sqlcmd(want, seen, *(f"DROP USER {quoted(user.name)};" for user in found)),)),
        )
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    return Pass((Evidence(at, "no user with a password", tuple(sorted(user.name for user in whole(users)))),))


def _words(want: DesiredDatabase, found: list[DatabasePrincipal]) -> Iterator[str]:
    own = [user.name for user in found if user.authentication == "DATABASE"]
    of_logins = [user.name for user in found if user.authentication == "INSTANCE"]
    if own:
        yield f"{want.name} has users with a password: {', '.join(own)}."
    if of_logins:
        words = "users made for a SQL login, open to its password if there still is one"
        yield f"{want.name} has {words}: {', '.join(of_logins)}."
