"""SQL-006, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.sql.no_password_users import no_password_users
from mzaudit.snapshot.databases import DatabaseGrant, DatabasePrincipal
from mzaudit.snapshot.observed import Listing
from tests.built_estate import Bend, ask, bent, database, database_gone, gap, inside, more, said, signs_in

DB = database("cloud")


def sql_user(authentication: str, name: str = "legacy", type: str = "S") -> Bend:  # noqa: A002 - SQL Server's word
    return signs_in(DB, DatabasePrincipal(name, type, authentication, "0105"))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "a user without a login": ((sql_user("NONE"),), Pass, ""),
    "a user of a certificate": ((sql_user("NONE", type="C"),), Pass, ""),
    "the owner in capitals": ((sql_user("INSTANCE", "DBO"),), Pass, ""),
    "a contained user": ((sql_user("DATABASE"),), Fail, f"{DB.name} has users with a password: legacy."),
    "a user of a login, which may be gone": (
        (sql_user("INSTANCE"),),
        Fail,
        f"{DB.name} has users made for a SQL login, open to its password if there still is one: legacy.",
    ),
    "a user that signs in nobody knows how": ((sql_user("PASSKEY"),), Inconclusive, "how legacy signs in"),
    "a user of whom that is not told": ((sql_user(""),), Inconclusive, "how legacy signs in"),
    "a user of an unknown type": ((sql_user("DATABASE", type="Z"),), Inconclusive, "how legacy signs in"),
    "an Entra user of whom it is not told": ((sql_user("", type="E"),), Pass, ""),
    "two": ((sql_user("DATABASE"), sql_user("DATABASE", "admin")), Fail, "admin, legacy"),
    "one of each": ((sql_user("INSTANCE"), sql_user("DATABASE", "admin")), Fail, "has users with a password: admin. "),
    "in a list that may be longer": (
        (
            sql_user("DATABASE"),
            inside(DB, principals=Listing((DatabasePrincipal("legacy", "S", "DATABASE", "01"),), gap())),
        ),
        Fail,
        "legacy",
    ),
    "a user that was not granted CONNECT": (
        (more(DB, "principals", DatabasePrincipal("legacy", "S", "DATABASE", "0105")),),
        Pass,
        "",
    ),
    "a user that was denied CONNECT": (
        (sql_user("DATABASE"), more(DB, "grants", DatabaseGrant("legacy", "CONNECT", "DENY", "DATABASE", ""))),
        Pass,
        "",
    ),
    "a user of a login, which a server role may let in": (
        (more(DB, "principals", DatabasePrincipal("legacy", "S", "INSTANCE", "0105")),),
        Inconclusive,
        "server roles of the login of legacy",
    ),
    "a user, permissions unread": (
        (sql_user("DATABASE"), inside(DB, grants=Listing(gap=gap("SQL permissions")))),
        Inconclusive,
        "SQL permissions",
    ),
    "no right in it": ((inside(DB, principals=Listing(gap=gap("SQL users"))),), Inconclusive, "SQL users"),
    "no database": ((database_gone(DB),), NotApplicable, "does not exist"),
}


@pytest.mark.parametrize("case", CASES)
def test_no_password_users(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(no_password_users, DB.name, *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_not_asked_where_the_policy_allows_passwords() -> None:
    allowed = replace(DB, passwords_forbidden=False)
    assert isinstance(no_password_users.check(allowed, bent(sql_user("DATABASE"))), NotApplicable)
