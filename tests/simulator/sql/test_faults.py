"""What can be let go wrong with a login or a statement, and how it reaches the driver."""

from __future__ import annotations

import threading
import time

import pytds
import pytest

from mzaudit.simulator import Hang, Malformed, Reset, ServerError, Slow, SqlFault, SqlRequest, Truncated, serve
from mzaudit.simulator.fault_injection import SqlAction
from tests.documented_estate import build
from tests.simulator.sql.clients import DATABASE, SERVER, connect, rows

# The driver's own name for: the server went away in the middle.
_GONE = (pytds.tds_base.ClosedConnectionError, ConnectionError)
CASES: dict[str, tuple[SqlAction, type[Exception] | tuple[type[Exception], ...], str]] = {
    "an error of the server's": (
        ServerError(40197, "The service has encountered an error", 17),
        pytds.Error,
        "service",
    ),
    "reset": (Reset(), _GONE, "."),
    "hang": (Hang(0.05), _GONE, "."),
    "truncated": (Truncated(), _GONE, "."),
    "malformed": (Malformed(), pytds.InterfaceError, "Invalid TDS marker"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_login_fails(case: str) -> None:
    action, raised, text = CASES[case]
    with serve(build("compliant"), sql_faults=[SqlFault(f"^LOGIN {SERVER}/{DATABASE}$", action, nth=2)]) as sim:
        connect(sim).close()
        with pytest.raises(raised, match=text):
            connect(sim)
        connect(sim, "db-monozu-manage-prd").close()
        connect(sim).close()


@pytest.mark.parametrize("case", CASES)
def test_a_statement_fails(case: str) -> None:
    action, raised, text = CASES[case]
    faults = [SqlFault("^QUERY .*/db-monozu-cloud-prd SELECT .*sys.tables", action, nth=2)]
    query = "SELECT name\nFROM sys.tables"
    with serve(build("compliant"), sql_faults=faults) as sim:
        with connect(sim) as connection:
            assert len(rows(connection, query)) == 9
            with pytest.raises(raised, match=text):
                rows(connection, query)
        with connect(sim) as connection:
            assert len(rows(connection, query)) == 9


def test_a_reset_comes_in_the_middle_of_the_result() -> None:
    faults = [SqlFault("^QUERY", Truncated())]
    with serve(build("compliant"), sql_faults=faults) as sim, connect(sim) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a.name + b.name AS v FROM sys.schemas AS a CROSS JOIN sys.schemas AS b")
        assert cursor.fetchone() == {"v": "dbodbo"}
        with pytest.raises(_GONE):
            cursor.fetchall()


def test_the_driver_stops_a_slow_statement_and_goes_on() -> None:
    with serve(build("compliant"), sql_faults=[SqlFault("^QUERY.*slow", Slow(3600))]) as sim:
        with connect(sim, timeout=0.3) as connection, connection.cursor() as cursor:
            with pytest.raises(pytds.TimeoutError):
                cursor.execute("SELECT 'slow' AS v")
            # The driver sends ATTENTION and waits for its DONE before it asks again.
            cursor.execute("SELECT 'next' AS v")
            assert cursor.fetchall() == [{"v": "next"}]
        assert [one.result for one in sim.sql_requests] == [0, None, 0]


def test_slow_answers_come() -> None:
    with serve(build("compliant"), sql_faults=[SqlFault("^(LOGIN|QUERY)", Slow(0.1))]) as sim:
        started = time.monotonic()
        with connect(sim) as connection:
            assert rows(connection, "SELECT 1 AS v") == [{"v": 1}]
        assert time.monotonic() - started >= 0.2


def test_requests_are_recorded_in_order() -> None:
    with serve(build("compliant")) as sim:
        with connect(sim) as connection:
            rows(connection, "SELECT 1 AS v")
            rows(connection, "SELECT %s AS v", (1,))
            with pytest.raises(pytds.Error):
                rows(connection, "SELECT nope")
        assert sim.sql_requests == [
            SqlRequest("LOGIN", SERVER, DATABASE, "", 0, 1),
            SqlRequest("QUERY", SERVER, DATABASE, "SELECT 1 AS v", 0, 2),
            SqlRequest("QUERY", SERVER, DATABASE, "SELECT @P1 AS v", 0, 3),
            SqlRequest("QUERY", SERVER, DATABASE, "SELECT nope", 207, 4),
        ]
        assert sim.requests == []


def test_close_ends_everything_even_while_a_statement_hangs() -> None:
    alive = threading.active_count()
    with serve(build("compliant"), sql_faults=[SqlFault("^QUERY", Hang(3600))]) as sim:
        connection = connect(sim)
        caller = threading.Thread(target=_expect_no_answer, args=(connection,))
        caller.start()
        while len(sim.sql_requests) < 2:
            time.sleep(0.01)
        sim.sql_port("sql-monozu-prd")  # a door that nobody came through
    caller.join()
    connection.close()
    assert threading.active_count() == alive


def _expect_no_answer(connection: object) -> None:
    with pytest.raises((pytds.Error, OSError)):
        rows(connection, "SELECT 1 AS v")
