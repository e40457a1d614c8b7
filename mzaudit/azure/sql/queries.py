"""Every statement that is sent to a database: single SELECTs, over the catalogue and the history of migrations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mzaudit.azure import required_permissions


@dataclass(frozen=True, slots=True)
class Query:
    """A statement; `name` is what reports call it, `permission` what it takes in the database."""

    name: str
    statement: str
    permission: str


def _literal(text: str) -> str:
    return "N'" + text.replace("'", "''") + "'"


def _table(name: str) -> str:
    schema, _, table = name.partition(".")
    return ".".join("[" + part.replace("]", "]]") + "]" for part in (schema, table))


def rights(database: str, migrations: str | None) -> Query:
    """What the caller may see: the definitions, the history's rows and how its name is spelt (where one is asked for);
    whether the database
    that answers is the primary; and, a row each, what is denied to the caller, so that the catalogue leaves it out.

    https://learn.microsoft.com/sql/relational-databases/security/metadata-visibility-configuration
    """
    own = _literal("[" + database.replace("]", "]]") + "]")
    history = "NULL AS history, NULL AS spelt, "
    if migrations is not None:
        schema, _, name = migrations.lower().partition(".")
        history = (
            f"HAS_PERMS_BY_NAME({_literal(_table(migrations))}, N'OBJECT', N'SELECT') AS history, "  # noqa: S608 - quoted
            f"(SELECT MAX(SCHEMA_NAME(t.schema_id) + N'.' + t.name) FROM sys.tables AS t "
            f"WHERE LOWER(t.name) = {_literal(name)} AND LOWER(SCHEMA_NAME(t.schema_id)) = {_literal(schema)}) "
            "AS spelt, "
        )
    return Query(
        "permissions",
        f"SELECT HAS_PERMS_BY_NAME({own}, N'DATABASE', N'VIEW DEFINITION') AS definitions, "  # noqa: S608 - quoted
        f"{history}"
        "CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), N'Updateability')) AS updateability, "
        "d.class_desc, USER_NAME(d.grantee_principal_id) AS grantee, "
        "SCHEMA_NAME(CASE WHEN d.class = 3 THEN d.major_id END) AS on_schema "
        "FROM (SELECT 1 AS one) AS o LEFT JOIN sys.database_permissions AS d ON d.state = N'D' "
        "AND d.permission_name IN (N'CONTROL', N'VIEW DEFINITION', N'VIEW SECURITY DEFINITION') "
        "AND USER_NAME() <> N'dbo' AND (d.grantee_principal_id = 0 "
        "OR d.grantee_principal_id IN (SELECT u.principal_id FROM sys.user_token AS u))",
        required_permissions.CONNECT.permission,
    )


PRINCIPALS: Final = Query(
    "principals",
    "SELECT p.name, p.type, p.authentication_type_desc, p.sid FROM sys.database_principals AS p "
    "WHERE p.type NOT IN ('R', 'A')",
    required_permissions.DEFINITIONS_INSIDE.permission,
)
MEMBERSHIPS: Final = Query(
    "role members",
    "SELECT r.name AS role_name, m.name AS member_name FROM sys.database_role_members AS x "
    "JOIN sys.database_principals AS r ON r.principal_id = x.role_principal_id "
    "JOIN sys.database_principals AS m ON m.principal_id = x.member_principal_id",
    required_permissions.DEFINITIONS_INSIDE.permission,
)
GRANTS: Final = Query(
    "permissions granted",
    "SELECT g.name AS grantee, p.permission_name, p.state_desc, p.class_desc, "
    "SCHEMA_NAME(CASE WHEN p.class = 3 THEN p.major_id END) AS on_schema, "
    "OBJECT_SCHEMA_NAME(CASE WHEN p.class = 1 THEN p.major_id END) AS object_schema, "
    "OBJECT_NAME(CASE WHEN p.class = 1 THEN p.major_id END) AS object_name, "
    "o.name AS on_principal, o.type AS on_type FROM sys.database_permissions AS p "
    "JOIN sys.database_principals AS g ON g.principal_id = p.grantee_principal_id "
    "LEFT JOIN sys.database_principals AS o ON p.class = 4 AND o.principal_id = p.major_id WHERE p.major_id >= 0",
    required_permissions.DEFINITIONS_INSIDE.permission,
)
POLICIES: Final = Query(
    "security policies",
    "SELECT SCHEMA_NAME(p.schema_id) AS policy_schema, p.name AS policy_name, p.is_enabled, q.predicate_type_desc, "
    "q.operation_desc, OBJECT_SCHEMA_NAME(q.target_object_id) AS table_schema, "
    "OBJECT_NAME(q.target_object_id) AS table_name FROM sys.security_policies AS p "
    "LEFT JOIN sys.security_predicates AS q ON q.object_id = p.object_id",
    required_permissions.DEFINITIONS_INSIDE.permission,
)


def tenant_tables(column: str) -> Query:
    """The user tables that have the column, in whatever case, but for what is kept of ledger tables that were dropped.

    https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-tables-transact-sql
    """
    return Query(
        f"tables with {column}",
        "SELECT SCHEMA_NAME(t.schema_id) AS table_schema, t.name AS table_name, t.temporal_type_desc, "  # noqa: S608 - quoted
        "t.ledger_type_desc FROM sys.tables AS t "
        "JOIN sys.columns AS c ON c.object_id = t.object_id "
        "LEFT JOIN sys.tables AS d ON d.history_table_id = t.object_id AND d.is_dropped_ledger_table = 1 "
        "WHERE t.is_ms_shipped = 0 AND t.is_dropped_ledger_table = 0 AND d.object_id IS NULL "
        f"AND LOWER(c.name) = {_literal(column.lower())}",
        required_permissions.DEFINITIONS_INSIDE.permission,
    )


# What each tool records of a migration that can be judged.
# https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
# https://learn.microsoft.com/ef/core/managing-schemas/migrations/history-table
# https://alembic.sqlalchemy.org/en/latest/branches.html (a row for each head)
# https://docs.liquibase.com/concepts/tracking-tables/databasechangelog-table.html
_HISTORIES: Final = {
    "flyway": "h.installed_rank, h.version, h.description, h.type, h.installed_by, h.success",
    "ef-core": "h.MigrationId",
    "alembic": "h.version_num",
    "liquibase": "h.ORDEREXECUTED, h.ID, h.EXECTYPE",
}


def history(migrations: str, tool: str = "flyway") -> Query:
    """The rows of the history that a tool writes; raises KeyError for a tool that is not known."""
    return Query(
        migrations,
        f"SELECT {_HISTORIES[tool]} FROM {_table(migrations)} AS h",  # noqa: S608 - quoted
        required_permissions.HISTORY.permission,
    )
