"""SQL-008: the migrations have been applied, by the pipeline."""

import re

from mzaudit.engine import Aspect, Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.engine.quantify import merged
from mzaudit.engine.verdict import Inconclusive, NotApplicable
from mzaudit.policy.desired import DesiredDatabase
from mzaudit.policy.enums import counted
from mzaudit.rules.sql._database_subjects import GuardedDatabase, each_migrated_database
from mzaudit.rules.sql._database_users import ClientIds, clients_of, missing
from mzaudit.rules.sql._migration_history import TOOLS, applied, marks, newest, passed, reached, unshown
from mzaudit.snapshot.databases import DatabaseContents, Migration
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, not_asked

_MIGRATE = "Run the pipeline's migration step, and see why it did not."
_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LOGIN = re.compile(rf"({_GUID})(?:@{_GUID})?")
_PIPELINE = Fix("anyone who can run the deployment pipeline", (az("pipelines run", name="SQL_MIGRATION_PIPELINE"),))


@rule(
    "SQL-008",
    title="The migrations have been applied by the pipeline",
    severity=Severity.MEDIUM,
    over=each_migrated_database,
    bears_on=Aspect.INSIDE_DATABASE,
    guards=(Demand.MIGRATIONS,),
    follows=("SQL-001",),
)
def migrations_applied(want: GuardedDatabase, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    The history table of the documented tool (`migrations.tool`, `migrations.table`) is there and holds applied
    migrations; none of its rows is a failed one; and the database is at the expected version, where
    `--expect-migration DB=VERSION` or the policy's `migrations.version` gives one.

    | tool | the version is | what the history cannot say |
    |---|---|---|
    | Flyway | the highest that is applied (`1.0` equals `1`) | |
    | EF Core | the last migration id | failed migrations, who applied one |
    | Alembic | a head | failed migrations, who applied one, which revisions lie before |
    | Liquibase | the id of a change set that has been run | who applied one, which is the newest: some run again |

    With Flyway, the latest migration was applied by one of `migrations.by`, or, where the policy names nobody, not by a
    service. Versions that were undone or deleted do not count, and rows that run nothing are no migrations: schema
    creation, baselines, deletion marks. A baseline still sets the version of the database.

    Flyway records the login, which is `client id@tenant id` for an application and may be overridden
    (`flyway.installedBy`). An application is matched by its client id, its object id and the name of its user in the
    database.

    Not applicable where the server or the database does not exist (SQL-001 says so).

    ## Why it matters
    A service whose database is behind fails at the first new column. A service that runs its own migrations needs
    rights with which an attacker can rebuild the database.

    ## Remediation
    Run the migration step of the deployment pipeline under the pipeline's own identity. After a failed migration, fix
    its cause first; with Flyway, also run `flyway repair`.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure
    - https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
    - https://learn.microsoft.com/ef/core/managing-schemas/migrations/history-table
    - https://alembic.sqlalchemy.org/en/latest/branches.html
    - https://docs.liquibase.com/concepts/tracking-tables/databasechangelog-table.html
    """
    database = want.database
    absent = missing(database, seen)
    if absent is not None:
        return absent
    if database.migrations is None:
        return NotApplicable(f"The policy says nothing of migrations in {database.name}.")
    at = f"{database.id}/tables/{database.migrations}"
    rows = need(seen.database(database.id).history(database.migrations))
    tool = TOOLS[database.migration_tool]
    if rows is None:
        return Fail(
            (Evidence(at, "applied migrations", "no such table"),),
            f"{database.name} has no {tool} history: no table {database.migrations}.",
            "Run the pipeline's migration step; if it keeps its history elsewhere, name it under migrations.table.",
            _PIPELINE,
        )
    if any(row.tool != database.migration_tool for row in rows):
        return Inconclusive((not_asked(f"SQL {database.id} {database.migrations} of {tool}"),))
    rows = tuple(sorted(rows, key=lambda row: row.rank))
    if not applied(database.migration_tool, rows) and all(row.success for row in rows) and not reached(database, rows):
        found = ", ".join(dict.fromkeys(row.type or "any" for row in rows))
        return Fail(
            (
                Evidence(
                    at, "applied migrations", f"none among {counted(len(rows), 'row')}: {found}" if rows else "no rows"
                ),
            ),
            f"{tool}'s history {database.migrations} of {database.name} has no applied migration"
            + (f", only rows of the types {found}." if rows else ": it is empty."),
            _MIGRATE,
            _PIPELINE,
        )
    verdicts = [_failed(database, at, rows), _version(database, at, rows), _applier(want, at, rows, seen)]
    fails = [verdict for verdict in verdicts if isinstance(verdict, Fail)]
    if fails:
        return merged(fails)
    undecided = next((verdict for verdict in verdicts if isinstance(verdict, Inconclusive)), None)
    if undecided is not None:
        return undecided
    return Pass(tuple(evidence for verdict in verdicts if isinstance(verdict, Pass) for evidence in verdict.evidence))


def _failed(database: DesiredDatabase, at: str, rows: tuple[Migration, ...]) -> Verdict:
    failed = [row for row in rows if not row.success]
    if database.migration_tool in ("ef-core", "alembic"):
        return Pass((Evidence(at, "applied migrations", f"{len(rows)} recorded"),))
    if not failed:
        return Pass((Evidence(at, "no failed migration", f"{len(rows)} applied"),))
    return Fail(
        tuple(Evidence(f"{at}/{row.rank}", "success", f"failed: {_name(row)}") for row in failed),
        f"A migration of {database.name} failed: {', '.join(_name(row) for row in failed)}.",
        "Fix the cause of the failed migration, "
        + ("run `flyway repair`, then migrate." if database.migration_tool == "flyway" else "then migrate."),
        _PIPELINE,
    )


def _version(database: DesiredDatabase, at: str, rows: tuple[Migration, ...]) -> Verdict:
    last = newest(database.migration_tool, rows)
    evidence = (Evidence(f"{at}/version", database.version, last),)
    if database.version is None or reached(database, rows):
        return Pass(evidence)
    if passed(database, rows):
        words = f"{database.name} is at migration {last}, ahead of the expected {database.version}."
        advice = "Expect the version that was deployed, or find out who migrated past it."
        return Fail(evidence, words, advice, _PIPELINE)
    if unshown(rows):
        detail = "a migration's id looks like something else, and is not shown"
        return Inconclusive((Gap(GapReason.NOT_COLLECTED, f"SQL {at}", database.id, detail=detail),))
    if database.migration_tool == "alembic":
        words = f"{database.name} is at revision {last or 'none'}, not at the expected {database.version}."
    elif database.migration_tool == "liquibase":
        words = f"The change set {database.version} has not been run on {database.name}; the last one was {last}."
    else:
        words = f"{database.name} is at migration {last or 'none'}, behind the expected {database.version}."
    return Fail(evidence, words, _MIGRATE, _PIPELINE)


def _applier(want: GuardedDatabase, at: str, rows: tuple[Migration, ...], seen: Snapshot) -> Verdict:
    latest, database = next((row for row in reversed(rows) if not marks(row)), None), want.database
    if latest is None or latest.by is None:
        return Pass((Evidence(at, "the latest migration", "none" if latest is None else _name(latest)),))
    expected = ", ".join(database.migrated_by) or "no service"
    evidence = (Evidence(f"{at}/{latest.rank}/installed_by", expected, latest.by),)
    inside = seen.database(database.id)
    services = clients_of(seen, want.users, want.others, slots_in=database.env)
    if database.migrated_by:
        return _expected(want, latest, latest.by, evidence, services, inside)
    owner = _owner(latest.by, inside, services)
    if owner is not None:
        words = f"{owner} applied the latest migration of {database.name} ({_name(latest)}) itself."
        return Fail(evidence, words, "Migrate in the pipeline, under its own identity.", _PIPELINE)
    gaps = tuple(dict.fromkeys(gap for gap in (*services.gaps, inside.principals.gap) if gap is not None))
    return Inconclusive(gaps) if gaps else Pass(evidence)


def _expected(
    want: GuardedDatabase,
    latest: Migration,
    by: str,
    evidence: tuple[Evidence, ...],
    services: ClientIds,
    inside: DatabaseContents,
) -> Verdict:
    """Whether it was one of those whom the policy names, by any of the names that the identity has."""
    database = want.database
    names = _names(by, inside, services)
    if names & {name for known in database.migrated_by for name in _names(known, inside, services)}:
        return Pass(evidence)
    application = _application(by)
    if application is not None and names <= {by.casefold(), application}:
        # Its user would tell its name. Without one (an administrator is dbo), only the policy can.
        if inside.principals.gap is not None:
            return Inconclusive((inside.principals.gap,))
        call = f"SQL {database.id} name of the application {application}"
        detail = "no user of the database is this application: name its client id in migrations.by, if it is expected"
        return Inconclusive((Gap(GapReason.NOT_COLLECTED, call, database.id, detail=detail),))
    words = f"{by} applied the latest migration of {database.name} ({_name(latest)}), not the pipeline."
    return Fail(evidence, words, "Migrate in the pipeline, under its own identity.", _PIPELINE)


def _names(one: str, inside: DatabaseContents, services: ClientIds) -> set[str]:
    """The casefolded names of an identity that has this one: its user in the database, its client and object id."""
    names = {one.casefold(), _application(one) or one.casefold()}
    users = [{user.name.casefold(), user.entra_id} for user in inside.principals.items if user.entra_id is not None]
    for same in users:  # a name leads to the client id, that to the object id, and back
        if same & names:
            names |= same
    clients = [client for name in names for client in services.having(name)]
    names |= {each for client in clients for each in (client.id, client.principal.casefold() or client.id)}
    for same in users:
        if same & names:
            names |= same
    return names


def _application(by: str) -> str | None:
    """The client id of `client id@tenant id`, as SQL Server names an application, or of a bare GUID; None of others."""
    found = _LOGIN.fullmatch(by.casefold())
    return found[1] if found is not None else None


def _owner(by: str, inside: DatabaseContents, services: ClientIds) -> str | None:
    """The service behind a recorded name."""
    names = _names(by, inside, services)
    for user in inside.principals.items:
        owner = services.owner(user)
        if owner is not None and user.name.casefold() in names:
            return f"The user {user.name}, {owner.words},"
    for client in (one for name in sorted(names) for one in services.having(name)):
        if client.id in names:
            return f"{client.words[0].upper()}{client.words[1:]}"
    return None


def _name(row: Migration) -> str:
    return f"{row.version or 'repeatable'} {row.description}".strip()
