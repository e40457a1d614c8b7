"""SQL-007, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.engine.subjects import OtherServices
from mzaudit.rules.sql._database_subjects import GuardedDatabase
from mzaudit.rules.sql.row_level_security import row_level_security
from mzaudit.snapshot.databases import (
    DatabaseGrant,
    DatabasePrincipal,
    Membership,
    Predicate,
    SecurityPolicy,
    TenantTable,
)
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.sql import EntraAdministrator
from tests.built_estate import (
    PIPELINE,
    TABLES,
    Bend,
    ask,
    bent,
    client,
    database,
    database_gone,
    entra_user,
    gap,
    inside,
    more,
    principal,
    said,
    server,
    service,
    site,
    tenant_tables,
)

DB = database("cloud")
DEVICE, READING = TABLES
CDC = DatabasePrincipal("cdc", "S", "NONE", "01")
JOE = DatabasePrincipal("joe", "S", "DATABASE", "02")


def kept(name: str, **kind: bool) -> Bend:
    found = (*tenant_tables(*TABLES), TenantTable(name, **kind))
    return inside(DB, tenant_tables={"tenant_id": Listing(found)})


def policies(*found: SecurityPolicy) -> Bend:
    return inside(DB, policies=Listing(found))


def policy(*predicates: tuple[str, str, str | None], enabled: bool = True, name: str = "sec.tenants") -> SecurityPolicy:
    return SecurityPolicy(name, enabled, tuple(Predicate(*each) for each in predicates))


def grant(to: str, permission: str, kind: str, on: str, state: str = "GRANT") -> DatabaseGrant:
    return DatabaseGrant(to, permission, state, kind, on)


def may(to: str, permission: str, on: str, kind: str = "USER", state: str = "GRANT") -> Bend:
    return more(DB, "grants", grant(to, permission, kind, on, state))


def of_database(to: str, permission: str) -> Bend:
    return more(DB, "grants", grant(to, permission, "DATABASE", ""))


WHOLE = (("FILTER", None), ("BLOCK", None))
BOTH = tuple((table, *each) for table in TABLES for each in WHOLE)
ON_DEVICE = tuple((DEVICE, *each) for each in WHOLE)
member = "memberships"
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "a policy for each table": (
        (policies(policy(*BOTH[:2]), policy(*BOTH[2:], name="sec.other")),),
        Pass,
        "",
    ),
    "filter and block in two policies": (
        (policies(policy(*BOTH[::2]), policy(*BOTH[1::2], name="sec.other")),),
        Pass,
        "",
    ),
    "block for both writes": (
        (
            policies(
                policy(*ON_DEVICE, (READING, "FILTER", None)),
                policy((READING, "BLOCK", "AFTER INSERT"), (READING, "BLOCK", "AFTER UPDATE"), name="sec.b"),
            ),
        ),
        Pass,
        "",
    ),
    "names in capitals": ((policies(policy(*((t.upper(), k, o) for t, k, o in BOTH))),), Pass, ""),
    "a disabled one beside it": ((more(DB, "policies", policy(*BOTH, enabled=False, name="a.old")),), Pass, ""),
    "a table without tenants": ((policies(policy(*BOTH, ("dbo.x", "FILTER", None))),), Pass, ""),
    "disabled": (
        (policies(policy(*BOTH, enabled=False)),),
        Fail,
        f"The security policy sec.tenants, which guards {DEVICE}, is disabled.",
    ),
    "filter without block": (
        (policies(policy(*ON_DEVICE, (READING, "FILTER", None))),),
        Fail,
        f"{READING} has a FILTER and no BLOCK predicate",
    ),
    "block without filter": (
        (policies(policy(*ON_DEVICE, (READING, "BLOCK", None))),),
        Fail,
        f"{READING} has no FILTER predicate",
    ),
    "block for inserts alone": (
        (policies(policy(*ON_DEVICE, (READING, "FILTER", None), (READING, "BLOCK", "AFTER INSERT"))),),
        Fail,
        f"{READING} has no BLOCK predicate for AFTER UPDATE",
    ),
    "block before deletes alone": (
        (policies(policy(*ON_DEVICE, (READING, "FILTER", None), (READING, "BLOCK", "BEFORE DELETE"))),),
        Fail,
        "AFTER INSERT, AFTER UPDATE",
    ),
    "a new table": (
        (inside(DB, tenant_tables={"tenant_id": Listing(tenant_tables(*TABLES, "dbo.new"))}),),
        Fail,
        "names dbo.new",
    ),
    "no policy at all": ((policies(),), Fail, f"No security policy names {DEVICE}"),
    "no table with the column": (
        (inside(DB, tenant_tables={"tenant_id": Listing()}),),
        Fail,
        "has the column tenant_id",
    ),
    "an owner": (
        (more(DB, member, Membership("db_owner", "joe")),),
        Fail,
        "joe can switch row-level security off: member of db_owner.",
    ),
    "an owner without a login": (
        (more(DB, "principals", CDC), more(DB, member, Membership("db_owner", "cdc"))),
        Pass,
        "",
    ),
    "one who may impersonate an owner without a login": (
        (
            more(DB, "principals", CDC),
            more(DB, member, Membership("db_owner", "cdc")),
            may("joe", "IMPERSONATE", "cdc"),
        ),
        Fail,
        "joe can switch row-level security off: granted IMPERSONATE on USER::cdc.",
    ),
    "an owner who may not connect": (
        (
            more(DB, "principals", JOE),
            more(DB, member, Membership("db_owner", "joe")),
            more(DB, "grants", DatabaseGrant("joe", "CONNECT", "DENY", "DATABASE", "")),
        ),
        Pass,
        "",
    ),
    "an owner who may connect": (
        (
            more(DB, "principals", JOE),
            more(DB, member, Membership("db_owner", "joe")),
            more(DB, "grants", DatabaseGrant("joe", "CONNECT", "GRANT", "DATABASE", "")),
        ),
        Fail,
        "joe can switch row-level security off: member of db_owner.",
    ),
    "an owner who may or may not connect": (
        (
            more(DB, "principals", JOE),
            more(DB, member, Membership("db_owner", "joe")),
            inside(DB, grants=Listing(gap=gap("SQL grants"))),
        ),
        Inconclusive,
        "SQL grants",
    ),
    "guests": (
        (
            more(DB, "principals", DatabasePrincipal("guest", "S", "NONE", "00")),
            more(DB, "grants", DatabaseGrant("guest", "CONNECT", "GRANT", "DATABASE", "")),
            more(DB, "grants", DatabaseGrant("guest", "CONTROL", "GRANT", "DATABASE", "")),
        ),
        Fail,
        "guest can switch",
    ),
    "an owner through a role": (
        (more(DB, member, Membership("db_owner", "staff"), Membership("staff", "joe")),),
        Fail,
        "joe can switch row-level security off: member of db_owner (through staff).",
    ),
    "a security administrator": ((more(DB, member, Membership("db_securityadmin", PIPELINE)),), Fail, PIPELINE),
    "dbo": ((more(DB, member, Membership("db_owner", "dbo")),), Pass, ""),
    "control": (
        (more(DB, "grants", DatabaseGrant("joe", "CONTROL", "GRANT", "DATABASE", "")),),
        Fail,
        "joe can switch row-level security off: granted CONTROL.",
    ),
    "control of a schema": ((more(DB, "grants", DatabaseGrant("joe", "CONTROL", "GRANT", "SCHEMA", "dbo")),), Pass, ""),
    "denied": (
        (more(DB, "grants", DatabaseGrant("joe", "ALTER ANY SECURITY POLICY", "DENY", "DATABASE", "")),),
        Pass,
        "",
    ),
    "everybody": (
        (more(DB, "grants", DatabaseGrant("public", "ALTER ANY SECURITY POLICY", "GRANT", "DATABASE", "")),),
        Fail,
        "public can switch",
    ),
    "a role that was granted it": (
        (
            more(DB, "grants", DatabaseGrant("guards", "ALTER ANY SECURITY POLICY", "GRANT", "DATABASE", "")),
            more(DB, member, Membership("guards", "joe")),
        ),
        Fail,
        "joe can switch row-level security off: member of guards.",
    ),
    "a role of nobody that was granted it, or an application role": (
        (more(DB, "grants", DatabaseGrant("guards", "ALTER ANY SECURITY POLICY", "GRANT", "DATABASE", "")),),
        Fail,
        "guards can switch row-level security off: granted ALTER ANY SECURITY POLICY.",
    ),
    "may impersonate dbo": (
        (may("joe", "IMPERSONATE", "dbo"),),
        Fail,
        "joe can switch row-level security off: granted IMPERSONATE on USER::dbo.",
    ),
    "controls dbo": ((may("joe", "CONTROL", "DBO"),), Fail, "granted CONTROL on USER::DBO."),
    "may see and alter dbo": ((may("joe", "VIEW DEFINITION", "dbo"), may("joe", "ALTER", "dbo")), Pass, ""),
    "is denied dbo": ((may("joe", "IMPERSONATE", "dbo", state="DENY"),), Pass, ""),
    "may impersonate an ordinary user": ((may("joe", "IMPERSONATE", PIPELINE),), Pass, ""),
    "may impersonate one who may impersonate dbo": (
        (may("joe", "IMPERSONATE", PIPELINE), may(PIPELINE, "IMPERSONATE", "dbo")),
        Fail,
        "joe can switch row-level security off: granted IMPERSONATE on USER::",
    ),
    "may impersonate each other": ((may("joe", "IMPERSONATE", "jim"), may("jim", "IMPERSONATE", "joe")), Pass, ""),
    "a role may impersonate dbo": (
        (may("guards", "IMPERSONATE", "dbo"), more(DB, member, Membership("guards", "joe"))),
        Fail,
        "joe can switch row-level security off: member of guards.",
    ),
    "may join a role of owners": (
        (more(DB, member, Membership("db_owner", "staff")), may("joe", "ALTER", "staff", "ROLE")),
        Fail,
        "granted ALTER on ROLE::staff",
    ),
    "may take a role that was granted it": (
        (of_database("staff", "ALTER ANY SECURITY POLICY"), may("joe", "TAKE OWNERSHIP", "staff", "ROLE")),
        Fail,
        "granted TAKE OWNERSHIP on ROLE::staff",
    ),
    "may alter db_owner, whose members db_owner alone changes": ((may("joe", "ALTER", "db_owner", "ROLE"),), Pass, ""),
    "may alter any role, and there is one": (
        (of_database("staff", "CONTROL"), of_database("joe", "ALTER ANY ROLE")),
        Fail,
        "joe can switch row-level security off: granted ALTER ANY ROLE.",
    ),
    "may alter any role, and there is none": ((of_database("joe", "ALTER ANY ROLE"),), Pass, ""),
    "may take the database": ((of_database("joe", "TAKE OWNERSHIP"),), Pass, ""),
    "owns the schema of a policy": ((more(DB, "grants", grant("joe", "CONTROL", "SCHEMA", "sec")),), Pass, ""),
    "may impersonate a group of owners": (
        (
            more(DB, "principals", DatabasePrincipal("dbas", "X", "EXTERNAL", "00" * 16)),
            more(DB, member, Membership("db_owner", "dbas")),
            may("joe", "IMPERSONATE", "dbas"),
        ),
        Fail,
        "dbas can switch row-level security off: member of db_owner.",
    ),
    "users unread": ((inside(DB, principals=Listing(gap=gap("SQL users"))),), Inconclusive, "SQL users"),
    "a predicate that nobody knows beside the others": ((policies(policy(*BOTH, (DEVICE, "MASK", None))),), Pass, ""),
    "a predicate that nobody knows instead": (
        (policies(policy(*BOTH[1:], (DEVICE, "MASK", None))),),
        Inconclusive,
        f"security of {DEVICE}",
    ),
    "an operation that nobody knows": (
        (policies(policy(*BOTH[:3], (READING, "BLOCK", "AFTER READ"))),),
        Inconclusive,
        f"security of {READING}",
    ),
    "a table of an unknown kind without block": (
        (kept("dbo.past", unknown=True), policies(policy(*BOTH, ("dbo.past", "FILTER", None)))),
        Inconclusive,
        "security of dbo.past",
    ),
    "a table of an unknown kind without filter": ((kept("dbo.past", unknown=True),), Fail, "names dbo.past"),
    "control of something of an unknown class": (
        (more(DB, "grants", grant("joe", "CONTROL", "EXTERNAL_MODEL", "")),),
        Inconclusive,
        "what CONTROL of joe is on",
    ),
    "use of something of an unknown class": (
        (more(DB, "grants", grant("joe", "EXECUTE", "EXTERNAL_MODEL", "")),),
        Pass,
        "",
    ),
    "policies unread": ((inside(DB, policies=Listing(gap=gap("SQL policies"))),), Inconclusive, "SQL policies"),
    "policies cut short behind both": (
        (inside(DB, policies=Listing((policy(*BOTH),), gap("SQL policies"))),),
        Pass,
        "",
    ),
    "a history table with a filter": (
        (kept("dbo.past", history=True), policies(policy(*BOTH, ("dbo.past", "FILTER", None)))),
        Pass,
        "",
    ),
    "a history table without a filter": ((kept("dbo.past", history=True),), Fail, "No security policy names dbo.past."),
    "an append-only table that blocks inserts": (
        (
            kept("dbo.log", append_only=True),
            policies(policy(*BOTH, ("dbo.log", "FILTER", None), ("dbo.log", "BLOCK", "AFTER INSERT"))),
        ),
        Pass,
        "",
    ),
    "an append-only table with a filter alone": (
        (kept("dbo.log", append_only=True), policies(policy(*BOTH, ("dbo.log", "FILTER", None)))),
        Fail,
        "dbo.log has a FILTER and no BLOCK predicate",
    ),
    "a service administers the server": (
        (server(administrator=Observed(EntraAdministrator("app", "Application", principal(service("cloud"))))),),
        Fail,
        "The identity of cloud of prd is the Entra administrator",
    ),
    "an application administers the server, a client id refused": (
        (
            server(administrator=Observed(EntraAdministrator("app", "Application", "5"))),
            site(service("manage"), identity=gap("GET identity")),
        ),
        Inconclusive,
        "GET identity",
    ),
    "who administers the server is unread": ((server(administrator=gap("GET server")),), Inconclusive, "GET server"),
    "tables unread": ((inside(DB, tenant_tables={"tenant_id": Listing(gap=gap())}),), Inconclusive, ""),
    "tables with another column": (
        (inside(DB, tenant_tables={"org": Listing(tenant_tables(*TABLES))}),),
        Inconclusive,
        "tenant_id",
    ),
    "members unread": ((inside(DB, memberships=Listing(gap=gap("SQL members"))),), Inconclusive, "SQL members"),
    "permissions unread": ((inside(DB, grants=Listing(gap=gap("SQL grants"))),), Inconclusive, "SQL grants"),
    "no database": ((database_gone(DB),), NotApplicable, "does not exist"),
}


@pytest.mark.parametrize("case", CASES)
def test_row_level_security(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(row_level_security, DB.name, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


OWNER = Membership("db_owner", "joe")
NEW = inside(DB, tenant_tables={"tenant_id": Listing(tenant_tables(*TABLES, "dbo.New"))})
EXCUSED: dict[str, tuple[dict[str, object], tuple[Bend, ...], type]] = {
    "a table that is excused": ({"excused": ("dbo.new",)}, (NEW,), Pass),
    "an administrator": ({"administrators": ("joe",)}, (more(DB, member, OWNER),), Pass),
    "a role of administrators": (
        {"administrators": ("staff",)},
        (more(DB, member, Membership("db_owner", "staff"), Membership("staff", "joe")),),
        Pass,
    ),
    "an administrator in a role that was granted it": (
        {"administrators": ("joe",)},
        (of_database("guards", "ALTER ANY SECURITY POLICY"), more(DB, member, Membership("guards", "joe"))),
        Pass,
    ),
    "another beside an administrator in that role": (
        {"administrators": ("joe",)},
        (
            of_database("guards", "ALTER ANY SECURITY POLICY"),
            more(DB, member, Membership("guards", "joe"), Membership("guards", "jim")),
        ),
        Fail,
    ),
    "an administrator of the server by name": (
        {"administrators": ("app",)},
        (server(administrator=Observed(EntraAdministrator("App", "Application", principal(service("cloud"))))),),
        Pass,
    ),
    "one who may impersonate an administrator": (
        {"administrators": ("joe",)},
        (more(DB, member, OWNER), may("jim", "IMPERSONATE", "joe")),
        Fail,
    ),
    "an administrator who may impersonate dbo": ({"administrators": ("joe",)}, (may("joe", "CONTROL", "dbo"),), Pass),
    "one who may impersonate a group of administrators, if it is none": (
        {"administrators": ("dbas",)},
        (
            more(DB, "principals", DatabasePrincipal("dbas", "X", "EXTERNAL", "00" * 16)),
            more(DB, member, Membership("db_owner", "dbas")),
            may("joe", "IMPERSONATE", "dbas"),
        ),
        Inconclusive,
    ),
    "one who may impersonate a service that administers, made as a group is": (
        {"administrators": ("loader",)},
        (
            more(DB, "principals", entra_user("loader", client(service("cloud")), type="X")),
            more(DB, member, Membership("db_owner", "loader")),
            may("joe", "IMPERSONATE", "loader"),
        ),
        Fail,
    ),
    "another administrator": ({"administrators": ("jim",)}, (more(DB, member, OWNER),), Fail),
    "perhaps in a role of administrators": (
        {"administrators": ("staff",)},
        (inside(DB, memberships=Listing((OWNER,), gap())),),
        Inconclusive,
    ),
    "a database without tenants": ({"tenant_column": None}, (policies(),), NotApplicable),
}


@pytest.mark.parametrize("case", EXCUSED)
def test_what_the_policy_excuses(case: str) -> None:
    fields, bends, kind = EXCUSED[case]
    excused = replace(DB, **fields)  # type: ignore[arg-type]  # a table of fields
    assert (
        type(row_level_security.check(GuardedDatabase(excused, (service("cloud"),), OtherServices(())), bent(*bends)))
        is kind
    )
