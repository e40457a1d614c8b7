"""The drifted estate, served once to all witnesses: in it one thing of a kind differs from its like."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from mzaudit.simulator import serve
from tests.documented_estate import build
from tests.witness.claims import CLAIMS, Claim, Said, WitnessName
from tests.witness.witnesses import Stand, find


def installed(name: WitnessName) -> str:
    """The path of a witness; skips the test by its name where there is none."""
    program = find(name)
    if program is None:
        pytest.skip(f"{name} is not installed: `make witness` does that")
    return program


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The drifted estate, to be read only."""
    with serve(build("drifted")) as simulator:
        yield Stand(simulator, tmp_path_factory.mktemp("witness"))


@pytest.fixture(scope="session")
def az(stand: Stand) -> Callable[[str], Said]:
    """The Azure CLI, logged in: its answer to a command."""
    program = installed("az")
    login = stand.login(program)
    assert login.code == 0, login.err

    def ask(arguments: str) -> Said:
        heard = stand.az(program, arguments)
        assert heard.code == 0, heard.err
        return _list(heard.out)

    return ask


def _list(text: str) -> Said:
    answer = json.loads(text)
    assert isinstance(answer, list)
    return answer


@pytest.fixture(scope="session")
def custodian(stand: Stand) -> Callable[[str], Said]:
    """Cloud Custodian: what it found of a kind of resource."""
    answers = stand.custodian(installed("custodian"), [claim.asks for claim in _of("custodian")])
    return lambda asks: answers[asks]


@pytest.fixture(scope="session")
def prowler(stand: Stand) -> Callable[[str], Said]:
    """Prowler: what it found by a check."""
    answers = stand.prowler(installed("prowler"), [claim.asks for claim in _of("prowler")])
    return lambda asks: answers[asks]


def _of(witness: WitnessName) -> list[Claim]:
    return [claim for claim in CLAIMS.values() if claim.witness == witness]
