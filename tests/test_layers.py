"""The architecture's contracts hold, and each of them breaks when it is violated."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

VIOLATIONS: dict[str, tuple[str, str, str]] = {
    "a rule that asks the SDK": ("mzaudit/rules/app/__init__.py", "import azure.core", "only azure touches the SDK"),
    "a policy that knows snapshots": (
        "mzaudit/policy/__init__.py",
        "import mzaudit.snapshot.text.ids",
        "cli knows all; below it each package only those it may",
    ),
    "a middle that knows the command line": (
        "mzaudit/engine/__init__.py",
        "import mzaudit.cli",
        "cli knows all; below it each package only those it may",
    ),
    "a collector that knows policies": (
        "mzaudit/azure/__init__.py",
        "import mzaudit.policy",
        "the collector knows snapshots, not policies",
    ),
    "a simulator that knows us": (
        "mzaudit/simulator/__init__.py",
        "import mzaudit.snapshot",
        "the simulator knows nothing of us",
    ),
    "a drill that knows a rule": (
        "mzaudit/drill/__init__.py",
        "import mzaudit.rules",
        "the drill knows no rules",
    ),
    "a publisher that asks Azure": (
        "mzaudit/publish/__init__.py",
        "import mzaudit.azure.client.connection",
        "publish tells what a report says, and knows nothing else",
    ),
    "a rule that reads files": (
        "mzaudit/rules/keyvault/__init__.py",
        "import pathlib",
        "rules and the middle do no input or output",
    ),
}


def lint(folder: Path) -> tuple[int, str]:
    """Run the contracts on a tree."""
    script = (
        "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports as l; sys.exit(l(no_cache=True))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree to violate."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "mzaudit", folder / "mzaudit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_hold(copy: Path) -> None:
    code, said = lint(copy)
    assert code == 0, said


@pytest.mark.parametrize("case", VIOLATIONS)
def test_a_violation_breaks_its_contract(case: str, copy: Path) -> None:
    name, line, contract = VIOLATIONS[case]
    file = copy / name
    before = file.read_text()
    file.write_text(before + f"\n{line}\n")
    try:
        code, said = lint(copy)
    finally:
        file.write_text(before)
    assert code == 1, said
    assert f"{contract} BROKEN" in said
