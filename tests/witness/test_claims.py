"""Every claim, put to its witness; and the refusals that a witness has to understand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mzaudit.simulator import serve
from tests.documented_estate import build
from tests.witness.claims import APP, CLAIMS, GROUP, Said
from tests.witness.conftest import installed
from tests.witness.witnesses import Stand


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_witness_finds_what_the_estate_holds(claim: str, stand: Stand, request: pytest.FixtureRequest) -> None:
    wanted = CLAIMS[claim].holds(stand.simulator.estate)
    assert wanted, "a claim about nothing shows nothing"
    found = request.getfixturevalue(CLAIMS[claim].witness)(CLAIMS[claim].asks)
    assert _sorted(found) == _sorted(wanted)


def _sorted(said: Said) -> list[str]:
    """Without an order, and ids without a case: Azure keeps neither."""
    return sorted(json.dumps(one).casefold() for one in said)


REFUSALS = {
    "a list that is forbidden": ("appservice plan list", "(AuthorizationFailed)"),
    "a thing that is forbidden": (f"sql server show -g {GROUP} -n sql-monozu-prd", "(AuthorizationFailed)"),
    "settings that are forbidden": (f"webapp config appsettings list {APP}", "(AuthorizationFailed)"),
    "secrets that are forbidden": ("keyvault secret list --vault-name kv-mz-cloud-prd", "ForbiddenByRbac"),
    "an app that is not there": (f"webapp show -g {GROUP} -n absent", "(ResourceNotFound)"),
    "a write": (f"webapp stop {APP}", "(AuthorizationFailed)"),
}


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The blind estate, with the Azure CLI logged in."""
    program = installed("az")
    with serve(build("blind")) as simulator:
        stand = Stand(simulator, tmp_path_factory.mktemp("blind"))
        login = stand.login(program)
        assert login.code == 0, login.err
        yield stand


@pytest.mark.parametrize("case", REFUSALS)
def test_the_azure_cli_understands_a_refusal(case: str, blind: Stand) -> None:
    arguments, words = REFUSALS[case]
    heard = blind.az(installed("az"), arguments)
    assert heard.code != 0
    assert words in heard.err


def test_the_azure_cli_understands_a_refused_login(blind: Stand, tmp_path: Path) -> None:
    heard = Stand(blind.simulator, tmp_path).login(installed("az"), secret="wrong")
    assert heard.code != 0
    assert "AADSTS7000215" in heard.err
