"""What the databases answer to the queries that the auditor asks."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mzaudit.simulator import Simulator, build, serve
from mzaudit.simulator.estate import client_of

from .clients import connect, rows

# Beside the checkout, or beside the folder that it is in.
_PLACES = [parent / "shared" / "reference" / "sql-queries.sql" for parent in Path(__file__).parents]


@pytest.fixture(scope="module")
def database() -> Iterator[Any]:
    """A session of the auditor in the cloud database of production."""
    with serve(build("compliant")) as sim, connect(sim) as connection:
        yield connection


def test_every_query_of_the_reference_runs_unmodified(database: Any) -> None:
    found = next((place for place in _PLACES if place.exists()), None)
    if found is None:
        pytest.skip("the reference is not beside the checkout")
    for query in found.read_text().splitlines():
        assert rows(database, query), query


def test_users_carry_the_client_id_of_their_identity(sim: Simulator) -> None:
    with connect(sim) as connection:
        query = "SELECT name, type, authentication_type_desc, sid FROM sys.database_principals WHERE type = 'E'"
        users = {row["name"]: row for row in rows(connection, query)}
    client = client_of(sim.estate.principal_of("app-monozu-cloud-prd"))
    assert users["app-monozu-cloud-prd"]["sid"] == uuid.UUID(client).bytes_le
    assert {row["authentication_type_desc"] for row in users.values()} == {"EXTERNAL"}
    assert "app-monozu-manage-prd" not in users


def test_parameters_come_through_sp_executesql(database: Any) -> None:
    query = "SELECT %s AS text, %s AS number, %s AS nothing, name FROM sys.tables WHERE name = %s"
    assert rows(database, query, ("é'", 5, None, "device")) == [
        {"text": "é'", "number": 5, "nothing": None, "name": "device"}
    ]
