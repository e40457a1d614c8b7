"""What the documented databases hold: their users, tenant tables, security policy and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from mzaudit.simulator.estates.estate_plan import DatabasePlan, stable_guid
from mzaudit.simulator.sql import migration_history
from mzaudit.simulator.sql.contents import (
    Contents,
    SqlColumn,
    SqlPredicate,
    SqlPrincipal,
    SqlSecurityPolicy,
    Table,
)

PIPELINE = "sp-pipeline"
_TENANT_TABLES = ("device", "reading", "alarm")


def database(plan: DatabasePlan, pipeline: str, tenant: str, midnight: datetime) -> Contents:
    """A database without its services' users. `pipeline` is the client id of the identity that applies migrations,
    `tenant` the tenant's id, `midnight` today's in UTC."""
    contents = Contents()
    contents.create_user(PIPELINE, pipeline, "db_ddladmin", "db_datareader", "db_datawriter")
    contents.tables += [_table(name, plan.tenant_column) for name in _TENANT_TABLES]
    device = contents.table("dbo.device")
    device.temporal, device.past = "SYSTEM_VERSIONED_TEMPORAL_TABLE", "dbo.device_history"
    past = _table("device_history", plan.tenant_column)
    past.temporal = "HISTORY_TABLE"
    contents.tables.append(past)
    contents.tables.append(
        Table("dbo", "tenant", [SqlColumn("id", "uniqueidentifier"), SqlColumn("name", "nvarchar(200)")])
    )
    if plan.history is not None:
        contents.tables.append(migration_history.table(plan.history, f"{pipeline}@{tenant}", midnight))
    if plan.tenant_column is not None:
        contents.policies.append(_isolation(plan.tenant_column))
    contents.tables += _made_by_azure(plan.tenant_column)
    _others(contents)
    return contents


def _made_by_azure(tenant_column: str | None) -> Iterator[Table]:
    """Tables with the columns of others that no migration made: of Change Data Capture, and of a ledger table that was
    dropped.

    https://learn.microsoft.com/sql/relational-databases/track-changes/about-change-data-capture-sql-server
    https://learn.microsoft.com/sql/relational-databases/security/ledger/ledger-how-to-drop-ledger-tables
    """
    changes = _table("dbo_alarm_CT", tenant_column)
    yield replace(changes, schema="cdc", shipped=True)
    number = stable_guid("dropped", "ledger").replace("-", "").upper()
    kept = replace(_table(f"MSSQL_DroppedLedgerHistory_order_{number}", tenant_column), ledger="HISTORY_TABLE")
    yield kept
    yield replace(
        _table(f"MSSQL_DroppedLedgerTable_order_{number}", tenant_column),
        ledger="UPDATABLE_LEDGER_TABLE",
        past=f"dbo.{kept.name}",
        dropped=True,
    )


def _isolation(tenant_column: str) -> SqlSecurityPolicy:
    definition = f"([sec].[fn_tenant]([{tenant_column}]))"
    predicates: list[SqlPredicate] = []
    for name in _TENANT_TABLES:
        predicates.append(SqlPredicate(f"dbo.{name}", "FILTER", definition))
        predicates.append(SqlPredicate(f"dbo.{name}", "BLOCK", definition))
    predicates.append(SqlPredicate("dbo.device_history", "FILTER", definition))  # nobody writes into it
    return SqlSecurityPolicy("sec", "tenant_isolation", predicates)


def _others(contents: Contents) -> None:
    """Who is in databases of the kind as well: a group that may only connect, a user that may not, a role whose members
    are to see less and may act as a user without a login, and the owner that Change Data Capture makes, without one."""
    contents.create_group("grp-developers", stable_guid("group", "developers"))
    contents.create_user("sp-retired", stable_guid("retired", "client"), "db_datareader")
    contents.grant("sp-retired", "CONNECT", state="DENY")
    contents.create_role("report_readers")
    contents.grant("report_readers", "VIEW DEFINITION", "SCHEMA", "sec", state="DENY")
    contents.principals.append(SqlPrincipal("reporting", "S", "NONE", bytes.fromhex("0105000000000009030000007a")))
    contents.grant("report_readers", "IMPERSONATE", "DATABASE_PRINCIPAL", "reporting")
    contents.principals.append(SqlPrincipal("cdc", "S", "NONE", bytes.fromhex("0105000000000009030000007b")))
    contents.grant("cdc", "CONNECT")
    contents.add_member("db_owner", "cdc")


def admit_auditor(contents: Contents, name: str, client_id: str, plan: DatabasePlan) -> None:
    """Give the auditor the least that it needs: the catalogue whole, and the history's rows."""
    contents.create_user(name, client_id)
    contents.grant(name, "VIEW DEFINITION")
    if plan.history is not None:
        contents.grant(name, "SELECT", "OBJECT_OR_COLUMN", plan.history.table)


def _table(name: str, tenant_column: str | None) -> Table:
    columns = [SqlColumn("id", "bigint"), SqlColumn("body", "nvarchar(max)", True)]
    if tenant_column is not None:
        columns.insert(1, SqlColumn(tenant_column, "uniqueidentifier"))
    return Table("dbo", name, columns)
