"""actionlint on the workflow that `init` writes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import folder
from tests.test_shipped_files import ROOT, workflows

__all__ = ["folder"]

ACTIONLINT = ROOT / ".witness" / "actionlint" / "bin" / "actionlint"


def test_it_finds_nothing(folder: Path) -> None:
    if not ACTIONLINT.exists():
        pytest.skip("actionlint is not installed: `make witness` does that, where it can fetch it")
    _, *written = workflows(folder)
    done = subprocess.run([ACTIONLINT, *written], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
