"""SQL-005, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.sql._database_subjects import each_guarded_database
from mzaudit.rules.sql.database_isolation import database_isolation
from mzaudit.snapshot.databases import DatabaseGrant, DatabasePrincipal, Membership
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.sql import EntraAdministrator
from mzaudit.snapshot.web import Identity, ManagedIdentity, UserAssigned
from tests.built_estate import (
    TENANT,
    Bend,
    ask,
    bent,
    client,
    database,
    database_gone,
    entra_user,
    gap,
    inside,
    less,
    more,
    principal,
    said,
    server,
    service,
    signs_in,
    site,
    site_properties,
    staged,
    wanted,
)

CLOUD, MANAGE, INGEST, DB = service("cloud"), service("manage"), service("ingest"), database("cloud")
SHARED = "a77ac4ed-0000-0000-0000-000000000001"
SLOT = "51075107-0000-0000-0000-000000000002"


def users(*new: DatabasePrincipal) -> Bend:
    return signs_in(DB, *new)


def attached(which: object, client_id: str | None = SHARED) -> Bend:
    own = Identity(("systemassigned", "userassigned"), principal(which), TENANT, (UserAssigned("/id", "p", client_id),))  # type: ignore[arg-type]  # a service of the table
    return site_properties(which, identity=own)  # type: ignore[arg-type]  # as above


STRANGER = "57a9657a-0000-0000-0000-000000000001"
GROUP = signs_in(DB, entra_user("dbas", STRANGER, type="X"))


def role(name: str) -> Bend:
    return more(DB, "memberships", Membership(name, "dbas"))


def granted(permission: str, state: str = "GRANT") -> Bend:
    return more(DB, "grants", DatabaseGrant("dbas", permission, state, "DATABASE", ""))


def administered(kind: str, sid: str) -> Bend:
    return server(administrator=Observed(EntraAdministrator("the administrator", kind, sid)))


BARE = less(DB, "principals", lambda user: user.name not in (CLOUD.app, INGEST.app, "mzaudit"))
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "the name of another, the SID of nobody": (
        (users(entra_user(MANAGE.app, "57a9657a-0000-0000-0000-000000000001")),),
        Pass,
        "",
    ),
    "an Entra group": ((users(entra_user("dbas", "57a9657a-0000-0000-0000-000000000001", type="X")),), Pass, ""),
    "management in the cloud database": (
        (users(entra_user("m", client(MANAGE))),),
        Fail,
        f"The identity of manage of prd is the user m of {DB.name}.",
    ),
    "staging's service in production": (
        (users(entra_user("s", client(service("cloud", "stg")))),),
        Fail,
        "cloud of stg",
    ),
    "in a list that may be longer": (
        (
            users(entra_user("m", client(MANAGE))),
            inside(DB, principals=Listing((entra_user("m", client(MANAGE)),), gap())),
        ),
        Fail,
        "manage of prd",
    ),
    "a slot of another": (
        (
            staged(MANAGE, "blue", identity=Observed(ManagedIdentity(principal(MANAGE), SLOT, TENANT))),
            users(entra_user("slot", SLOT)),
        ),
        Fail,
        "the slot blue of manage",
    ),
    "an attached identity of another": (
        (attached(MANAGE), users(entra_user("shared", SHARED))),
        Fail,
        "user-assigned identity id of manage",
    ),
    "an attached identity of both": (
        (attached(MANAGE), attached(CLOUD), users(entra_user("shared", SHARED))),
        Pass,
        "",
    ),
    "an attached identity of another, and perhaps of its own": (
        (attached(MANAGE), site(CLOUD, properties=gap("GET cloud")), users(entra_user("shared", SHARED))),
        Inconclusive,
        "GET cloud",
    ),
    "another's client id refused, the pipeline is a user": (
        (site(MANAGE, identity=gap("GET identity")),),
        Inconclusive,
        "GET identity",
    ),
    "another's client id refused, every user is accounted for": ((BARE, site(MANAGE, identity=gap())), Pass, ""),
    "an attached identity without a client id": ((attached(MANAGE, None),), Inconclusive, "without a client id"),
    "another service's user, which was not granted CONNECT": (
        (more(DB, "principals", entra_user("m", client(MANAGE))),),
        Pass,
        "",
    ),
    "another service's user, permissions unread": (
        (users(entra_user("m", client(MANAGE))), inside(DB, grants=Listing(gap=gap("SQL permissions")))),
        Inconclusive,
        "SQL permissions",
    ),
    "another service's object id, which lets nobody in": (
        (users(entra_user("m", principal(MANAGE))),),
        Pass,
        "",
    ),
    "an Entra group with a role": ((GROUP, role("db_datareader")), Inconclusive, "the Entra group dbas"),
    "an Entra group with a permission": ((GROUP, granted("SELECT")), Inconclusive, "the Entra group dbas"),
    "an Entra group to which something is denied": ((GROUP, granted("SELECT", "DENY")), Pass, ""),
    "an Entra group with a role and without CONNECT": (
        (more(DB, "principals", entra_user("dbas", STRANGER, type="X")), role("db_datareader")),
        Pass,
        "",
    ),
    "another service administers the server, by its object id": (
        (administered("Application", principal(MANAGE)),),
        Fail,
        f"The identity of manage of prd is the Entra administrator of {DB.server}: it enters {DB.name} as dbo.",
    ),
    "another service administers the server, by its client id": (
        (administered("Application", client(MANAGE).upper()),),
        Fail,
        "is the Entra administrator",
    ),
    "its own service administers the server": ((administered("Application", principal(CLOUD)),), Pass, ""),
    "an application administers the server": ((administered("Application", STRANGER),), Pass, ""),
    "an application administers the server, another's client id refused": (
        (BARE, administered("Application", STRANGER), site(MANAGE, identity=gap("GET identity"))),
        Inconclusive,
        "GET identity",
    ),
    "somebody administers the server, another's client id refused": (
        (BARE, administered("User", STRANGER), site(MANAGE, identity=gap("GET identity"))),
        Pass,
        "",
    ),
    "nobody administers the server": ((server(administrator=Observed(None)),), Pass, ""),
    "who administers the server is unread": ((server(administrator=gap("GET server")),), Inconclusive, "GET server"),
    "no right in it": ((inside(DB, principals=Listing(gap=gap("SQL users"))),), Inconclusive, "SQL users"),
    "no database": ((database_gone(DB),), NotApplicable, "does not exist"),
}


@pytest.mark.parametrize("case", CASES)
def test_database_isolation(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(database_isolation, DB.name, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_a_group_that_the_policy_names_is_known() -> None:
    bound = wanted()
    subject = next(s for s in each_guarded_database(bound, bound.environments["prd"]) if s.name == DB.name)
    for name in ("dbas", "db_datareader"):
        want = replace(subject.want, database=replace(subject.want.database, administrators=(name,)))
        assert isinstance(database_isolation.check(want, bent(GROUP, role("db_datareader"))), Pass)
