"""SQL-008, case by case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mzaudit.audit import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.audit.database_subjects import GuardedDatabase, each_guarded_database
from mzaudit.rules.sql.migrations_applied import migrations_applied
from mzaudit.snapshot.databases import Migration
from mzaudit.snapshot.observed import Listing, Observed
from tests.estate import (
    PIPELINE,
    TENANT,
    Bend,
    ask,
    bent,
    client,
    database,
    database_gone,
    gap,
    inside,
    said,
    service,
    site,
    wanted,
)

CLOUD, DB = service("cloud"), database("cloud")
LAST = Migration(6, "6", "the last step", "SQL", PIPELINE, True)


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
        "dbo.flyway_schema_history of db-monozu-cloud-prd does not exist",
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
        "The identity of cloud of prd applied the latest migration",
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
    "no database": ((database_gone(DB),), NotApplicable, "(SQL-001)"),
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
    subject = next(s for s in each_guarded_database(bound, bound.environments["prd"]) if s.name == DB.name)
    want: GuardedDatabase = replace(subject.want, database=replace(subject.want.database, **fields))
    verdict = migrations_applied.check(want, bent(*bends))
    assert type(verdict) is kind
    assert words in said(verdict)
