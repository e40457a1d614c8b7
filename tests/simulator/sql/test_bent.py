"""An estate that a test bent out of shape is an error to the client, and told in the server's log; never a silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytds
import pytest

from mzaudit.simulator import Estate, Simulator, serve
from mzaudit.simulator.sql.contents import SqlMembership, SqlPrincipal
from tests.documented_estate import build
from tests.simulator.sql.clients import DATABASE, connect, rows

_GRANTS = "SELECT permission_name FROM sys.database_permissions"
_MEMBERS = "SELECT role_principal_id FROM sys.database_role_members"


@pytest.fixture(scope="module")
def watched() -> Iterator[tuple[Simulator, list[dict[str, Any]]]]:
    """A simulator, and what its log says."""
    told: list[dict[str, Any]] = []
    with serve(build("compliant")) as sim:
        sim._loop.set_exception_handler(lambda _, context: told.append(context))
        yield sim, told


def renamed_table(estate: Estate) -> None:
    estate.database(DATABASE).grant("mzaudit", "SELECT", "OBJECT_OR_COLUMN", "dbo.device")
    estate.database(DATABASE).table("dbo.device").name = "appliance"


def member_that_is_gone(estate: Estate) -> None:
    estate.database(DATABASE).members.append(SqlMembership("db_owner", "nobody"))


def unknown_kind_of_principal(estate: Estate) -> None:
    estate.database(DATABASE).principals.append(SqlPrincipal("odd", "Z", "NONE", None))  # type: ignore[arg-type]  # bent


def server_without_properties(estate: Estate) -> None:
    estate.named("Microsoft.Sql/servers", "sql-monozu-prd")["properties"] = None


def look(sim: Simulator) -> None:
    """Sign in and read who there is."""
    with connect(sim) as connection:
        for query in (_GRANTS, _MEMBERS, "SELECT type_desc FROM sys.database_principals"):
            rows(connection, query)


BENT: dict[str, tuple[Callable[[Estate], None], type[Exception]]] = {
    "a permission on a table that was renamed": (renamed_table, KeyError),
    "a member that is gone": (member_that_is_gone, KeyError),
    "a principal of no kind": (unknown_kind_of_principal, KeyError),
    "a server without properties": (server_without_properties, TypeError),
}


@pytest.mark.parametrize("case", BENT)
def test_a_bent_estate_is_told(case: str, watched: tuple[Simulator, list[dict[str, Any]]]) -> None:
    (mutate, raised), (sim, told) = BENT[case], watched
    told.clear()
    sim.estate = build("compliant")
    mutate(sim.estate)
    with pytest.raises(pytds.Error, match="system assertion"):
        look(sim)
    assert [type(each["exception"]) for each in told] == [raised]
    assert "could not answer" in told[0]["message"]


def test_after_all_that_it_still_answers(watched: tuple[Simulator, list[dict[str, Any]]]) -> None:
    sim, _ = watched
    sim.estate = build("compliant")
    with connect(sim) as connection:
        assert rows(connection, _GRANTS)
