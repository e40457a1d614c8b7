"""SQL-003, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.sql.identity_user import identity_user
from mzaudit.snapshot.databases import DatabaseGrant, Membership
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.web import Identity, ManagedIdentity
from tests.built_estate import (
    TENANT,
    Bend,
    ask,
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
    user,
)

CLOUD, DB = service("cloud"), database("cloud")


def grant(permission: str, state: str, to: str) -> Bend:
    return more(DB, "grants", DatabaseGrant(to, permission, state, "DATABASE", ""))


FORMER = "f0f0f0f0-1111-2222-3333-444444444444"
WITHOUT = less(DB, "principals", lambda one: one.name == CLOUD.app)
OWN = entra_user("anything", client(CLOUD))
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "under another name": ((user(DB, CLOUD.app, name="cloud-api"),), Pass, ""),
    "type X": ((user(DB, CLOUD.app, type="X"),), Pass, ""),
    "made for a login": ((user(DB, CLOUD.app, sid=OWN.sid + "aade"),), Pass, ""),
    "client id in capitals": (
        (site(CLOUD, identity=Observed(ManagedIdentity(principal(CLOUD), client(CLOUD).upper(), TENANT))),),
        Pass,
        "",
    ),
    "found in a list that may be longer": (
        (signs_in(DB, OWN), inside(DB, principals=Listing((OWN,), gap("SQL principals")))),
        Pass,
        "",
    ),
    "missing": ((WITHOUT,), Fail, f"The identity of {CLOUD.app} is not a user of {DB.name}."),
    "stale": ((user(DB, CLOUD.app, sid=entra_user("x", FORMER).sid),), Fail, "has a stale SID"),
    "stale, and today's beside it under another name": (
        (user(DB, CLOUD.app, sid=entra_user("x", FORMER).sid), signs_in(DB, OWN)),
        Pass,
        "",
    ),
    "stale, in other capitals": (
        (user(DB, CLOUD.app, name=CLOUD.app.upper(), sid=entra_user("x", FORMER).sid),),
        Fail,
        "stale",
    ),
    "made from the object id": (
        (user(DB, CLOUD.app, sid=entra_user("x", principal(CLOUD)).sid),),
        Fail,
        "has the object id of the identity",
    ),
    "made from the object id under another name": (
        (user(DB, CLOUD.app, name="api", sid=entra_user("x", principal(CLOUD)).sid),),
        Fail,
        "The user api of db-monozu-cloud-prd has the object id",
    ),
    "made from the object id, and today's beside it": (
        (user(DB, CLOUD.app, sid=entra_user("x", principal(CLOUD)).sid), signs_in(DB, OWN)),
        Pass,
        "",
    ),
    "without CONNECT": (
        (less(DB, "grants", lambda one: one.grantee == CLOUD.app),),
        Fail,
        "cannot sign in: it was not granted CONNECT.",
    ),
    "CONNECT denied": ((grant("CONNECT", "DENY", CLOUD.app),), Fail, f"CONNECT is denied to {CLOUD.app}."),
    "CONTROL denied, which denies CONNECT": (
        (grant("CONTROL", "DENY", "public"),),
        Fail,
        "CONTROL is denied to public",
    ),
    "CONNECT denied to a role": (
        (more(DB, "memberships", Membership("shut", CLOUD.app)), grant("CONNECT", "DENY", "SHUT")),
        Fail,
        "CONNECT is denied to SHUT",
    ),
    "CONNECT denied to another": ((grant("CONNECT", "DENY", "somebody"),), Pass, ""),
    "CONNECT through a role": (
        (less(DB, "grants", lambda one: one.grantee == CLOUD.app), grant("CONNECT", "GRANT", "db_datareader")),
        Pass,
        "",
    ),
    "CONNECT that a fixed role holds": (
        (
            less(DB, "grants", lambda one: one.grantee == CLOUD.app),
            more(DB, "memberships", Membership("db_accessadmin", CLOUD.app)),
        ),
        Pass,
        "",
    ),
    "made for a login, which a server role may let in": (
        (less(DB, "grants", lambda one: one.grantee == CLOUD.app), user(DB, CLOUD.app, sid=OWN.sid + "aade")),
        Inconclusive,
        "server roles of the login",
    ),
    "permissions unread": ((inside(DB, grants=Listing(gap=gap("SQL permissions"))),), Inconclusive, "SQL permissions"),
    "members unread": ((inside(DB, memberships=Listing(gap=gap("SQL members"))),), Inconclusive, "SQL members"),
    "a SQL user of that name": (
        (user(DB, CLOUD.app, type="S", authentication="DATABASE", sid="0105"),),
        Fail,
        "was not created from the external provider",
    ),
    "the identity was made anew": (
        (site(CLOUD, identity=Observed(ManagedIdentity(principal(CLOUD), FORMER, TENANT))),),
        Fail,
        "stale",
    ),
    "no identity": (
        (site_properties(CLOUD, identity=Identity((), None, None)), site(CLOUD, identity=Observed(None))),
        Fail,
        "has no system-assigned identity",
    ),
    "no database": ((database_gone(DB),), NotApplicable, "does not exist"),
    "no server": ((server(exists=Observed(False)),), NotApplicable, "does not exist"),
    "database unread": ((server(databases=Listing(gap=gap())),), Inconclusive, ""),
    "no right in it": ((inside(DB, principals=Listing(gap=gap("SQL principals"))),), Inconclusive, "SQL principals"),
    "a stale one in a list that may be longer": (
        (
            user(DB, CLOUD.app, sid=entra_user("x", FORMER).sid),
            lambda seen: inside(DB, principals=Listing(seen.database(DB.id).principals.items, gap()))(seen),
        ),
        Inconclusive,
        "",
    ),
    "client id refused": ((site(CLOUD, identity=gap("GET identity")),), Inconclusive, "GET identity"),
    "an identity without a client id": (
        (site(CLOUD, identity=Observed(ManagedIdentity(principal(CLOUD), None, TENANT))),),
        Inconclusive,
        "no client id",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_identity_user(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(identity_user, f"cloud/{DB.name}", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_the_cure_of_a_stale_user_drops_it_first() -> None:
    verdict = ask(identity_user, f"cloud/{DB.name}", *CASES["stale"][0])
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert verdict.fix.commands == (
        f"sqlcmd -S sql-monozu-prd.database.windows.net -d {DB.name} -G -x -X -Q "
        f"'DROP USER [{CLOUD.app}]; CREATE USER [{CLOUD.app}] FROM EXTERNAL PROVIDER; "
        f"ALTER ROLE [db_datareader] ADD MEMBER [{CLOUD.app}]; ALTER ROLE [db_datawriter] ADD MEMBER [{CLOUD.app}];'",
    )
