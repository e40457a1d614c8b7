"""SQL-001: one server holds the documented databases."""

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Inconclusive, Pass, Severity, Verdict, every, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.policy.desired import DesiredDatabase, DesiredServer
from mzaudit.rules.sql._database_subjects import DocumentedServer, each_documented_server
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.text import ids


@rule(
    "SQL-001",
    title="One server holds the documented databases",
    severity=Severity.HIGH,
    over=each_documented_server,
    bears_on=Aspect.DATABASES,
    guards=(Demand.DATABASES,),
)
def single_server(subject: DocumentedServer, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    A direct read of the documented server finds it, and each documented database is on that server, by its list or by a
    direct read, names compared without case. Absence is concluded from a direct read, never from the list alone.
    Further databases (`master`, copies, restored ones) are ignored. No other server of the resource group has a
    database of the same name, unless it is documented there for another environment, or is a replica. Whether there is
    a server for each environment or one for all, the policy's `sql.scope` says.

    ## Why it matters
    The services connect to one server by name; a database on another server is neither migrated nor protected with the
    rest.

    ## Remediation
    Restore or create the missing database on the documented server, then run the migrations.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/logical-servers
    """
    want = subject.server
    if not need(seen.server(want.id).exists):
        group = ids.segment(want.id, "resourceGroups") or ""
        return Fail(
            (Evidence(want.id, "exists", "absent"),),
            f"The SQL server {want.name} does not exist.",
            "Create the server with Entra-only authentication, restore its databases and run the migrations.",
            Fix(
                "SQL Server Contributor on the resource group",
                (
                    az(
                        "sql server create",
                        resource_group=group,
                        name=want.name,
                        enable_ad_only_auth=True,
                        external_admin_principal_type="Group",
                        external_admin_name="ADMIN_GROUP",
                        external_admin_sid="ADMIN_GROUP_OBJECT_ID",
                    ),
                ),
                "Microsoft.Sql/servers",
            ),
        )
    verdicts = [
        every(want.databases, lambda database: _database(want, database, seen), empty="No database is documented."),
        _nowhere_else(subject, seen),
    ]
    fails = [verdict for verdict in verdicts if isinstance(verdict, Fail)]
    if fails:
        return merged(fails)
    undecided = next((verdict for verdict in verdicts if isinstance(verdict, Inconclusive)), None)
    return undecided or verdicts[0]


def _nowhere_else(subject: DocumentedServer, seen: Snapshot) -> Verdict:
    """No other server of the group has a database of that name that nobody documented."""
    want = subject.server
    names = {database.name.casefold() for database in want.databases}
    elsewhere = seen.server(want.id).elsewhere
    alike = [one for one in elsewhere.items if one.name.casefold() in names and not one.secondary]
    documented = {ids.key(database.id) for database in subject.documented} if alike else set()
    found = sorted((one for one in alike if ids.key(one.id) not in documented), key=lambda one: one.id)
    if found:
        servers = {one.id: ids.segment(one.id, "servers") or "another server" for one in found}
        group = ids.segment(want.id, "resourceGroups") or ""
        return Fail(
            tuple(Evidence(one.id, "absent", "exists") for one in found),
            " ".join(f"The database {one.name} is on {servers[one.id]} as well as on {want.name}." for one in found),
            "Find out which of them the services use, bring the data together, and delete the other.",
            Fix(
                "SQL DB Contributor on the server",
                tuple(az("sql db show", resource_group=group, server=servers[one.id], name=one.name) for one in found),
            ),
        )
    if elsewhere.gap is not None:
        return Inconclusive((elsewhere.gap,))
    return Pass((Evidence(want.id, "no second database of the name", "none"),))


def _database(want: DesiredServer, database: DesiredDatabase, seen: Snapshot) -> Verdict:
    at = f"{want.id}/databases/{database.name}"
    if need(seen.server(want.id).database(database.name)):
        return Pass((Evidence(at, "exists", "exists"),))
    group = ids.segment(want.id, "resourceGroups") or ""
    return Fail(
        (Evidence(at, "exists", "absent"),),
        f"The database {database.name} is not on {want.name}.",
        "Restore the database, or create it and run the migrations.",
        Fix(
            "SQL DB Contributor on the server",
            (az("sql db create", resource_group=group, server=want.name, name=database.name),),
            "Microsoft.Sql/servers/databases",
        ),
    )
