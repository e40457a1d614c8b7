"""The inside of databases, read by the real driver from the simulated servers: facts, gaps with their cures, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlglot

from mzaudit.azure import Scope
from mzaudit.azure.client.guard import selects
from mzaudit.azure.sql import queries
from mzaudit.azure.sql.queries import Query
from mzaudit.azure.sql.tds_session import DatabaseSession
from mzaudit.report.gap_advice import advice
from mzaudit.simulator import Estate, Hang, Malformed, Reset, ServerError, Simulator, SqlFault, Truncated, serve
from mzaudit.simulator.estates import resource_bodies
from mzaudit.simulator.sql.contents import SecurableClass
from mzaudit.snapshot.databases import DatabaseContents, DatabasePrincipal
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.sql import EntraAdministrator
from mzaudit.snapshot.text.ids import key
from tests.azure.estates import HURRIED, Names, database_scope, take
from tests.azure.gapped import gaps
from tests.documented_estate import build

SERVER, DATABASE = "sql-monozu-prd", "db-monozu-cloud-prd"
HISTORY = "dbo.flyway_schema_history"


def only_sql(sim: Simulator, *, wake: bool = False, databases: tuple[str, ...] = (DATABASE,)) -> Scope:
    """Nothing but the databases of production."""
    names = Names(sim.subscription_id)
    whole = names.scope()
    return Scope(
        environments=whole.environments,
        servers=(replace(whole.servers[0], databases=tuple(map(database_scope, databases)), wake=wake),),
    )


def inside(sim: Simulator, *, wake: bool = False, seconds: float = 60) -> DatabaseContents:
    """What is seen of the cloud database."""
    seen = take(sim, scope=only_sql(sim, wake=wake), seconds=seconds)
    return seen.databases[key(f"{Names(sim.subscription_id).server}/databases/{DATABASE}")]


@pytest.fixture
def estate() -> Estate:
    """The documented estate."""
    return build("compliant")


def test_what_is_inside_is_read_whole(estate: Estate) -> None:
    estate.database(DATABASE).create_password_user("legacy", "db_owner")
    estate.database(DATABASE).grant("legacy", "ALTER", "DATABASE_PRINCIPAL", "report_readers")
    estate.database(DATABASE).policy("sec.tenant_isolation").predicates[1].operation = "AFTER INSERT"
    with serve(estate) as sim:
        seen = inside(sim)
        asked = sim.sql_requests
    assert not list(gaps(seen))
    users = {user.name: user for user in seen.principals.items}
    assert users["app-monozu-cloud-prd"].external
    assert (users["legacy"].type, users["legacy"].authentication) == ("S", "DATABASE")
    assert users["mzaudit"].entra_id == estate.auditor.client_id
    assert ("db_owner", "legacy") in {(each.role, each.member) for each in seen.memberships.items}
    assert ("mzaudit", "VIEW DEFINITION", "") in {(g.grantee, g.permission, g.on) for g in seen.grants.items}
    assert ("mzaudit", "SELECT", HISTORY) in {(g.grantee, g.permission, g.on) for g in seen.grants.items}
    assert {("IMPERSONATE", "USER", "reporting"), ("ALTER", "ROLE", "report_readers")} == {
        (g.permission, g.kind, g.on) for g in seen.grants.items if g.on_principal
    }
    (policy,) = seen.policies.items
    assert (policy.name, policy.enabled, len(policy.predicates)) == ("sec.tenant_isolation", True, 7)
    assert {(each.table, each.type, each.operation) for each in policy.predicates} >= {
        ("dbo.device", "FILTER", None),
        ("dbo.device", "BLOCK", "AFTER INSERT"),
        ("dbo.alarm", "BLOCK", None),
    }
    assert {one.name for one in seen.tables_with("tenant_id").items} == {
        "dbo.device",
        "dbo.device_history",
        "dbo.reading",
        "dbo.alarm",
    }
    history = seen.history(HISTORY)
    assert isinstance(history, Observed)
    assert [row.version for row in history.value or ()] == [None, "1", "2", "3", "4", "5"]
    assert [request.kind for request in asked].count("LOGIN") == 1, "one connection a database"


def test_nothing_but_our_own_selects_is_sent(estate: Estate) -> None:
    with serve(estate) as sim:
        inside(sim)
        sent = {request.statement for request in sim.sql_requests if request.kind == "QUERY"}
    ours = [
        queries.rights(DATABASE, HISTORY),
        queries.PRINCIPALS,
        queries.MEMBERSHIPS,
        queries.GRANTS,
        queries.POLICIES,
        queries.tenant_tables("tenant_id"),
        queries.history(HISTORY),
    ]
    assert sent == {query.statement for query in ours}


STATEMENTS: dict[str, tuple[str, bool]] = {
    "a select": ("SELECT p.name FROM sys.database_principals AS p", True),
    "a select into": ("SELECT 1 AS a INTO t", False),
    "two statements": ("SELECT 1; DROP TABLE t", False),
    "a comment": ("SELECT 1 -- x", False),
    "a write": ("DELETE FROM t", False),
    "a procedure": ("EXEC sp_who", False),
    "a hidden write": ("SELECT 1 UPDATE t SET a = 1", False),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_the_guard_lets_selects_through(case: str) -> None:
    statement, allowed = STATEMENTS[case]
    assert selects(statement) is allowed


HOSTILE = ("x' OR 1=1--", "a]; DROP TABLE t--", "n\nGO")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_in_statements_are_quoted(name: str) -> None:
    """The policy takes no such names; the statements would hold all the same: refused by the guard, or one SELECT."""
    for query in (
        queries.rights(name, f"dbo.{name}"),
        queries.tenant_tables(name),
        queries.history(f"dbo.{name}"),
    ):
        if selects(query.statement):
            (tree,) = sqlglot.parse(query.statement, read="tsql")
            assert isinstance(tree, sqlglot.exp.Select)


def hidden(estate: Estate) -> None:
    held = estate.database(DATABASE).permissions
    held[:] = [one for one in held if one.permission != "VIEW DEFINITION"]


def test_without_view_definition_nothing_is_an_absence(estate: Estate) -> None:
    hidden(estate)
    with serve(estate) as sim:
        seen = inside(sim)
    lists = (seen.principals, seen.memberships, seen.grants, seen.policies, seen.tables_with("tenant_id"))
    for listing in lists:
        assert listing.gap is not None
        assert (listing.gap.reason, listing.gap.permission) == (GapReason.FORBIDDEN, "VIEW DEFINITION")
        assert "doctor --sql" in advice(listing.gap)
    assert isinstance(seen.history(HISTORY), Observed), "that right is one of its own"


def test_without_a_right_on_the_history_it_is_a_gap(estate: Estate) -> None:
    held = estate.database(DATABASE).permissions
    held[:] = [one for one in held if one.permission != "SELECT"]
    with serve(estate) as sim:
        seen = inside(sim)
    gap = seen.history(HISTORY)
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.FORBIDDEN
    assert not seen.principals.gap


def drop_history(estate: Estate) -> None:
    contents = estate.database(DATABASE)
    contents.tables.remove(contents.table(HISTORY))
    contents.permissions[:] = [one for one in contents.permissions if one.on != HISTORY]


def test_a_history_that_does_not_exist_is_seen_to_be_absent(estate: Estate) -> None:
    drop_history(estate)
    with serve(estate) as sim:
        assert inside(sim).history(HISTORY) == Observed(None)


def test_a_history_in_another_case_is_told_by_its_name(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the collation tells names apart by case, the name that the policy has is nobody's."""
    real = DatabaseSession.read

    def read(speaker: DatabaseSession, rights: Query, following: Any) -> Any:
        talk = real(speaker, rights, following)
        found = talk.rows[rights]
        assert isinstance(found, list)
        (row,) = found
        talk.rows[rights] = [(row[0], None, "dbo.FLYWAY_SCHEMA_HISTORY", *row[3:])]
        return talk

    monkeypatch.setattr(DatabaseSession, "read", read)
    with serve(estate) as sim:
        gap = inside(sim).history(HISTORY)
    assert isinstance(gap, Gap)
    assert gap.reason is GapReason.NOT_COLLECTED
    assert gap.detail.endswith("write migrations.table as dbo.FLYWAY_SCHEMA_HISTORY")


def test_without_view_definition_a_missing_history_is_a_gap(estate: Estate) -> None:
    hidden(estate)
    drop_history(estate)
    with serve(estate) as sim:
        assert isinstance(inside(sim).history(HISTORY), Gap)


HIDING: dict[str, tuple[tuple[SecurableClass, str], str, tuple[str, ...]]] = {
    "a schema, to public": (("SCHEMA", "sec"), "public", ("policies", "tables")),
    "a schema, to the auditor": (("SCHEMA", "sec"), "mzaudit", ("policies", "tables")),
    "a table, to a role in a role": (("OBJECT_OR_COLUMN", "dbo.device"), "outer", ("policies", "tables")),
    "a user": (("DATABASE_PRINCIPAL", "app-monozu-cloud-prd"), "mzaudit", ("principals", "memberships", "grants")),
    "a role": (("DATABASE_PRINCIPAL", "report_readers"), "public", ("principals", "memberships", "grants")),
}


@pytest.mark.parametrize("case", HIDING)
def test_what_a_denial_hides_is_a_gap(case: str, estate: Estate) -> None:
    """The catalogue leaves it out in silence, though the caller has VIEW DEFINITION of the database."""
    (kind, on), to, facets = HIDING[case]
    contents = estate.database(DATABASE)
    contents.create_role("outer")
    contents.create_role("inner", "outer")
    contents.add_member("inner", "mzaudit")
    contents.grant(to, "VIEW DEFINITION", kind, on, state="DENY")
    with serve(estate) as sim:
        seen = inside(sim)
    lists: dict[str, Listing[Any]] = {
        "principals": seen.principals,
        "memberships": seen.memberships,
        "grants": seen.grants,
        "policies": seen.policies,
        "tables": seen.tables_with("tenant_id"),
    }
    assert tuple(name for name, listing in lists.items() if listing.gap is not None) == facets
    for name in facets:
        gap = lists[name].gap
        assert gap is not None
        assert (gap.reason, f"denied to {to} on" in gap.detail) == (GapReason.DENIED, True)
        assert "REVOKE" in advice(gap)
    assert isinstance(seen.history(HISTORY), Observed), "its rows may be read"


@pytest.mark.parametrize("permission", ["VIEW DEFINITION", "CONTROL"])
def test_a_denial_on_the_whole_database_hides_all(permission: str, estate: Estate) -> None:
    estate.database(DATABASE).grant("public", permission, state="DENY")
    with serve(estate) as sim:
        seen = inside(sim)
    if permission == "CONTROL":
        assert {gap.reason for gap in gaps(seen)} == {GapReason.FORBIDDEN}, "nobody may connect"
    else:
        assert {gap.reason for gap in gaps(seen)} == {GapReason.DENIED}
        assert len(list(gaps(seen))) == 5, "every facet but the history"


def test_a_history_in_a_hidden_schema_is_not_absent(estate: Estate) -> None:
    drop_history(estate)
    estate.database(DATABASE).grant("mzaudit", "VIEW DEFINITION", "SCHEMA", "dbo", state="DENY")
    with serve(estate) as sim:
        gap = inside(sim).history(HISTORY)
    assert isinstance(gap, Gap)
    assert "the schema dbo" in gap.detail


def test_what_is_denied_to_others_hides_nothing(estate: Estate) -> None:
    contents = estate.database(DATABASE)
    contents.create_role("others")
    contents.grant("others", "VIEW DEFINITION", "SCHEMA", "sec", state="DENY")
    contents.grant("public", "SELECT", "SCHEMA", "sec", state="DENY")
    with serve(estate) as sim:
        assert not list(gaps(inside(sim)))


def test_the_primary_is_asked_where_replicas_may_be_read(estate: Estate) -> None:
    """A replica would show one row of the history less."""
    assert estate.named("Microsoft.Sql/servers/databases", DATABASE)["properties"]["readScale"] == "Enabled"
    with serve(estate) as sim:
        history = inside(sim).history(HISTORY)
    assert isinstance(history, Observed)
    assert [row.version for row in history.value or ()][-1] == "5"


def test_a_database_that_is_a_replica_is_not_judged(estate: Estate) -> None:
    estate.named("Microsoft.Sql/servers/databases", DATABASE)["properties"]["secondaryType"] = "Geo"
    with serve(estate) as sim:
        found = list(gaps(inside(sim)))
    assert len(found) == 6, "every facet"
    assert {gap.reason for gap in found} == {GapReason.NOT_COLLECTED}
    assert "is read-only" in found[0].detail
    assert "primary" in advice(found[0])


def test_history_and_append_only_tables_are_told(estate: Estate) -> None:
    contents = estate.database(DATABASE)
    contents.table("dbo.alarm").ledger = "APPEND_ONLY_LEDGER_TABLE"
    contents.table("dbo.reading").ledger = "HISTORY_TABLE"
    with serve(estate) as sim:
        tables = {one.name: (one.history, one.append_only) for one in inside(sim).tables_with("tenant_id").items}
    assert tables == {
        "dbo.device": (False, False),
        "dbo.device_history": (True, False),
        "dbo.reading": (True, False),
        "dbo.alarm": (False, True),
    }


def test_the_administrator_of_the_server_is_read(estate: Estate) -> None:
    properties = estate.named("Microsoft.Sql/servers", SERVER)["properties"]
    with serve(estate) as sim:
        scope = only_sql(sim)
        (one,) = take(sim, scope=scope).servers.values()
        known = properties.pop("administrators")
        (without,) = take(sim, scope=scope).servers.values()
        properties["administrators"] = {"administratorType": "ActiveDirectory", "sid": None}
        (silent,) = take(sim, scope=scope).servers.values()
    assert one.administrator == Observed(EntraAdministrator("sql-admins", "Group", known["sid"]))
    assert without.administrator == Observed(None)
    assert silent.administrator == Observed(EntraAdministrator("", None, ""))


def test_what_other_servers_of_the_group_hold_is_told(estate: Estate) -> None:
    server = str(estate.named("Microsoft.Sql/servers", SERVER)["id"])
    for body in resource_bodies.sql_server(f"{server}-2", "westeurope", estate.tenant_id):
        estate.add(body)
    twin = estate.add(resource_bodies.database(f"{server}-2/databases/{DATABASE}", "westeurope"))
    with serve(estate) as sim:
        (plain,) = take(sim, scope=only_sql(sim)).servers.values()
        twin["properties"]["secondaryType"] = "Geo"
        (replica,) = take(sim, scope=only_sql(sim)).servers.values()
    assert [(one.id, one.secondary) for one in plain.elsewhere.items] == [(twin["id"], False)]
    assert [(one.id, one.secondary) for one in replica.elsewhere.items] == [(twin["id"], True)]


def no_user(estate: Estate) -> None:
    estate.database(DATABASE).drop_user("mzaudit")


def no_firewall(estate: Estate) -> None:
    estate.gate(SERVER).admits = False


def private(estate: Estate) -> None:
    estate.named("Microsoft.Sql/servers", SERVER)["properties"]["publicNetworkAccess"] = "Disabled"


def paused(estate: Estate) -> None:
    estate.named("Microsoft.Sql/servers/databases", DATABASE)["properties"]["status"] = "Paused"


def elsewhere(estate: Estate) -> None:
    host = f"{SERVER}.database.windows.net.example.com"
    estate.named("Microsoft.Sql/servers", SERVER)["properties"]["fullyQualifiedDomainName"] = host


def no_host(estate: Estate) -> None:
    del estate.named("Microsoft.Sql/servers", SERVER)["properties"]["fullyQualifiedDomainName"]


SHUT: dict[str, tuple[Callable[[Estate], None], GapReason, str, str]] = {
    "no user": (no_user, GapReason.FORBIDDEN, "18456", "CREATE USER"),
    "firewall": (no_firewall, GapReason.FIREWALL, "40615", "az sql server firewall-rule create"),
    "private": (private, GapReason.PRIVATE_ONLY, "47073", "private endpoint"),
    "paused": (paused, GapReason.NOT_COLLECTED, "--wake-databases", "--wake-databases"),
    "another domain": (elsewhere, GapReason.REFUSED, "no token was sent there", "refused to send"),
    "no host": (no_host, GapReason.MALFORMED, "names no host", ""),
}


@pytest.mark.parametrize("case", SHUT)
def test_a_shut_door_is_a_gap_with_its_cure(case: str, estate: Estate) -> None:
    mutate, reason, words, cure = SHUT[case]
    mutate(estate)
    with serve(estate) as sim:
        seen = inside(sim)
        asked = sim.sql_requests
    found = list(gaps(seen))
    assert len(found) == 6, "every facet"
    assert {gap.reason for gap in found} == {reason}
    assert words in found[0].detail
    assert cure in advice(found[0])
    if case in ("paused", "another domain", "no host"):
        assert not asked, "nobody knocked"


def test_a_paused_database_is_woken_when_asked(estate: Estate) -> None:
    paused(estate)
    with serve(estate) as sim:
        seen = inside(sim, wake=True)
        results = [request.result for request in sim.sql_requests if request.kind == "LOGIN"]
    assert results == [40613, 0]
    assert not list(gaps(seen))


def test_a_redirect_is_followed_through_the_proxy(estate: Estate) -> None:
    estate.gate(SERVER).redirects = True
    with serve(estate) as sim:
        seen = inside(sim)
        logins = [request.server for request in sim.sql_requests if request.kind == "LOGIN"]
    assert not list(gaps(seen))
    assert logins == [f"{SERVER}.database.windows.net", f"{SERVER}.tr1.westeurope1-a.worker.database.windows.net"]


ASTRAY: dict[str, tuple[tuple[str, int], str, int]] = {
    "another domain": (("sql.database.windows.net.example.org", 11000), "no token was sent there", 1),
    "another port": ((f"{SERVER}.tr1.westeurope1-a.worker.database.windows.net", 443), "port 443", 1),
    "no host name": (("sql monozu", 11000), "no token was sent there", 1),
    "back to itself": ((f"{SERVER}.database.windows.net", 1433), "more than 3 times", 3),
}


@pytest.mark.parametrize("case", ASTRAY)
def test_a_redirect_astray_is_not_followed(case: str, estate: Estate) -> None:
    target, words, logins = ASTRAY[case]
    gate = estate.gate(SERVER)
    gate.redirects, gate.target = True, target
    with serve(estate) as sim:
        seen = inside(sim)
        knocked = [request.server for request in sim.sql_requests if request.kind == "LOGIN"]
        strangers = sim.refused
    found = list(gaps(seen))
    assert len(found) == 6, "every facet"
    assert {gap.reason for gap in found} == {GapReason.REFUSED}
    assert words in found[0].detail
    assert knocked == [f"{SERVER}.database.windows.net"] * logins
    assert strangers == []


NUMBERS: dict[str, tuple[int, GapReason]] = {
    "permission": (229, GapReason.FORBIDDEN),
    "throttled": (40501, GapReason.THROTTLED),
    "too many requests": (49918, GapReason.THROTTLED),
    "failing over": (40197, GapReason.SERVER_ERROR),
    "an unknown number": (50000, GapReason.SERVER_ERROR),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_an_error_in_one_query_is_a_gap_of_that_query(case: str, estate: Estate) -> None:
    number, reason = NUMBERS[case]
    with serve(estate, sql_faults=[SqlFault("database_role_members", ServerError(number, "no"))]) as sim:
        seen = inside(sim)
    assert [gap.reason for gap in gaps(seen)] == [reason]
    assert seen.memberships.gap is not None
    assert str(number) in seen.memberships.gap.detail


BROKEN: dict[str, tuple[object, GapReason]] = {
    "reset": (Reset(), GapReason.UNREACHABLE),
    "reset in the middle": (Truncated(), GapReason.UNREACHABLE),
    "no tokens": (Malformed(), GapReason.MALFORMED),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_query_that_breaks_the_connection_costs_that_query(case: str, estate: Estate) -> None:
    action, reason = BROKEN[case]
    with serve(estate, sql_faults=[SqlFault("database_role_members", action)]) as sim:  # type: ignore[arg-type]  # of the table
        seen = inside(sim)
    assert [gap.reason for gap in gaps(seen)] == [reason]
    assert seen.memberships.gap is not None


@pytest.mark.parametrize("match", ["LOGIN", "database_role_members"])
def test_what_passes_is_tried_again(match: str, estate: Estate) -> None:
    with serve(estate, sql_faults=[SqlFault(match, Reset(), nth=1)]) as sim:
        assert not list(gaps(inside(sim)))


def test_a_server_that_is_silent_costs_no_more_than_the_run_has(estate: Estate) -> None:
    with serve(estate, sql_faults=[SqlFault("QUERY", Hang(30))]) as sim:
        seen = inside(sim, seconds=4)
    assert {gap.reason for gap in gaps(seen)} == {GapReason.TIMEOUT}


def test_every_query_is_in_the_ledger(estate: Estate) -> None:
    with serve(estate, sql_faults=[SqlFault("database_role_members", ServerError(229, "no"))]) as sim:
        seen = take(sim, scope=only_sql(sim))
    reads = {read.call.partition(f"/{DATABASE} ")[2]: read.outcome for read in seen.reads if read.call[:3] == "SQL"}
    assert reads == {
        "login": "ok",
        "permissions": "ok",
        "principals": "ok",
        "role members": "forbidden",
        "permissions granted": "ok",
        "security policies": "ok",
        "tables with tenant_id": "ok",
        HISTORY: "ok",
    }


def test_a_user_of_a_login_is_its_application() -> None:
    whose = DatabasePrincipal("x", "E", "EXTERNAL", "6e1c4f0f538a0b4f9a341f4b8a2c9d10aade")
    assert whose.entra_id == "0f4f1c6e-8a53-4f0b-9a34-1f4b8a2c9d10"


def test_patience_is_bounded_for_the_tests() -> None:
    assert HURRIED.budget <= 10
