"""SQL-002: where passwords are forbidden, the server accepts Entra identities alone."""

from mzaudit.engine import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.policy.desired import DesiredServer
from mzaudit.rules.sql._database_administrator import SERVER_CONTRIBUTOR, appoint
from mzaudit.rules.sql._database_subjects import each_server
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.text import ids


@rule(
    "SQL-002",
    title="The server accepts Microsoft Entra authentication only",
    severity=Severity.HIGH,
    over=each_server,
    guards=(Demand.NO_PASSWORDS,),
    follows=("SQL-001",),
)
def entra_only(want: DesiredServer, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    In production, and in every environment whose policy says `sql_auth: managed-identity`: the server's Entra-only
    authentication is on. A server without an Entra administrator cannot have it on and fails as such; where Azure names
    an administrator but has no such setting, the rule is inconclusive. An administrator login on the server proves
    nothing: Azure generates one for servers that accept no passwords. Not applicable where the policy allows passwords,
    and where the server does not exist (SQL-001).

    ## Why it matters
    Whoever knows or guesses a password can sign in to such a server, outside the control and logs of Entra.

    ## Remediation
    Set an Entra administrator, check that every client connects with an identity, then turn on Entra-only
    authentication.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-azure-ad-only-authentication
    """
    if not want.passwords_forbidden:
        return NotApplicable(f"The policy allows database passwords in {want.env}.")
    server = seen.server(want.id)
    if not need(server.exists):
        return NotApplicable(f"The SQL server {want.name} does not exist.", broken_link=True)
    at = f"{want.id}/azureADOnlyAuthentications/Default"
    only = need(server.entra_only)
    if only:
        return Pass((Evidence(at, True, only),))
    group = ids.segment(want.id, "resourceGroups") or ""
    enable = az("sql server ad-only-auth enable", resource_group=group, name=want.name)
    if only is None and need(server.administrator) is not None:
        look = az("sql server ad-only-auth get", resource_group=group, name=want.name)
        detail = f"Azure says that it is not set up, and names an Entra administrator all the same: {look}"
        return Inconclusive((Gap(GapReason.UNDECIDED, f"GET {at}", want.id, detail=detail),))
    if only is None or server.administrator == Observed(None):
        return Fail(
            (Evidence(at, True, "no Entra administrator"),),
            f"The SQL server {want.name} has no Entra administrator, so it can accept nothing but passwords.",
            "Set an Entra administrator, move the clients to Entra identities, then enable Entra-only authentication.",
            Fix(
                SERVER_CONTRIBUTOR,
                (appoint(group, want.name), enable),
                "Microsoft.Sql/servers: properties.administrators",
            ),
        )
    return Fail(
        (Evidence(at, True, only),),
        f"The SQL server {want.name} accepts SQL authentication besides Microsoft Entra.",
        "Check that every client connects with an Entra identity, then enable Entra-only authentication.",
        Fix(
            "SQL Security Manager or SQL Server Contributor on the server",
            (enable,),
            "Microsoft.Sql/servers: properties.administrators.azureADOnlyAuthentication = true",
        ),
    )
