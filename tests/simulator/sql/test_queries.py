"""What the databases answer to T-SQL: from what is in them, or with the error that SQL Server gives."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytds
import pytest

from mzaudit.simulator import Simulator, serve
from mzaudit.simulator.estates.simulated_estate import client_of
from mzaudit.simulator.sql.contents import SqlColumn, SqlPredicate, SqlSecurityPolicy, Table
from tests.documented_estate import build
from tests.simulator.sql.clients import connect, rows

# Beside the checkout, or beside the folder that it is in.
_PLACES = [parent / "shared" / "reference" / "sql-queries.sql" for parent in Path(__file__).parents]


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    """A session of the auditor in the cloud database of production."""
    with serve(build("compliant")) as sim, connect(sim) as connection:
        yield connection


def reference() -> list[str]:
    """The queries of the reference, none where it is not beside the checkout."""
    found = next((place for place in _PLACES if place.exists()), None)
    return found.read_text().splitlines() if found is not None else []


def test_every_query_of_the_reference_runs_unmodified(database: Any) -> None:
    queries = reference()
    if not queries:
        pytest.skip("the reference is not beside the checkout")
    for query in queries:
        assert rows(database, query), query


def test_users_carry_the_client_id_of_their_identity(sim: Simulator) -> None:
    with connect(sim) as connection:
        query = (
            "SELECT name, type, authentication_type_desc, sid, CAST(CAST(SUBSTRING(sid, 1, 16) AS binary(16)) AS "
            "uniqueidentifier) AS id FROM sys.database_principals WHERE type = 'E'"
        )
        users = {row["name"]: row for row in rows(connection, query)}
    client = uuid.UUID(client_of(sim.estate.principal_of("app-monozu-cloud-prd")))
    assert users["app-monozu-cloud-prd"]["sid"] == client.bytes_le
    assert users["app-monozu-cloud-prd"]["id"] == client
    assert {row["authentication_type_desc"] for row in users.values()} == {"EXTERNAL"}
    assert "app-monozu-manage-prd" not in users


def test_answers_follow_what_is_in_the_database() -> None:
    estate = build("compliant")
    inside = estate.database("db-monozu-cloud-prd")
    inside.create_role("readers", "db_datareader")
    inside.add_member("readers", "app-monozu-ingest-prd")
    inside.tables.append(Table("dbo", "bill", [SqlColumn("id", "int"), SqlColumn("tenant_id", "uniqueidentifier")]))
    inside.policies.append(
        SqlSecurityPolicy("sec", "off", [SqlPredicate("dbo.bill", "BLOCK", "(1)", "AFTER INSERT")], False)
    )
    inside.grant("readers", "ALTER", "SCHEMA", "dbo")
    history = inside.table("dbo.flyway_schema_history")
    history.rows[-1] = (*history.rows[-1][:-1], False)
    with serve(estate) as sim, connect(sim) as connection:
        nested = (
            "WITH m AS (SELECT role_principal_id AS r, member_principal_id AS u, 1 AS depth FROM "
            "sys.database_role_members UNION ALL SELECT m.r, x.member_principal_id, depth + 1 FROM m JOIN "
            "sys.database_role_members AS x ON x.role_principal_id = m.u) "
            "SELECT USER_NAME(r) AS role, depth FROM m WHERE USER_NAME(u) = 'app-monozu-ingest-prd' "
            "ORDER BY depth, role"
        )
        assert [tuple(row.values()) for row in rows(connection, nested)] == [
            ("db_datareader", 1),
            ("db_datawriter", 1),
            ("readers", 1),
            ("db_datareader", 2),
        ]
        policy = (
            "SELECT OBJECT_SCHEMA_NAME(target_object_id) AS s, OBJECT_NAME(target_object_id) AS t, operation_desc "
            "AS o, is_enabled AS e FROM sys.security_policies AS p JOIN sys.security_predicates AS q ON p.object_id = "
            "q.object_id WHERE p.name = N'off'"
        )
        assert rows(connection, policy) == [{"s": "dbo", "t": "bill", "o": "AFTER INSERT", "e": False}]
        granted = (
            "SELECT permission_name, SCHEMA_NAME(major_id) AS s FROM sys.database_permissions "
            "WHERE class = 3 AND state = 'G'"
        )
        assert rows(connection, granted) == [{"permission_name": "ALTER", "s": "dbo"}]
        failed = "SELECT TOP (1) success, installed_on FROM dbo.flyway_schema_history ORDER BY installed_rank DESC"
        last = rows(connection, failed)[0]
        assert last["success"] is False
        assert isinstance(last["installed_on"], datetime)


VALUES: dict[str, list[object]] = {
    "SELECT 'a' + 'b' AS v": ["ab"],
    "SELECT 1 + 2 AS v": [3],
    "SELECT 'x' + NULL AS v": [None],
    "SELECT CONVERT(varchar(10), 0x01FF, 1) AS v": ["0x01FF"],
    "SELECT CONVERT(varbinary(4), '0x01FF', 1) AS v": [b"\x01\xff"],
    "SELECT CAST(0x00112233445566778899AABBCCDDEEFF AS uniqueidentifier) AS v": [
        uuid.UUID("33221100-5544-7766-8899-aabbccddeeff")
    ],
    "SELECT TRY_CAST('abc' AS int) AS v": [None],
    "SELECT 12345678901 AS v": [12345678901],
    "SELECT 1.5 AS v": [1.5],
    "SELECT CAST(1 AS bit) AS v": [True],
    "SELECT CAST('2026-02-03' AS datetime2) AS v": [datetime(2026, 2, 3)],
    "SELECT CAST(12.346 AS decimal(5, 2)) AS v": [Decimal("12.35")],
    "SELECT CAST(0x0102 AS varbinary(max)) AS v": [b"\x01\x02"],
    "SELECT CAST(NULL AS nvarchar(max)) AS v": [None],
    "SELECT REPLICATE_ AS v FROM (SELECT 'é' AS REPLICATE_) AS t": ["é"],
    "SELECT LEN('ab  ') AS v": [2],
    "SELECT DATALENGTH(N'ab') AS v": [4],
    "SELECT IIF(1 = 1, 'y', 'no') AS v": ["y"],
    "SELECT ISNULL(NULL, 'z') AS v": ["z"],
    "SELECT COUNT(*) AS v FROM sys.columns WHERE object_id = OBJECT_ID('dbo.device')": [3],
    "SELECT name AS v FROM sys.database_principals WHERE name = 'MZAUDIT'": ["mzaudit"],
    "SELECT name AS v FROM sys.tables WHERE name LIKE 'dev%e'": ["device"],
    "SELECT STRING_AGG(name, ',') AS v FROM sys.schemas WHERE schema_id < 3": ["dbo,guest"],
    "SELECT TOP 1 name AS v FROM sys.database_principals ORDER BY name DESC": ["sys"],
    "SELECT 1 AS v UNION ALL SELECT 2": [1, 2],
    "WITH x AS (SELECT 1 AS v UNION ALL SELECT v + 1 FROM x WHERE v < 3) SELECT v FROM x": [1, 2, 3],
    "SELECT 1 AS v WHERE 1 = 0": [],
    "SET NOCOUNT ON; SELECT 1 AS v": [1],
    "USE [db-monozu-cloud-prd]; SELECT 1 AS v": [1],
    "SELECT name AS v FROM [db-monozu-cloud-prd].sys.tables WITH (NOLOCK) WHERE name = 'alarm' OPTION (RECOMPILE)": [
        "alarm"
    ],
    "SELECT USER_NAME() AS v": ["mzaudit"],
    "SELECT CURRENT_USER AS v": ["mzaudit"],
    "SELECT DB_NAME() AS v": ["db-monozu-cloud-prd"],
    "SELECT SERVERPROPERTY('Edition') AS v": ["SQL Azure"],
    "SELECT CONNECTIONPROPERTY('net_transport') AS v": ["TCP"],
    "SELECT IS_ROLEMEMBER('db_datareader', 'app-monozu-cloud-prd') AS v": [1],
    "SELECT IS_MEMBER('db_owner') AS v": [0],
    "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'VIEW DEFINITION') AS v": [1],
    "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'CONTROL') AS v": [0],
    "SELECT HAS_PERMS_BY_NAME('dbo.flyway_schema_history', 'OBJECT', 'SELECT') AS v": [1],
    "SELECT HAS_PERMS_BY_NAME('[dbo].[device]', 'OBJECT', 'SELECT') AS v": [0],
    "SELECT HAS_PERMS_BY_NAME('dbo.nowhere', 'OBJECT', 'SELECT') AS v": [None],
    "SELECT HAS_PERMS_BY_NAME('dbo', 'SCHEMA', 'SELECT') AS v": [0],
    "SELECT permission_name AS v FROM sys.fn_my_permissions('dbo.flyway_schema_history', 'OBJECT')": [
        "SELECT",
        "VIEW DEFINITION",
    ],
}


@pytest.mark.parametrize("query", VALUES)
def test_expressions_mean_what_they_mean_in_t_sql(database: Any, query: str) -> None:
    assert [row["v"] for row in rows(database, query)] == VALUES[query]


REFUSED: dict[str, tuple[int, str]] = {
    "selec 1": (102, "Incorrect syntax near '1'."),
    "SELECT * FROM (": (102, "Incorrect syntax near '('."),
    "SELECT": (102, "Incorrect syntax near 'select'."),
    "SELECT '\0'": (102, "Incorrect syntax near"),
    "SELECT nope FROM sys.tables": (207, "Invalid column name 'nope'."),
    "SELECT [nope] FROM sys.tables": (207, "Invalid column name 'nope'."),
    'SELECT "nope" FROM sys.tables': (207, "Invalid column name 'nope'."),
    "SELECT t.nope FROM sys.tables AS t": (207, "Invalid column name 'nope'."),
    "SELECT z.name FROM sys.tables AS t": (4104, 'The multi-part identifier "z.name" could not be bound.'),
    "SELECT name FROM sys.tables, sys.schemas": (209, "Ambiguous column name 'name'."),
    "SELECT 1 FROM nowhere": (208, "Invalid object name 'nowhere'."),
    "SELECT 1 FROM dbo.nowhere": (208, "Invalid object name 'dbo.nowhere'."),
    "SELECT 1 FROM sys.sql_modules": (208, "Invalid object name 'sys.sql_modules'."),
    "SELECT 1 FROM sqlite_master": (208, "Invalid object name 'sqlite_master'."),
    "SELECT 1 FROM master.sys.databases": (40515, "Reference to database and/or server name"),
    "USE master": (40508, "USE statement is not supported"),
    "SELECT hex('a')": (195, "'hex' is not a recognized built-in function name."),
    "SELECT dbo.f(1)": (4121, 'user-defined function or aggregate "dbo.f"'),
    "SELECT SUBSTRING('abc')": (174, "another number of argument(s)"),
    "SELECT @x": (137, 'Must declare the scalar variable "@x".'),
    "SELECT @@nope": (137, 'Must declare the scalar variable "@@nope".'),
    "SELECT CAST('abc' AS int)": (8114, "Error converting data type to int."),
    "SELECT CAST(300 AS tinyint)": (8115, "Arithmetic overflow"),
    "SELECT CAST(1 AS geography)": (243, "Type GEOGRAPHY is not a defined system type."),
    "WITH x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT n FROM x": (40549, "long-running"),
    f"SELECT {'(' * 3000}1{')' * 3000}": (191, "nested too deeply"),
    "SELECT 1 FROM sys.tables AS t CROSS APPLY sys.fn_my_permissions(t.name, 'OBJECT') AS p": (40514, "'APPLY'"),
    "SELECT name INTO #t FROM sys.tables": (40514, "'SELECT INTO'"),
    "EXEC sp_who": (2812, "Could not find stored procedure 'sp_who'."),
    "SELECT * FROM dbo.device": (229, "The SELECT permission was denied on the object 'device', database "),
    "SELECT COUNT(*) FROM dbo.device": (229, "The SELECT permission was denied on the object 'device', database "),
    "UPDATE dbo.flyway_schema_history SET success = 1": (229, "The UPDATE permission was denied"),
    "DROP TABLE dbo.device": (262, "DROP TABLE permission denied in database 'db-monozu-cloud-prd'."),
}


@pytest.mark.parametrize("query", REFUSED, ids=lambda query: query[:60].replace("\0", "NUL"))
def test_what_it_cannot_do_it_refuses_as_sql_server_does(database: Any, query: str) -> None:
    number, text = REFUSED[query]
    with pytest.raises(pytds.Error) as caught:
        rows(database, query)
    assert (caught.value.number, text in caught.value.text) == (number, True), caught.value
    # The session goes on.
    assert rows(database, "SELECT 1 AS v") == [{"v": 1}]


def test_what_came_before_an_error_stands(database: Any) -> None:
    with database.cursor() as cursor:
        cursor.execute("SELECT 1 AS v; SELECT nope FROM sys.tables")
        assert cursor.fetchall() == [{"v": 1}]
        with pytest.raises(pytds.Error, match="nope"):
            cursor.nextset()


def test_parameters_come_through_sp_executesql(database: Any) -> None:
    sent = ("é'", 5, None, uuid.UUID(int=7), pytds.Binary(b"\1\2"), 1.5, datetime(2026, 2, 3, 4, 5, 6), True)
    query = "SELECT %s AS a, %s AS b, %s AS c, %s AS d, %s AS e, %s AS f, %s AS g, %s AS h"
    row = rows(database, query, sent)[0]
    assert (row["a"], row["b"], row["c"], row["e"], row["f"]) == ("é'", 5, None, b"\1\2", 1.5)
    assert str(row["d"]).upper() == str(uuid.UUID(int=7)).upper()
    named = rows(database, "SELECT name FROM sys.tables WHERE name = %(n)s", {"n": "device"})
    assert named == [{"name": "device"}]


def test_the_translator_is_loaded_by_the_first_query_alone() -> None:
    script = (
        "import sys\nfrom mzaudit.simulator import serve\nfrom tests.documented_estate import build\n"
        "with serve(build('compliant')): print('sqlglot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
