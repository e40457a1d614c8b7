"""SQL-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.sql.single_server import single_server
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.sql import Database
from tests.built_estate import Bend, ask, gap, server, wanted

SERVER = wanted().environments["prd"].servers[0]
CLOUD, MANAGE = "db-monozu-cloud-prd", "db-monozu-manage-prd"


def holds(*names: str, **facets: object) -> Bend:
    items = tuple(Database(f"{SERVER.id}/databases/{name}", name, "Online", name == "master") for name in names)
    return server(**{"databases": Listing(items), **facets})


def other(name: str, *, secondary: bool = False) -> Database:
    return Database(
        f"{SERVER.id.rpartition('/')[0]}/sql-2/databases/{name}", name, "Online", name == "master", secondary
    )


DEV = wanted().environments["dev"].servers[0]
ABSENT, REFUSED = {MANAGE: Observed(False)}, {MANAGE: gap()}
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "in another case, and in another order": ((holds(MANAGE.upper(), CLOUD.title()),), Pass, ""),
    "beside master and a copy": ((holds("master", CLOUD, MANAGE, f"{CLOUD}_2026-02-20"),), Pass, ""),
    "one found by its own read": ((holds(CLOUD, lookups={MANAGE: Observed(True)}),), Pass, ""),
    "list cut short behind both": (
        (lambda seen: server(databases=Listing(seen.server(SERVER.id).databases.items, gap()))(seen),),
        Pass,
        "",
    ),
    "one missing": ((holds(CLOUD, lookups=ABSENT),), Fail, f"The database {MANAGE} is not on sql-monozu-prd"),
    "no such server": ((server(exists=Observed(False)),), Fail, "The SQL server sql-monozu-prd does not exist"),
    "not in the list, own read refused": ((holds(CLOUD, lookups=REFUSED),), Inconclusive, ""),
    "not in the list, not read": ((holds(CLOUD),), Inconclusive, ""),
    "one missing, the other unread": ((holds(lookups=ABSENT),), Fail, MANAGE),
    "one on another server too": (
        (server(elsewhere=Listing((other(CLOUD.upper()),))),),
        Fail,
        "DB-MONOZU-CLOUD-PRD is on sql-2 as well as on sql-monozu-prd.",
    ),
    "one missing here, and on another server": (
        (holds(CLOUD, lookups=ABSENT), server(elsewhere=Listing((other(MANAGE),)))),
        Fail,
        f"{MANAGE} is on sql-2",
    ),
    "a replica on another server": ((server(elsewhere=Listing((other(CLOUD, secondary=True),))),), Pass, ""),
    "other databases on another server": ((server(elsewhere=Listing((other("master"), other("x")))),), Pass, ""),
    "documented for another environment": (
        (server(elsewhere=Listing((Database(DEV.databases[0].id, CLOUD, "Online", False),))),),
        Pass,
        "",
    ),
    "the other servers refused": (
        (server(elsewhere=Listing(gap=gap("GET servers"))),),
        Inconclusive,
        "",
    ),
    "one on another server, others refused": (
        (server(elsewhere=Listing((other(CLOUD),), gap("GET servers"))),),
        Fail,
        "on sql-2",
    ),
    "server refused": ((server(exists=gap()),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_single_server(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(single_server, SERVER.name, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
