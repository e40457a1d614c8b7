"""Microsoft's own driver, the second client of the simulated databases, over TDS 7.4 and TDS 8.0."""

from __future__ import annotations

import ctypes.util
import struct
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from mzaudit.simulator import Simulator, serve
from mzaudit.simulator.services.entra import token
from tests.documented_estate import build
from tests.simulator.sql.clients import AUDIENCE, DATABASE, SERVER
from tests.simulator.sql.test_queries import reference

if ctypes.util.find_library("ltdl") is None:
    pytest.skip("libltdl7, which mssql-python needs, is not installed", allow_module_level=True)

_ACCESS_TOKEN = 1256  # SQL_COPT_SS_ACCESS_TOKEN


@pytest.fixture(scope="module")
def own() -> Iterator[Simulator]:
    """An estate of this module, whose authority the driver trusts as it trusts any other: through OpenSSL."""
    with serve(build("compliant")) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", running.ca_file)
        yield running


def _connect(
    sim: Simulator, encrypt: str, *, name: str = SERVER, database: str = DATABASE, intent: str = "ReadWrite"
) -> Any:
    """It knows no proxy: it comes straight to loopback, and is told which name the certificate must bear."""
    import mssql_python

    mssql_python.pooling(enabled=False)
    text = token(sim.estate, sim.estate.auditor, AUDIENCE).encode("utf-16-le")
    return mssql_python.connect(
        f"Server=tcp:127.0.0.1,{sim.sql_port('sql-monozu-prd')};Database={database};Encrypt={encrypt};"
        f"TrustServerCertificate=no;HostNameInCertificate={name};"
        f"ApplicationIntent={intent};",
        autocommit=True,
        attrs_before={_ACCESS_TOKEN: struct.pack("<I", len(text)) + text},
    )


@pytest.mark.parametrize("encrypt", ["yes", "strict"])
def test_it_logs_in_and_reads(own: Simulator, encrypt: str) -> None:
    with closing(_connect(own, encrypt)) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT USER_NAME() AS who, DB_NAME() AS db")
        assert [tuple(row) for row in cursor.fetchall()] == [("mzaudit", DATABASE)]
        for query in reference():
            cursor.execute(query)
            assert cursor.fetchall(), query
        # It prepares what has parameters: sp_prepexec, sp_execute, sp_unprepare.
        for wanted in ("device", "alarm"):
            cursor.execute("SELECT ? AS a, ? AS b, name FROM sys.tables WHERE name = ?", ("é", 5, wanted))
            assert [tuple(row) for row in cursor.fetchall()] == [("é", 5, wanted)]


def test_it_sees_what_a_replica_and_a_denial_leave_out() -> None:
    estate = build("compliant")
    estate.database(DATABASE).grant("public", "VIEW DEFINITION", "SCHEMA", "sec", state="DENY")
    wanted = {"ReadWrite": ("READ_WRITE", 0, 5), "ReadOnly": ("READ_ONLY", 0, 4)}
    with serve(estate) as sim, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", sim.ca_file)
        for intent, found in wanted.items():
            with closing(_connect(sim, "yes", intent=intent)) as connection, closing(connection.cursor()) as cursor:
                cursor.execute(
                    "SELECT CONVERT(nvarchar(60), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS u, "
                    "(SELECT COUNT(*) FROM sys.security_policies) AS p, "
                    "(SELECT MAX(installed_rank) FROM dbo.flyway_schema_history) AS r"
                )
                assert tuple(cursor.fetchone()) == found
                cursor.execute("SELECT name, temporal_type_desc FROM sys.tables WHERE temporal_type > 0 ORDER BY name")
                assert [tuple(row) for row in cursor.fetchall()] == [
                    ("device", "SYSTEM_VERSIONED_TEMPORAL_TABLE"),
                    ("device_history", "HISTORY_TABLE"),
                ]
                cursor.execute("SELECT name FROM sys.user_token ORDER BY name")
                assert [row[0] for row in cursor.fetchall()] == ["mzaudit", "public"]


@pytest.mark.parametrize("encrypt", ["yes", "strict"])
def test_it_refuses_another_name(own: Simulator, encrypt: str) -> None:
    before = len(own.sql_requests)
    with pytest.raises(Exception, match=r"(?i)certificate|SSL"):
        _connect(own, encrypt, name="sql-other.example.com")
    assert len(own.sql_requests) == before


def test_errors_reach_it(own: Simulator) -> None:
    with pytest.raises(Exception, match='Cannot open database "db-nowhere" requested by the login'):
        _connect(own, "yes", database="db-nowhere")
    with closing(_connect(own, "yes")) as connection, closing(connection.cursor()) as cursor:
        with pytest.raises(Exception, match=r"Invalid object name 'dbo\.nowhere'"):
            cursor.execute("SELECT 1 FROM dbo.nowhere")
        with pytest.raises(Exception, match="The SELECT permission was denied on the object 'device'"):
            cursor.execute("SELECT ? FROM dbo.device", (1,))
        cursor.execute("SELECT 1")
        assert cursor.fetchone()[0] == 1
