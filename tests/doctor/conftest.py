"""A command line in a folder of its own, without Azure's variables; `lead` points it at a fake Azure."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mzaudit.cli import run
from mzaudit.simulator import Simulator
from tests.cli.conftest import AZURE
from tests.promises.conftest import evidence

__all__ = ["Outcome", "evidence"]


@dataclass(frozen=True)
class Outcome:
    """How a command left, and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def mzaudit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Run one command, led to a simulator if one is given."""
    for name in list(os.environ):
        if name.startswith(AZURE):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    run(["init", "--example", "monozu"])

    def call(*args: str, to: Simulator | None = None) -> Outcome:
        if to is not None:
            for name, value in (to.environ() | {"MZAUDIT_SUBSCRIPTION_ID": to.subscription_id}).items():
                monkeypatch.setenv(name, value)
        capfd.readouterr()
        code = run(list(args))
        said = capfd.readouterr()
        return Outcome(code, said.out, said.err)

    return call
