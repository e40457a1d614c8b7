"""SQL-005, case by case."""

from __future__ import annotations

import pytest

from mzaudit.audit import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.sql.database_isolation import database_isolation
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.web import Identity, ManagedIdentity, UserAssigned
from tests.estate import (
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
    service,
    site,
    site_properties,
    staged,
)

CLOUD, MANAGE, INGEST, DB = service("cloud"), service("manage"), service("ingest"), database("cloud")
SHARED = "a77ac4ed-0000-0000-0000-000000000001"
SLOT = "51075107-0000-0000-0000-000000000002"


def users(*new: object) -> Bend:
    return more(DB, "principals", *new)


def attached(which: object, client_id: str | None = SHARED) -> Bend:
    own = Identity(("systemassigned", "userassigned"), principal(which), TENANT, (UserAssigned("/id", "p", client_id),))  # type: ignore[arg-type]  # a service of the table
    return site_properties(which, identity=own)  # type: ignore[arg-type]  # as above


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
        (inside(DB, principals=Listing((entra_user("m", client(MANAGE)),), gap())),),
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
    "no right in it": ((inside(DB, principals=Listing(gap=gap("SQL users"))),), Inconclusive, "SQL users"),
    "no database": ((database_gone(DB),), NotApplicable, "(SQL-001)"),
}


@pytest.mark.parametrize("case", CASES)
def test_database_isolation(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(database_isolation, DB.name, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)
