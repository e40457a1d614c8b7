"""SQL-008, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.policy.desired import MigrationTool
from mzaudit.rules.sql._database_subjects import GuardedDatabase, each_migrated_database
from mzaudit.rules.sql.migrations_applied import migrations_applied
from mzaudit.snapshot.databases import Migration
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.text.shown import Shown
from tests.built_estate import (
    PIPELINE,
    TENANT,
    Bend,
    ask,
    bent,
    client,
    database,
    database_gone,
    entra_id,
    gap,
    inside,
    less,
    principal,
    said,
    service,
    site,
    wanted,
)

CLOUD, DB = service("cloud"), database("cloud")
PIPELINE_LOGIN = f"{entra_id(DB, PIPELINE)}@{TENANT}"
SCHEMA = Migration(0, None, Shown("<< Flyway Schema Creation >>"), "SCHEMA", PIPELINE, True)
BASELINE = Migration(1, "4", Shown("<< Flyway Baseline >>"), "BASELINE", PIPELINE, True)
LAST = Migration(6, "6", Shown("the last step"), "SQL", PIPELINE, True)


def history(*rows: Migration) -> Bend:
    return inside(DB, migrations={"dbo.flyway_schema_history": Observed(rows)})


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "a repeatable one last": ((history(LAST, replace(LAST, rank=7, version=None)),), Pass, ""),
    "by an operator": ((history(replace(LAST, by="joe@example.com")),), Pass, ""),
    "an earlier one by the app": ((history(replace(LAST, rank=1, by=CLOUD.app), LAST),), Pass, ""),
    "no table": (
        (inside(DB, migrations={"dbo.flyway_schema_history": Observed(None)}),),
        Fail,
        "db-monozu-cloud-prd has no Flyway history: no table dbo.flyway_schema_history.",
    ),
    "no rows": ((history(),), Fail, "is empty"),
    "a failed row": ((history(LAST, replace(LAST, rank=3, version="3", success=False)),), Fail, "failed: 3 the last"),
    "by the app's user": (
        (history(replace(LAST, by=CLOUD.app.upper())),),
        Fail,
        "the identity of cloud of prd, applied",
    ),
    "by the app's client id": (
        (history(replace(LAST, by=f"{client(CLOUD)}@{TENANT}")),),
        Fail,
        "the identity of cloud of prd, applied the latest migration",
    ),
    "by the app's client id, which is no user here": (
        (
            history(replace(LAST, by=f"{client(CLOUD)}@{TENANT}")),
            less(DB, "principals", lambda one: one.name == CLOUD.app),
        ),
        Fail,
        "The identity of cloud of prd applied the latest migration",
    ),
    "by the app's object id": ((history(replace(LAST, by=principal(CLOUD))),), Fail, "the identity of cloud of prd"),
    "by the pipeline's client id": ((history(replace(LAST, by=PIPELINE_LOGIN)),), Pass, ""),
    "nothing but a schema made": ((history(SCHEMA),), Fail, "no applied migration, only rows of the types SCHEMA."),
    "nothing but a baseline": ((history(SCHEMA, BASELINE),), Fail, "only rows of the types SCHEMA, BASELINE."),
    "a migration that was deleted": ((history(LAST, replace(LAST, rank=7, type="DELETE")),), Fail, "SQL, DELETE."),
    "a repeatable migration that was deleted": (
        (history(replace(LAST, version=None), replace(LAST, version=None, rank=7, type="DELETE")),),
        Fail,
        "no applied migration",
    ),
    "a migration that was undone": ((history(LAST, replace(LAST, rank=7, type="UNDO_SQL")),), Fail, "SQL, UNDO_SQL."),
    "a deleted one, applied again": (
        (history(LAST, replace(LAST, rank=7, type="DELETE"), replace(LAST, rank=8)),),
        Pass,
        "",
    ),
    "a script after a baseline": ((history(SCHEMA, BASELINE, replace(LAST, type="SCRIPT")),), Pass, ""),
    "a migration of a baseline script": ((history(replace(LAST, type="SQL_BASELINE")),), Pass, ""),
    "a schema made by the app, a migration by the pipeline": (
        (history(replace(SCHEMA, by=CLOUD.app), LAST),),
        Pass,
        "",
    ),
    "repaired by the app after the pipeline": (
        (history(LAST, replace(LAST, rank=7, version="5", type="DELETE", by=CLOUD.app)),),
        Pass,
        "",
    ),
    "by another service": ((history(replace(LAST, by=f"{client(service('manage'))}@{TENANT}")),), Fail, "manage"),
    "client id of the app refused": ((site(CLOUD, identity=gap("GET identity")),), Inconclusive, "GET identity"),
    "users unread": ((inside(DB, principals=Listing(gap=gap("SQL users"))),), Inconclusive, "SQL users"),
    "no right on the table": (
        (inside(DB, migrations={"dbo.flyway_schema_history": gap("SQL history")}),),
        Inconclusive,
        "SQL history",
    ),
    "another table": ((inside(DB, migrations={"dbo.other": Observed((LAST,))}),), Inconclusive, "flyway"),
    "no database": ((database_gone(DB),), NotApplicable, "does not exist"),
}


@pytest.mark.parametrize("case", CASES)
def test_migrations_applied(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(migrations_applied, DB.name, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


FIVE = (replace(LAST, rank=5, version="5"), LAST)
EXPECTED: dict[str, tuple[dict[str, Any], tuple[Bend, ...], type, str]] = {
    "reached": ({"version": "5"}, (), Pass, ""),
    "spelled otherwise": ({"version": "5.0"}, (), Pass, ""),
    "behind": ({"version": "5.0.1"}, (), Fail, "is at migration 5, behind the expected 5.0.1"),
    "ahead": ({"version": "4_9"}, (), Fail, "is at migration 5, ahead of the expected 4_9"),
    "numbers, not text": (
        {"version": "10"},
        (history(replace(LAST, version="9"), replace(LAST, version="10")),),
        Pass,
        "",
    ),
    "undone": ({"version": "5"}, (history(*FIVE, replace(LAST, rank=7, type="UNDO_SQL")),), Pass, ""),
    "deleted": ({"version": "6"}, (history(*FIVE, replace(LAST, rank=7, type="DELETE")),), Fail, "behind"),
    "repeatable ones alone": ({"version": "5"}, (history(replace(LAST, version=None)),), Fail, "is at migration none"),
    "by the pipeline": ({"migrated_by": (PIPELINE,)}, (), Pass, ""),
    "at a baseline": ({"version": "4"}, (history(SCHEMA, BASELINE),), Pass, ""),
    "behind at a baseline": ({"version": "5"}, (history(SCHEMA, BASELINE),), Fail, "no applied migration"),
    "by the pipeline under its login": (
        {"migrated_by": (PIPELINE,)},
        (history(replace(LAST, by=PIPELINE_LOGIN.upper())),),
        Pass,
        "",
    ),
    "by the pipeline's client id, its user named": ({"migrated_by": (entra_id(DB, PIPELINE),)}, (), Pass, ""),
    "by the pipeline's login, its client id named": (
        {"migrated_by": (entra_id(DB, PIPELINE),)},
        (history(replace(LAST, by=PIPELINE_LOGIN)), less(DB, "principals", lambda one: one.name == PIPELINE)),
        Pass,
        "",
    ),
    "by an application that is no user": (
        {"migrated_by": (PIPELINE,)},
        (history(replace(LAST, by=f"57a9657a-0000-0000-0000-000000000001@{TENANT}")),),
        Inconclusive,
        "migrations.by",
    ),
    "by an application, users unread": (
        {"migrated_by": (PIPELINE,)},
        (history(replace(LAST, by=PIPELINE_LOGIN)), inside(DB, principals=Listing(gap=gap("SQL users")))),
        Inconclusive,
        "SQL users",
    ),
    "by the app under its login": (
        {"migrated_by": (PIPELINE,)},
        (history(replace(LAST, by=f"{client(CLOUD)}@{TENANT}")),),
        Fail,
        "applied the latest migration",
    ),
    "by another user of the database under its login": (
        {"migrated_by": (CLOUD.app,)},
        (history(replace(LAST, by=PIPELINE_LOGIN)),),
        Fail,
        "applied the latest migration",
    ),
    "by somebody else": ({"migrated_by": ("pipe",)}, (), Fail, f"{PIPELINE} applied the latest migration"),
    "by the pipeline, client ids refused": (
        {"migrated_by": (PIPELINE,)},
        (site(CLOUD, identity=gap()),),
        Pass,
        "",
    ),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_what_is_expected(case: str) -> None:
    fields, bends, kind, words = EXPECTED[case]
    bound = wanted()
    subject = next(s for s in each_migrated_database(bound, bound.environments["prd"]) if s.name == DB.name)
    want: GuardedDatabase = replace(subject.want, database=replace(subject.want.database, **fields))
    verdict = migrations_applied.check(want, bent(*bends))
    assert type(verdict) is kind
    assert words in said(verdict)


def recorded(tool: str, *ids: str, **fields: Any) -> tuple[Migration, ...]:
    """Rows as the reader makes them of a tool's history."""
    row = Migration(0, None, Shown(""), "EXECUTED" if tool == "liquibase" else "", None, True, tool)
    return tuple(replace(row, rank=rank, version=each, **fields) for rank, each in enumerate(ids, 1))


FIRST, SECOND = "20240410153729_First", "20240601080000_Second"
RAN = recorded("liquibase", "create-orders", "add-index", "views")
# The tool, the rows or None for no table, the expected version; what is said.
TOOLS: dict[str, tuple[MigrationTool, tuple[Migration, ...] | None, str | None, type, str]] = {
    "EF Core, something applied": ("ef-core", recorded("ef-core", FIRST, SECOND), None, Pass, ""),
    "EF Core, at the expected": ("ef-core", recorded("ef-core", FIRST, SECOND), SECOND, Pass, ""),
    "EF Core, in another case": ("ef-core", recorded("ef-core", FIRST, SECOND), SECOND.lower(), Pass, ""),
    "EF Core, behind": ("ef-core", recorded("ef-core", FIRST), SECOND, Fail, f"is at migration {FIRST}, behind"),
    "EF Core, ahead": ("ef-core", recorded("ef-core", FIRST, SECOND), FIRST, Fail, "ahead of the expected"),
    "EF Core, no rows": ("ef-core", (), None, Fail, "EF Core's history dbo.it"),
    "EF Core, no table": ("ef-core", None, None, Fail, "has no EF Core history"),
    "Alembic, at a head": ("alembic", recorded("alembic", "ae1027a6acf"), "ae1027a6acf", Pass, ""),
    "Alembic, one of two heads": (
        "alembic",
        recorded("alembic", "27c6a30d7c24", "ae1027a6acf"),
        "27c6a30d7c24",
        Pass,
        "",
    ),
    "Alembic, elsewhere": (
        "alembic",
        recorded("alembic", "ae1027a6acf"),
        "27c6a30d7c24",
        Fail,
        "is at revision ae1027a6acf, not at the expected 27c6a30d7c24",
    ),
    "Alembic, at the base": ("alembic", (), None, Fail, "has no applied migration: it is empty."),
    "Liquibase, run": ("liquibase", RAN, "add-index", Pass, ""),
    "Liquibase, not run": ("liquibase", RAN, "drop-orders", Fail, "drop-orders has not been run on"),
    "Liquibase, marked as run": (
        "liquibase",
        (*RAN, *recorded("liquibase", "seed", type="MARK_RAN")),
        "seed",
        Pass,
        "",
    ),
    "Liquibase, skipped": (
        "liquibase",
        (*RAN, *recorded("liquibase", "seed", type="SKIPPED")),
        "seed",
        Fail,
        "seed has not been run",
    ),
    "Liquibase, failed": (
        "liquibase",
        (*RAN, *recorded("liquibase", "seed", type="FAILED", success=False)),
        None,
        Fail,
        "failed: seed",
    ),
    "an id that is not shown": (
        "liquibase",
        recorded("liquibase", Shown("a text (not shown)")),
        "seed",
        Inconclusive,
        "is not shown",
    ),
    "rows of another tool": ("alembic", RAN, None, Inconclusive, "of Alembic"),
}


@pytest.mark.parametrize("case", TOOLS)
def test_each_tool_by_its_own_history(case: str) -> None:
    tool, rows, version, kind, words = TOOLS[case]
    bound = wanted()
    subject = next(s for s in each_migrated_database(bound, bound.environments["prd"]) if s.name == DB.name)
    documented = replace(subject.want.database, migration_tool=tool, migrations="dbo.it", version=version)
    want: GuardedDatabase = replace(subject.want, database=documented)
    verdict = migrations_applied.check(want, bent(inside(DB, migrations={"dbo.it": Observed(rows)})))
    assert type(verdict) is kind
    assert words in said(verdict)
