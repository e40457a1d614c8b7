"""SQL-008: the migrations have been applied, by the pipeline."""

import re

from mzaudit.audit import Evidence, Fail, Fix, Pass, Severity, Verdict, need, rule
from mzaudit.audit.az import az
from mzaudit.audit.database_subjects import GuardedDatabase, each_guarded_database
from mzaudit.audit.database_users import Clients, clients_of, missing
from mzaudit.audit.quantify import merged
from mzaudit.audit.verdict import Inconclusive
from mzaudit.policy.wanted import WantedDatabase
from mzaudit.snapshot.databases import DatabaseContents, Migration
from mzaudit.snapshot.estate import Snapshot

_MIGRATE = "Run the pipeline's migration step, and see why it did not."
_PIPELINE = Fix("whoever may run the deployment pipeline", (az("pipelines run", name="SQL_MIGRATION_PIPELINE"),))


@rule(
    "SQL-008",
    title="The migrations have been applied by the pipeline",
    severity=Severity.MEDIUM,
    over=each_guarded_database,
)
def migrations_applied(want: GuardedDatabase, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Flyway's history table (`sql.migrations`) is there and holds applied migrations; none of its rows is a failed one;
    the newest version that is applied is the expected one, where `--expect-migration DB=VERSION` or the policy's
    `sql.versions` gives one (`1.0` and `1` are one version); and the latest migration was applied by one of
    `sql.migrated_by`, or, where the policy names nobody, not by a service: neither under the name of a user with a
    service's SID nor under a service's client id. Versions that were undone do not count.

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
    at = f"{database.id}/tables/{database.migrations}"
    rows = need(seen.database(database.id).history(database.migrations))
    if not rows:
        words = "does not exist" if rows is None else "is empty"
        return Fail(
            (Evidence(at, "applied migrations", "no such table" if rows is None else "no rows"),),
            f"Flyway's history {database.migrations} of {database.name} {words}: no migration was ever applied there.",
            _MIGRATE,
            _PIPELINE,
        )
    rows = tuple(sorted(rows, key=lambda row: row.rank))
    verdicts = [_failed(database, at, rows), _version(database, at, rows), _applier(want, at, rows, seen)]
    fails = [verdict for verdict in verdicts if isinstance(verdict, Fail)]
    if fails:
        return merged(fails)
    undecided = next((verdict for verdict in verdicts if isinstance(verdict, Inconclusive)), None)
    if undecided is not None:
        return undecided
    return Pass(tuple(evidence for verdict in verdicts if isinstance(verdict, Pass) for evidence in verdict.evidence))


def _failed(database: WantedDatabase, at: str, rows: tuple[Migration, ...]) -> Verdict:
    failed = [row for row in rows if not row.success]
    if not failed:
        return Pass((Evidence(at, "no failed migration", f"{len(rows)} applied"),))
    return Fail(
        tuple(Evidence(f"{at}/{row.rank}", "success", f"failed: {_name(row)}") for row in failed),
        f"A migration of {database.name} failed: {', '.join(_name(row) for row in failed)}.",
        "Mend the cause of the failed migration, run `flyway repair`, then migrate.",
        _PIPELINE,
    )


def _version(database: WantedDatabase, at: str, rows: tuple[Migration, ...]) -> Verdict:
    newest = _newest(rows)
    evidence = (Evidence(f"{at}/version", database.version, newest),)
    if database.version is None or (newest is not None and _parts(newest) == _parts(database.version)):
        return Pass(evidence)
    if newest is None or _parts(newest) < _parts(database.version):
        words = f"{database.name} is at migration {newest or 'none'}, behind the expected {database.version}."
        return Fail(evidence, words, _MIGRATE, _PIPELINE)
    words = f"{database.name} is at migration {newest}, ahead of the expected {database.version}."
    return Fail(evidence, words, "Expect the version that was deployed, or find out who migrated past it.", _PIPELINE)


def _newest(rows: tuple[Migration, ...]) -> str | None:
    """The highest version that is applied: an undo takes its version away again, as does a row that says deleted."""
    applied: dict[tuple[int, ...], str] = {}
    for row in rows:
        if row.version is None or not row.success or not _parts(row.version):
            continue
        if row.type.upper().startswith("UNDO") or row.type.upper() == "DELETE":
            applied.pop(_parts(row.version), None)
        else:
            applied[_parts(row.version)] = row.version
    return applied[max(applied)] if applied else None


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
    latest, database = rows[-1], want.database
    expected = ", ".join(database.migrated_by) or "no service"
    evidence = (Evidence(f"{at}/{latest.rank}/installed_by", expected, latest.by),)
    if database.migrated_by:
        if latest.by.casefold() in database.migrated_by:
            return Pass(evidence)
        words = f"{latest.by} applied the latest migration of {database.name} ({_name(latest)}), not the pipeline."
        return Fail(evidence, words, "Migrate in the pipeline, under its own identity.", _PIPELINE)
    inside = seen.database(database.id)
    services = clients_of(seen, (*want.users, *want.others), slots_in=database.env)
    owner = _owner(latest.by, inside, services)
    if owner is not None:
        words = f"{owner} applied the latest migration of {database.name} ({_name(latest)}) itself."
        return Fail(evidence, words, "Migrate in the pipeline, under its own identity.", _PIPELINE)
    gaps = tuple(dict.fromkeys(gap for gap in (*services.gaps, inside.principals.gap) if gap is not None))
    return Inconclusive(gaps) if gaps else Pass(evidence)


def _owner(by: str, inside: DatabaseContents, services: Clients) -> str | None:
    """The service behind a recorded name: a user of the database, or `client id@tenant id` as SQL Server writes it."""
    for user in inside.principals.items:
        owner = services.owner(user)
        if owner is not None and user.name.casefold() == by.casefold():
            return f"The user {user.name}, {owner.words},"
    for client in services.items:
        if by.casefold().partition("@")[0] == client.id:
            return f"{client.words[0].upper()}{client.words[1:]}"
    return None


def _name(row: Migration) -> str:
    return f"{row.version or 'repeatable'} {row.description}".strip()
