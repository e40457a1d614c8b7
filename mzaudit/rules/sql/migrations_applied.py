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
from mzaudit.snapshot.databases import DatabaseContents, Migration
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason

_MIGRATE = "Run the pipeline's migration step, and see why it did not."
_GUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LOGIN = re.compile(rf"({_GUID})(?:@{_GUID})?")
_PIPELINE = Fix("whoever may run the deployment pipeline", (az("pipelines run", name="SQL_MIGRATION_PIPELINE"),))


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
    Flyway's history table (`migrations.table`) is there and holds applied migrations; none of its rows is a failed one;
    the newest version that is applied is the expected one, where `--expect-migration DB=VERSION` or the policy's
    `migrations.version` gives one (`1.0` and `1` are one version); and the latest migration was applied by one of
    `migrations.by`, or, where the policy names nobody, not by a service. Versions that were undone or deleted do not
    count, and rows that run nothing are no migrations: that Flyway made a schema, took a baseline, or marked a
    migration as deleted. A baseline says which version the database is at all the same.

    Flyway records the login, which is `client id@tenant id` for an application and may be overridden
    (`flyway.installedBy`): an application is known by its client id, its object id and the name of its user in the
    database.

    Not applicable where the server or the database does not exist (SQL-001 says so).

    ## Why it matters
    A service whose database is behind fails at the first new column. A service that migrates by itself needs rights
    with which whoever takes it over can rebuild the database.

    ## Remediation
    Run the migration step of the deployment pipeline under the pipeline's own identity. After a failed migration, mend
    its cause and run `flyway repair` before.

    ## References
    - https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure
    - https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
    """
    database = want.database
    absent = missing(database, seen)
    if absent is not None:
        return absent
    if database.migrations is None:
        return NotApplicable(f"The policy says nothing of migrations in {database.name}.")
    at = f"{database.id}/tables/{database.migrations}"
    rows = need(seen.database(database.id).history(database.migrations))
    if rows is None:
        return Fail(
            (Evidence(at, "applied migrations", "no such table"),),
            f"There is no Flyway history in {database.name}: it has no table {database.migrations}.",
            "Run the pipeline's migration step; if it keeps its history elsewhere, name it under migrations.table.",
            _PIPELINE,
        )
    rows = tuple(sorted(rows, key=lambda row: row.rank))
    if not _applied(rows) and all(row.success for row in rows) and not _reached(database, _newest(rows)):
        found = ", ".join(dict.fromkeys(row.type for row in rows))
        return Fail(
            (
                Evidence(
                    at, "applied migrations", f"none among {counted(len(rows), 'row')}: {found}" if rows else "no rows"
                ),
            ),
            f"Flyway's history {database.migrations} of {database.name} holds no applied migration"
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
    if not failed:
        return Pass((Evidence(at, "no failed migration", f"{len(rows)} applied"),))
    return Fail(
        tuple(Evidence(f"{at}/{row.rank}", "success", f"failed: {_name(row)}") for row in failed),
        f"A migration of {database.name} failed: {', '.join(_name(row) for row in failed)}.",
        "Mend the cause of the failed migration, run `flyway repair`, then migrate.",
        _PIPELINE,
    )


def _version(database: DesiredDatabase, at: str, rows: tuple[Migration, ...]) -> Verdict:
    newest = _newest(rows)
    evidence = (Evidence(f"{at}/version", database.version, newest),)
    if database.version is None or _reached(database, newest):
        return Pass(evidence)
    if newest is None or _parts(newest) < _parts(database.version):
        words = f"{database.name} is at migration {newest or 'none'}, behind the expected {database.version}."
        return Fail(evidence, words, _MIGRATE, _PIPELINE)
    words = f"{database.name} is at migration {newest}, ahead of the expected {database.version}."
    return Fail(evidence, words, "Expect the version that was deployed, or find out who migrated past it.", _PIPELINE)


def _reached(database: DesiredDatabase, newest: str | None) -> bool:
    """Whether that is the version that is expected, where one is."""
    return database.version is not None and newest is not None and _parts(newest) == _parts(database.version)


def _newest(rows: tuple[Migration, ...]) -> str | None:
    """The highest version that is applied, or that a baseline says to be."""
    versions = {
        _parts(row.version): row.version
        for row in _standing(rows)
        if row.version is not None and row.type.upper() != "SCHEMA" and _parts(row.version)
    }
    return versions[max(versions)] if versions else None


def _applied(rows: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The migrations that were run and stand."""
    return tuple(row for row in _standing(rows) if not _marks(row))


def _standing(rows: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The rows that succeeded and that no later one takes away: an undo does, as does a row that says deleted. A
    repeatable migration is known by its description."""
    standing: dict[object, Migration] = {}
    for row in rows:
        if not row.success:
            continue
        which = row.description if row.version is None else _parts(row.version) or row.version
        if row.type.upper().startswith("UNDO") or row.type.upper() == "DELETE":
            standing.pop(which, None)
        else:
            standing[which] = row
    return tuple(standing.values())


def _marks(row: Migration) -> bool:
    """Whether the row runs nothing.

    https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
    """
    return row.type.upper() in ("SCHEMA", "BASELINE", "DELETE")


def _parts(version: str) -> tuple[int, ...]:
    """A version as Flyway compares it: numbers, without zeros at the end; empty if it is none."""
    pieces = re.split(r"[._]", version)
    if not all(piece.isascii() and piece.isdigit() and len(piece) < 30 for piece in pieces):
        return ()
    numbers = [int(piece) for piece in pieces]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _applier(want: GuardedDatabase, at: str, rows: tuple[Migration, ...], seen: Snapshot) -> Verdict:
    latest, database = next((row for row in reversed(rows) if not _marks(row)), None), want.database
    if latest is None:
        return Pass((Evidence(at, "the latest migration", "none"),))
    expected = ", ".join(database.migrated_by) or "no service"
    evidence = (Evidence(f"{at}/{latest.rank}/installed_by", expected, latest.by),)
    inside = seen.database(database.id)
    services = clients_of(seen, want.users, want.others, slots_in=database.env)
    if database.migrated_by:
        return _expected(want, latest, evidence, services, inside)
    owner = _owner(latest.by, inside, services)
    if owner is not None:
        words = f"{owner} applied the latest migration of {database.name} ({_name(latest)}) itself."
        return Fail(evidence, words, "Migrate in the pipeline, under its own identity.", _PIPELINE)
    gaps = tuple(dict.fromkeys(gap for gap in (*services.gaps, inside.principals.gap) if gap is not None))
    return Inconclusive(gaps) if gaps else Pass(evidence)


def _expected(
    want: GuardedDatabase,
    latest: Migration,
    evidence: tuple[Evidence, ...],
    services: ClientIds,
    inside: DatabaseContents,
) -> Verdict:
    """Whether it was one of those whom the policy names, by any of the names that the identity has."""
    database = want.database
    names = _names(latest.by, inside, services)
    if names & {name for known in database.migrated_by for name in _names(known, inside, services)}:
        return Pass(evidence)
    application = _application(latest.by)
    if application is not None and names <= {latest.by.casefold(), application}:
        # Its user would tell its name. Without one (an administrator is dbo), only the policy can.
        if inside.principals.gap is not None:
            return Inconclusive((inside.principals.gap,))
        call = f"SQL {database.id} name of the application {application}"
        detail = "no user of the database is this application: name its client id in migrations.by, if it is expected"
        return Inconclusive((Gap(GapReason.NOT_COLLECTED, call, database.id, detail=detail),))
    words = f"{latest.by} applied the latest migration of {database.name} ({_name(latest)}), not the pipeline."
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
