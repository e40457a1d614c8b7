"""What the documented databases hold: their users, tenant tables, security policy and migrations."""

from __future__ import annotations

from datetime import datetime, timedelta

from mzaudit.simulator.estates.estate_plan import DatabasePlan, HistoryPlan, stable_guid
from mzaudit.simulator.sql.contents import (
    Contents,
    SqlColumn,
    SqlPredicate,
    SqlPrincipal,
    SqlSecurityPolicy,
    Table,
    Value,
)

PIPELINE = "sp-pipeline"
_TENANT_TABLES = ("device", "reading", "alarm")
_MIGRATIONS = ("baseline", "devices and readings", "alarms", "row level security", "alarm acknowledgement")
_HISTORY = (
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
)


def database(plan: DatabasePlan, pipeline: str, tenant: str, midnight: datetime) -> Contents:
    """A database without its services' users. `pipeline` is the client id of the identity that applies migrations,
    `tenant` the tenant's id, `midnight` today's in UTC."""
    tenant_column = plan.tenant_column
    contents = Contents()
    contents.create_user(PIPELINE, pipeline, "db_ddladmin", "db_datareader", "db_datawriter")
    contents.tables += [_tenant_table(name, tenant_column) for name in _TENANT_TABLES]
    contents.table("dbo.device").temporal = "SYSTEM_VERSIONED_TEMPORAL_TABLE"
    past = _tenant_table("device_history", tenant_column)
    past.temporal = "HISTORY_TABLE"
    contents.tables.append(past)
    contents.tables.append(
        Table("dbo", "tenant", [SqlColumn("id", "uniqueidentifier"), SqlColumn("name", "nvarchar(200)")])
    )
    contents.tables.append(_history(plan.history, f"{pipeline}@{tenant}", midnight))
    definition = f"([sec].[fn_tenant]([{tenant_column}]))"
    predicates: list[SqlPredicate] = []
    for name in _TENANT_TABLES:
        predicates.append(SqlPredicate(f"dbo.{name}", "FILTER", definition))
        predicates.append(SqlPredicate(f"dbo.{name}", "BLOCK", definition))
    predicates.append(SqlPredicate("dbo.device_history", "FILTER", definition))  # nobody writes into it
    contents.policies.append(SqlSecurityPolicy("sec", "tenant_isolation", predicates))
    _others(contents)
    return contents


def _others(contents: Contents) -> None:
    """Who is in databases of the kind as well: a group that may only connect, a user that may not, a role whose members
    are to see less and may act as a user without a login."""
    contents.create_group("grp-developers", stable_guid("group", "developers"))
    contents.create_user("sp-retired", stable_guid("retired", "client"), "db_datareader")
    contents.grant("sp-retired", "CONNECT", state="DENY")
    contents.create_role("report_readers")
    contents.grant("report_readers", "VIEW DEFINITION", "SCHEMA", "sec", state="DENY")
    contents.principals.append(SqlPrincipal("reporting", "S", "NONE", bytes.fromhex("0105000000000009030000007a")))
    contents.grant("report_readers", "IMPERSONATE", "DATABASE_PRINCIPAL", "reporting")


def admit_auditor(contents: Contents, name: str, client_id: str, migrations: str) -> None:
    """Give the auditor the least that it needs: the catalogue whole, and the history's rows."""
    contents.create_user(name, client_id)
    contents.grant(name, "VIEW DEFINITION")
    contents.grant(name, "SELECT", "OBJECT_OR_COLUMN", migrations)


def _tenant_table(name: str, tenant_column: str) -> Table:
    columns = [
        SqlColumn("id", "bigint"),
        SqlColumn(tenant_column, "uniqueidentifier"),
        SqlColumn("body", "nvarchar(max)", True),
    ]
    return Table("dbo", name, columns)


def _history(plan: HistoryPlan, login: str, midnight: datetime) -> Table:
    """Flyway's history as it is written under a login: first that Flyway made the schema, then each migration. An
    application's login is its client id and tenant (SUSER_SNAME)."""
    schema, _, table = plan.table.partition(".")
    login = plan.applied_by or login
    first = midnight - timedelta(days=60, hours=3)
    made = "<< Flyway Schema Creation >>"
    rows: list[tuple[Value, ...]] = [(0, None, made, "SCHEMA", "[sec]", None, login, first, 0, True)]
    descriptions = _MIGRATIONS if not plan.version else _MIGRATIONS[:1]
    for rank, description in enumerate(descriptions, 1):
        version = plan.version or str(rank)
        script = f"V{version}__{description.replace(' ', '_')}.sql"
        applied = midnight - timedelta(days=60 - 10 * rank, hours=3)
        checksum = sum(script.encode()) * 7919
        rows.append((rank, version, description, "SQL", script, checksum, login, applied, 40 + rank, True))
    return Table(schema, table, list(_HISTORY), rows)
