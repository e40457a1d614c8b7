"""SQL-002, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.sql.entra_only import entra_only
from mzaudit.snapshot.observed import Observed
from tests.built_estate import Bend, ask, bent, gap, server, wanted

SERVER = wanted().environments["prd"].servers[0]
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "Entra alone": ((), Pass, ""),
    "passwords too": ((server(entra_only=Observed(False)),), Fail, "accepts SQL authentication"),
    "no Entra administrator": (
        (server(entra_only=Observed(None), administrator=Observed(None)),),
        Fail,
        "has no Entra administrator",
    ),
    "no Entra administrator, and Azure says false": (
        (server(entra_only=Observed(False), administrator=Observed(None)),),
        Fail,
        "has no Entra administrator",
    ),
    "not set up, and there is an administrator": ((server(entra_only=Observed(None)),), Inconclusive, ""),
    "not set up, and the administrator is not seen": (
        (server(entra_only=Observed(None), administrator=gap()),),
        Inconclusive,
        "",
    ),
    "passwords too, and the administrator is not seen": (
        (server(entra_only=Observed(False), administrator=gap()),),
        Fail,
        "accepts SQL authentication",
    ),
    "no server": ((server(exists=Observed(False), entra_only=Observed(None)),), NotApplicable, "does not exist"),
    "refused": ((server(entra_only=gap()),), Inconclusive, ""),
    "server refused": ((server(exists=gap()),), Inconclusive, ""),
    "a database missing does not hide it": (
        (server(lookups={"db-monozu-cloud-prd": Observed(False)}, entra_only=Observed(False)),),
        Fail,
        "accepts SQL authentication",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_entra_only(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(entra_only, SERVER.name, *bends)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", getattr(verdict, "because", ""))


def test_not_asked_where_the_policy_allows_passwords() -> None:
    allowed = replace(SERVER, passwords_forbidden=False)
    assert isinstance(entra_only.check(allowed, bent(server(entra_only=Observed(False)))), NotApplicable)
