"""SQL-004, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.policy.desired import DesiredIdentity
from mzaudit.policy.models import DatabaseGrantSpec
from mzaudit.rules.sql._database_subjects import each_database_user
from mzaudit.rules.sql.identity_roles import identity_roles
from mzaudit.snapshot.databases import DatabaseGrant, Membership
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.sql import EntraAdministrator
from tests.built_estate import (
    PIPELINE,
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
    user,
    wanted,
)

CLOUD, MANAGE, DB = service("cloud"), service("manage"), database("cloud")


def member(role: str, who: str = CLOUD.app) -> Bend:
    return more(DB, "memberships", Membership(role, who))


def granted(permission: str, kind: str = "DATABASE", on: str = "", state: str = "GRANT", to: str = CLOUD.app) -> Bend:
    return more(DB, "grants", DatabaseGrant(to, permission, state, kind, on))


GROUP = signs_in(DB, entra_user("dbas", "57a9657a-0000-0000-0000-000000000001", type="X"))
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "in other capitals": (
        (
            less(DB, "memberships", lambda m: m.member == CLOUD.app),
            member("DB_DATAREADER", CLOUD.app.upper()),
            member("db_datawriter"),
        ),
        Pass,
        "",
    ),
    "someone else is the owner": ((member("db_owner", PIPELINE),), Pass, ""),
    "someone else was granted": ((granted("CONTROL", to=PIPELINE),), Pass, ""),
    "denied": ((granted("DELETE", "OBJECT_OR_COLUMN", "dbo.audit", "DENY"),), Pass, ""),
    "no writer": (
        (less(DB, "memberships", lambda m: m == Membership("db_datawriter", CLOUD.app)),),
        Fail,
        "lacks the role db_datawriter",
    ),
    "no role at all": ((less(DB, "memberships", lambda m: m.member == CLOUD.app),), Fail, "lacks the role"),
    "owner": ((member("db_owner"),), Fail, "holds the role db_owner"),
    "ddladmin": ((member("db_ddladmin"),), Fail, "holds the role db_ddladmin"),
    "securityadmin": ((member("db_securityadmin"),), Fail, "holds the role db_securityadmin"),
    "owner through a role": (
        (member("app_staff"), member("db_owner", "APP_STAFF")),
        Fail,
        "db_owner (through app_staff)",
    ),
    "a circle of roles": ((member("a"), member("b", "a"), member("a", "b")), Fail, "holds the role a"),
    "control": ((granted("CONTROL"),), Fail, "was granted CONTROL on the database"),
    "alter any security policy": ((granted("ALTER ANY SECURITY POLICY"),), Fail, "ALTER ANY SECURITY POLICY"),
    "with grant option": ((granted("SELECT", "SCHEMA", "dbo", "GRANT_WITH_GRANT_OPTION"),), Fail, "SELECT on dbo"),
    "may impersonate another": ((granted("IMPERSONATE", "USER", "boss"),), Fail, "IMPERSONATE on USER::boss"),
    "may impersonate another through a role": (
        (member("db_datawriter", "db_app"), granted("IMPERSONATE", "USER", "boss", to="db_datareader")),
        Fail,
        "was granted IMPERSONATE on USER::boss (through db_datareader)",
    ),
    "everybody may join a role": (
        (granted("ALTER", "ROLE", "staff", to="public"),),
        Fail,
        "ROLE::staff (through public",
    ),
    "everybody may see another": ((granted("VIEW DEFINITION", "USER", "boss", to="public"),), Pass, ""),
    "everybody may impersonate it": ((granted("IMPERSONATE", "USER", CLOUD.app, to="public"),), Pass, ""),
    "on a user, whose name is not read": (
        (granted("CONTROL", "DATABASE_PRINCIPAL"),),
        Fail,
        "CONTROL on a database principal",
    ),
    "on a table": ((granted("EXECUTE", "OBJECT_OR_COLUMN", "dbo.f"),), Fail, "EXECUTE on dbo.f"),
    "no user": ((less(DB, "principals", lambda p: p.name == CLOUD.app),), NotApplicable, "is not a user of"),
    "no database": ((database_gone(DB),), NotApplicable, "does not exist"),
    "an Entra group with more than the documented roles": (
        (GROUP, member("db_ddladmin", "dbas")),
        Inconclusive,
        "the Entra group dbas",
    ),
    "an Entra group with a permission": ((GROUP, granted("CONTROL", to="dbas")), Inconclusive, "the Entra group dbas"),
    "an Entra group with no more than the documented roles": ((GROUP, member("db_datareader", "dbas")), Pass, ""),
    "another service, made as a group is": (
        (signs_in(DB, entra_user("its owner", client(MANAGE), type="X")), member("db_owner", "its owner")),
        Pass,
        "",
    ),
    "what may be another service, whose identity is unread": (
        (
            signs_in(DB, entra_user("its owner", client(MANAGE), type="X")),
            member("db_owner", "its owner"),
            site(MANAGE, identity=gap("GET identity")),
        ),
        Inconclusive,
        "GET identity",
    ),
    "an Entra group beside a failure": (
        (GROUP, member("db_ddladmin", "dbas"), member("db_owner")),
        Fail,
        "holds the role db_owner",
    ),
    "the identity administers the server, by its client id": (
        (server(administrator=Observed(EntraAdministrator("app", "Application", client(CLOUD)))),),
        Fail,
        "is the Entra administrator",
    ),
    "the identity administers the server, by its object id": (
        (server(administrator=Observed(EntraAdministrator("app", None, principal(CLOUD).upper()))),),
        Fail,
        f"it enters {DB.name} as dbo",
    ),
    "who administers the server is unread": ((server(administrator=gap("GET server")),), Inconclusive, "GET server"),
    "members unread": ((inside(DB, memberships=Listing(gap=gap("SQL members"))),), Inconclusive, "SQL members"),
    "permissions unread": ((inside(DB, grants=Listing(gap=gap("SQL permissions"))),), Inconclusive, "SQL perm"),
    "users unread": ((inside(DB, principals=Listing(gap=gap("SQL users"))),), Inconclusive, "SQL users"),
    "client id refused": ((site(CLOUD, identity=gap("GET identity")),), Inconclusive, "GET identity"),
    "no client id": ((site(CLOUD, identity=Observed(None)),), Inconclusive, "no client id"),
}


@pytest.mark.parametrize("case", CASES)
def test_identity_roles(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(identity_roles, f"cloud/{DB.name}", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_services_that_act_as_one_identity_answer_for_its_roles_together() -> None:
    bound = wanted()
    prd = bound.environments["prd"]
    identity = DesiredIdentity("prd", "ops", "id-ops", f"{prd.resource_group_id}/providers/x/y/id-ops", "p.yaml:1")
    roles = {"cloud": ("db_datareader",), "manage": ("db_datawriter", "app_staff")}
    services = tuple(
        replace(
            one,
            acts_as="user",
            identity=identity,
            databases=(DatabaseGrantSpec(database=DB.key, roles=roles[one.key]),),
        )
        for one in (CLOUD, MANAGE)
    )
    env = replace(prd, services=services)
    policy = replace(bound, environments={"prd": env}, asked=("prd",))
    subjects = {subject.name: subject.want.roles for subject in each_database_user(policy, env)}
    every = {"db_datareader", "db_datawriter", "app_staff"}
    assert {name: set(told) for name, told in subjects.items()} == {
        f"cloud/{DB.name}": every,
        f"manage/{DB.name}": every,
    }


def test_the_cure_takes_back_what_is_too_much_and_names_are_quoted() -> None:
    evil = "app]'; DROP TABLE x--"
    bends: tuple[Bend, ...] = (user(DB, CLOUD.app, name=evil), less(DB, "memberships", lambda m: m.member == CLOUD.app))
    bends += (member("db_datareader", evil), member("db_owner", evil), granted("CONTROL", to=evil))
    verdict = ask(identity_roles, f"cloud/{DB.name}", *bends)
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    (command,) = verdict.fix.commands
    name = "[app]]'\"'\"'; DROP TABLE x--]"
    assert f"ALTER ROLE [db_datawriter] ADD MEMBER {name};" in command
    assert f"ALTER ROLE [db_owner] DROP MEMBER {name};" in command
    assert f"REVOKE CONTROL FROM {name} CASCADE;" in command


def test_the_cure_names_the_class_of_a_principal() -> None:
    verdict = ask(identity_roles, f"cloud/{DB.name}", granted("CONTROL", "USER", "a]b"), granted("ALTER", "ROLE", "r"))
    assert isinstance(verdict, Fail)
    assert verdict.fix is not None
    assert "REVOKE CONTROL ON USER::[a]]b] FROM" in verdict.fix.commands[0]
    assert "REVOKE ALTER ON ROLE::[r] FROM" in verdict.fix.commands[0]
