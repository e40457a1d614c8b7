"""SQL-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.audit import Fail, Inconclusive, Pass
from mzaudit.rules.sql.single_server import single_server
from mzaudit.snapshot.observed import Listing, Observed
from mzaudit.snapshot.sql import Database
from tests.estate import Bend, ask, gap, server, wanted

SERVER = wanted().environments["prd"].server
CLOUD, MANAGE = "db-monozu-cloud-prd", "db-monozu-manage-prd"


def holds(*names: str, **facets: object) -> Bend:
    items = tuple(Database(f"{SERVER.id}/databases/{name}", name, "Online", name == "master") for name in names)
    return server(**{"databases": Listing(items), **facets})


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
    "server refused": ((server(exists=gap()),), Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_single_server(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(single_server, SERVER.name, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
