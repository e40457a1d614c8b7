"""The tables in which tools record the migrations of a database, with rows as each tool writes them.

Flyway: https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
EF Core: https://learn.microsoft.com/ef/core/managing-schemas/migrations/history-table
Alembic: https://alembic.sqlalchemy.org/en/latest/tutorial.html
Liquibase: https://docs.liquibase.com/concepts/tracking-tables/databasechangelog-table.html
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from mzaudit.simulator.estates.estate_plan import HistoryPlan
from mzaudit.simulator.sql.contents import SqlColumn, Table, Value

_MIGRATIONS = ("baseline", "devices and readings", "alarms", "row level security", "alarm acknowledgement")
_COLUMNS = {
    "flyway": (
        SqlColumn("installed_rank", "int"),
        SqlColumn("version", "nvarchar(50)", nullable=True),
        SqlColumn("description", "nvarchar(200)", nullable=True),
        SqlColumn("type", "nvarchar(20)"),
        SqlColumn("script", "nvarchar(1000)"),
        SqlColumn("checksum", "int", nullable=True),
        SqlColumn("installed_by", "nvarchar(100)"),
        SqlColumn("installed_on", "datetime"),
        SqlColumn("execution_time", "int"),
        SqlColumn("success", "bit"),
    ),
    "ef-core": (SqlColumn("MigrationId", "nvarchar(150)"), SqlColumn("ProductVersion", "nvarchar(32)")),
    "alembic": (SqlColumn("version_num", "varchar(32)"),),
    "liquibase": (
        SqlColumn("ID", "nvarchar(255)"),
        SqlColumn("AUTHOR", "nvarchar(255)"),
        SqlColumn("FILENAME", "nvarchar(255)"),
        SqlColumn("DATEEXECUTED", "datetime"),
        SqlColumn("ORDEREXECUTED", "int"),
        SqlColumn("EXECTYPE", "nvarchar(10)"),
        SqlColumn("MD5SUM", "nvarchar(35)", nullable=True),
        SqlColumn("DESCRIPTION", "nvarchar(255)", nullable=True),
        SqlColumn("COMMENTS", "nvarchar(255)", nullable=True),
        SqlColumn("TAG", "nvarchar(255)", nullable=True),
        SqlColumn("LIQUIBASE", "nvarchar(20)", nullable=True),
        SqlColumn("CONTEXTS", "nvarchar(255)", nullable=True),
        SqlColumn("LABELS", "nvarchar(255)", nullable=True),
        SqlColumn("DEPLOYMENT_ID", "nvarchar(10)", nullable=True),
    ),
}


def table(plan: HistoryPlan, login: str, midnight: datetime) -> Table:
    """The history as its tool writes it under a login, which is an application's client id and tenant (SUSER_SNAME);
    with a version, the newest row has it."""
    schema, _, name = plan.table.partition(".")
    rows = list(_ROWS[plan.tool](plan.version, plan.applied_by or login, midnight))
    return Table(schema, name, list(_COLUMNS[plan.tool]), rows)


def _flyway(version: str, login: str, midnight: datetime) -> list[tuple[Value, ...]]:
    """First that Flyway made the schema, then each migration."""
    first = midnight - timedelta(days=60, hours=3)
    made = "<< Flyway Schema Creation >>"
    rows: list[tuple[Value, ...]] = [(0, None, made, "SCHEMA", "[sec]", None, login, first, 0, True)]
    for rank, description in enumerate(_MIGRATIONS[:1] if version else _MIGRATIONS, 1):
        number = version or str(rank)
        script = f"V{number}__{description.replace(' ', '_')}.sql"
        applied = midnight - timedelta(days=60 - 10 * rank, hours=3)
        checksum = sum(script.encode()) * 7919
        rows.append((rank, number, description, "SQL", script, checksum, login, applied, 40 + rank, True))
    return rows


def _ef_core(version: str, login: str, midnight: datetime) -> list[tuple[Value, ...]]:
    """A row for each migration; its id begins with the moment at which it was made."""
    rows: list[tuple[Value, ...]] = []
    for rank, description in enumerate(_MIGRATIONS, 1):
        made = midnight - timedelta(days=60 - 10 * rank, hours=3)
        rows.append((f"{made:%Y%m%d%H%M%S}_{description.title().replace(' ', '')}", "9.0.4"))
    return [*(row for row in rows if str(row[0]) < version), (version, "9.0.4")] if version else rows


def _alembic(version: str, login: str, midnight: datetime) -> list[tuple[Value, ...]]:
    """One row: the newest revision."""
    return [(version or hashlib.sha1(_MIGRATIONS[-1].encode(), usedforsecurity=False).hexdigest()[:12],)]


def _liquibase(version: str, login: str, midnight: datetime) -> list[tuple[Value, ...]]:
    """A row for each change set."""
    rows: list[tuple[Value, ...]] = []
    for rank, description in enumerate(_MIGRATIONS, 1):
        applied = midnight - timedelta(days=60 - 10 * rank, hours=3)
        checksum = f"9:{hashlib.md5(description.encode(), usedforsecurity=False).hexdigest()}"
        named = version if version and rank == len(_MIGRATIONS) else str(rank)
        run = ("EXECUTED", checksum, description, "", None, "4.31.1", None, None, f"{int(applied.timestamp())}")
        rows.append((named, "data team", "db/changelog.yaml", applied, rank, *run))
    return rows


_ROWS = {"flyway": _flyway, "ef-core": _ef_core, "alembic": _alembic, "liquibase": _liquibase}
