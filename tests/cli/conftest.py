"""A command line to run in a folder of its own, and a fake Azure that it finds by the documented variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mzaudit.cli import run
from mzaudit.simulator import Estate, Fault, Simulator, serve
from tests.documented_estate import build

AZURE = (
    "AZURE_",
    "IDENTITY_",
    "MSI_",
    "SYSTEM_",
    "MZAUDIT_",
    "HTTP",
    "http",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT",
    "REQUESTS_",
)


@dataclass(frozen=True)
class Outcome:
    """How a command left, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without Azure's variables."""
    for name in list(os.environ):
        if name.startswith(AZURE):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def mzaudit(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run one command in the folder."""

    def call(*args: str) -> Outcome:
        capfd.readouterr()
        code = run(list(args))
        said = capfd.readouterr()
        return Outcome(code, said.out, said.err)

    return call


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """`with azure(estate, faults): ...`: a fake Azure that the unmodified product finds by its documented variables."""

    @contextmanager
    def start(
        estate: Estate | str = "compliant", faults: tuple[Fault, ...] = (), **changes: str
    ) -> Iterator[Simulator]:
        with serve(build(estate) if isinstance(estate, str) else estate, faults=list(faults)) as simulator:
            variables = simulator.environ() | {"MZAUDIT_SUBSCRIPTION_ID": simulator.subscription_id} | changes
            with pytest.MonkeyPatch.context() as patch:
                for name, value in variables.items():
                    patch.setenv(name, value)
                yield simulator

    return start
