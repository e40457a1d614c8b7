"""What a principal may not see is missing from the catalogue, and what it may not read is refused."""

from __future__ import annotations

from typing import Any

import pytds
import pytest

from mzaudit.simulator import Estate, SimulatedPrincipal, serve
from mzaudit.simulator.estates.estate_plan import stable_guid
from mzaudit.simulator.estates.simulated_estate import client_of
from mzaudit.simulator.sql.contents import SecurableClass
from tests.documented_estate import build
from tests.simulator.sql.clients import DATABASE, connect, rows

USERS = "SELECT name FROM sys.database_principals WHERE type = 'E' ORDER BY name"
SEES_ALL = "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'VIEW DEFINITION') AS yes"


def _names(connection: Any, query: str) -> list[str]:
    return [str(next(iter(row.values()))) for row in rows(connection, query)]


def _without_view_definition() -> Estate:
    estate = build("compliant")
    inside = estate.database(DATABASE)
    inside.permissions[:] = [one for one in inside.permissions if one.permission != "VIEW DEFINITION"]
    return estate


def test_without_view_definition_rows_are_missing_and_nothing_is_refused() -> None:
    with serve(_without_view_definition()) as sim, connect(sim) as connection:
        assert rows(connection, SEES_ALL) == [{"yes": 0}]
        assert _names(connection, USERS) == ["mzaudit"]
        fixed = _names(connection, "SELECT name FROM sys.database_principals WHERE is_fixed_role = 1")
        assert "db_owner" in fixed
        assert rows(connection, "SELECT * FROM sys.security_policies") == []
        assert rows(connection, "SELECT * FROM sys.security_predicates") == []
        assert rows(connection, "SELECT * FROM sys.database_role_members") == []
        own = "SELECT permission_name FROM sys.database_permissions ORDER BY permission_name"
        assert _names(connection, own) == ["CONNECT", "SELECT"]
        # It may select from the history, so it sees that table and its columns, and no other.
        assert _names(connection, "SELECT name FROM sys.tables") == ["flyway_schema_history"]
        assert rows(connection, "SELECT OBJECT_ID('dbo.device') AS a, OBJECT_NAME(901578250) AS b") == [
            {"a": None, "b": None}
        ]
        assert len(rows(connection, "SELECT * FROM dbo.flyway_schema_history")) == 6


RIGHTS: dict[str, tuple[str, bool]] = {
    "VIEW DEFINITION of the database": ("VIEW DEFINITION", True),
    "CONTROL, which covers it": ("CONTROL", True),
    "VIEW SECURITY DEFINITION": ("VIEW SECURITY DEFINITION", True),
    "ALTER ANY USER, which shows the users": ("ALTER ANY USER", True),
    "SELECT, which shows no users": ("SELECT", False),
}


@pytest.mark.parametrize("case", RIGHTS)
def test_rights_show_the_users(case: str) -> None:
    permission, sees = RIGHTS[case]
    estate = _without_view_definition()
    estate.database(DATABASE).grant("mzaudit", permission)
    with serve(estate) as sim, connect(sim) as connection:
        assert ("app-monozu-cloud-prd" in _names(connection, USERS)) == sees


def test_rights_come_through_roles_in_roles_and_a_denial_outweighs_them() -> None:
    estate = _without_view_definition()
    inside = estate.database(DATABASE)
    inside.create_role("inner")
    inside.create_role("outer")
    inside.add_member("outer", "inner")
    inside.add_member("inner", "mzaudit")
    inside.grant("outer", "VIEW DEFINITION")
    with serve(estate) as sim, connect(sim) as connection:
        assert rows(connection, SEES_ALL) == [{"yes": 1}]
        inside.grant("inner", "VIEW DEFINITION", state="DENY")
        assert rows(connection, SEES_ALL) == [{"yes": 0}]
        assert _names(connection, USERS) == ["mzaudit"]


def test_a_policy_is_seen_by_those_who_may_change_it() -> None:
    estate = _without_view_definition()
    estate.database(DATABASE).grant("mzaudit", "ALTER ANY SECURITY POLICY")
    with serve(estate) as sim, connect(sim) as connection:
        assert _names(connection, "SELECT name FROM sys.security_policies") == ["tenant_isolation"]


def test_tables_and_columns_are_refused() -> None:
    estate = build("compliant")
    inside = estate.database(DATABASE)
    inside.permissions[:] = [one for one in inside.permissions if one.permission != "SELECT"]
    query = "SELECT version FROM dbo.flyway_schema_history"
    with serve(estate) as sim, connect(sim) as connection:
        with pytest.raises(pytds.Error) as caught:
            rows(connection, query)
        assert caught.value.number == 229
        assert (
            "on the object 'flyway_schema_history', database 'db-monozu-cloud-prd', schema 'dbo'" in caught.value.text
        )
        inside.add_member("db_datareader", "mzaudit")
        assert len(rows(connection, query)) == 6
        inside.deny_column("mzaudit", "SELECT", "dbo.flyway_schema_history", "version")
        assert len(rows(connection, "SELECT installed_rank FROM dbo.flyway_schema_history")) == 6
        with pytest.raises(pytds.Error) as caught:
            rows(connection, query)
        assert caught.value.number == 230
        assert "on the column 'version' of the object 'flyway_schema_history'" in caught.value.text
        inside.grant("mzaudit", "SELECT", "SCHEMA", "dbo", state="DENY")
        with pytest.raises(pytds.Error) as caught:
            rows(connection, "SELECT installed_rank FROM dbo.flyway_schema_history")
        assert caught.value.number == 229


def test_the_administrator_is_dbo_and_a_group_stands_for_its_members() -> None:
    estate = build("compliant")
    oid = stable_guid("oid")
    someone = SimulatedPrincipal("someone", client_of(oid), "s", oid)
    estate.principals.append(someone)
    with serve(estate) as sim:
        with pytest.raises(pytds.Error, match="Login failed"):
            connect(sim, who=someone)
        group = stable_guid("group", "readers")
        estate.group_members[group] = {oid}
        inside = estate.database(DATABASE)
        inside.create_user("readers", group, "db_datareader").type = "X"
        with connect(sim, who=someone) as connection:
            assert rows(connection, "SELECT USER_NAME() AS who") == [{"who": "readers"}]
            assert rows(connection, "SELECT COUNT(*) AS n FROM dbo.device") == [{"n": 0}]
        server = estate.named("Microsoft.Sql/servers", "sql-monozu-prd")
        estate.group_members[server["properties"]["administrators"]["sid"]] = {oid}
        with connect(sim, who=someone) as connection:
            assert rows(connection, "SELECT USER_NAME() AS who, IS_MEMBER('db_owner') AS owner") == [
                {"who": "dbo", "owner": 1}
            ]


HIDING: dict[str, tuple[SecurableClass, str]] = {
    "a schema": ("SCHEMA", "dbo"),
    "a table": ("OBJECT_OR_COLUMN", "dbo.device"),
}


@pytest.mark.parametrize("case", HIDING)
def test_a_denied_definition_is_missing_whatever_else_is_held(case: str) -> None:
    estate = build("compliant")
    inside = estate.database(DATABASE)
    inside.add_member("db_datareader", "mzaudit")
    inside.grant("public", "VIEW DEFINITION", *HIDING[case], state="DENY")
    with serve(estate) as sim, connect(sim) as connection:
        assert rows(connection, SEES_ALL) == [{"yes": 1}]
        assert "device" not in _names(connection, "SELECT name FROM sys.tables")
        assert rows(connection, "SELECT OBJECT_ID('dbo.device') AS a") == [{"a": None}]
        assert rows(connection, "SELECT COUNT(*) AS n FROM dbo.device") == [{"n": 0}]
        denial = "SELECT class_desc AS v FROM sys.database_permissions WHERE state = 'D' AND grantee_principal_id = 0"
        assert _names(connection, denial) == [HIDING[case][0]], "it is seen itself"


def test_a_denied_user_is_missing_with_all_that_it_holds() -> None:
    estate = build("compliant")
    app = "app-monozu-cloud-prd"
    estate.database(DATABASE).grant("mzaudit", "VIEW DEFINITION", "DATABASE_PRINCIPAL", app, state="DENY")
    with serve(estate) as sim, connect(sim) as connection:
        assert app not in _names(connection, USERS)
        members = "SELECT USER_NAME(member_principal_id) AS v FROM sys.database_role_members"
        assert app not in _names(connection, members)
        grantees = "SELECT USER_NAME(grantee_principal_id) AS v FROM sys.database_permissions"
        assert app not in _names(connection, grantees)


def test_the_token_of_a_user_holds_its_roles() -> None:
    estate = build("compliant")
    estate.database(DATABASE).add_member("report_readers", "mzaudit")
    with serve(estate) as sim, connect(sim) as connection:
        assert _names(connection, "SELECT name FROM sys.user_token ORDER BY name") == [
            *("mzaudit", "public", "report_readers"),
        ]
