"""What the history of a database's migrations says, in the words of the tool that writes it."""

import re

from mzaudit.policy.desired import DesiredDatabase
from mzaudit.snapshot.databases import Migration

TOOLS = {"flyway": "Flyway", "ef-core": "EF Core", "alembic": "Alembic", "liquibase": "Liquibase"}
_SKIPPED = "SKIPPED"  # what Liquibase calls a change set that it passed over


def applied(tool: str, rows: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The migrations that were run and stand."""
    return tuple(row for row in _standing(tool, rows) if not marks(row))


def newest(tool: str, rows: tuple[Migration, ...]) -> str | None:
    """The newest migration that is applied, or, by Flyway, that a baseline says to be. Liquibase's change sets run
    again where they say so, and Alembic keeps every head: of theirs it is the last."""
    standing = _standing(tool, rows)
    if tool != "flyway":
        return standing[-1].version if standing else None
    versions = {
        parts(row.version): row.version
        for row in standing
        if row.version is not None and row.type.upper() != "SCHEMA" and parts(row.version)
    }
    return versions[max(versions)] if versions else None


def reached(database: DesiredDatabase, rows: tuple[Migration, ...]) -> bool:
    """Whether the database is at the version that is expected, where one is: it is the newest by Flyway and EF Core,
    one of the heads by Alembic; by Liquibase, which runs change sets again, it has been run."""
    tool, version = database.migration_tool, database.version
    if version is None:
        return False
    last = newest(tool, rows)
    match tool:
        case "flyway":
            return last is not None and parts(last) == parts(version)
        case "ef-core":
            return last is not None and last.casefold() == version.casefold()
        case _:
            return version in {row.version for row in _standing(tool, rows)}


def passed(database: DesiredDatabase, rows: tuple[Migration, ...]) -> bool:
    """Whether the database is known to be past the version that is expected."""
    last, version = newest(database.migration_tool, rows), database.version or ""
    match database.migration_tool:
        case "flyway":
            return last is not None and parts(last) > parts(version)
        case "ef-core":
            return version.casefold() in {(row.version or "").casefold() for row in rows}
        case _:
            return False


def unshown(rows: tuple[Migration, ...]) -> bool:
    """Whether an id is kept back because it looks like something else."""
    return any(" " in (row.version or "") for row in rows)


def _standing(tool: str, rows: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The rows that succeeded and that no later one takes away: in Flyway's history an undo does, as does a row that
    says deleted. A repeatable migration is known by its description."""
    if tool != "flyway":
        return tuple(row for row in rows if row.success and row.type != _SKIPPED)
    standing: dict[object, Migration] = {}
    for row in rows:
        if not row.success:
            continue
        which = row.description if row.version is None else parts(row.version) or row.version
        if row.type.upper().startswith("UNDO") or row.type.upper() == "DELETE":
            standing.pop(which, None)
        else:
            standing[which] = row
    return tuple(standing.values())


def marks(row: Migration) -> bool:
    """Whether a row of Flyway's runs nothing.

    https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
    """
    return row.type.upper() in ("SCHEMA", "BASELINE", "DELETE")


def parts(version: str) -> tuple[int, ...]:
    """A version as Flyway compares it: numbers, without zeros at the end; empty if it is none."""
    pieces = re.split(r"[._]", version)
    if not all(piece.isascii() and piece.isdigit() and len(piece) < 30 for piece in pieces):
        return ()
    numbers = [int(piece) for piece in pieces]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
