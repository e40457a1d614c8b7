"""The rules of this package are held to the laws, on a simulated estate."""

import subprocess
from pathlib import Path

import acme_rules
import pytest

from mzaudit.rule_testing import broken_laws


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documented estate, as `mzaudit collect` sees it."""
    path = tmp_path_factory.mktemp("estate") / "compliant.json"
    asked = ["mzaudit", "collect", "--policy", "policies", "--env", "prd", "--simulate", "compliant", "-o", str(path)]
    subprocess.run(asked, check=True)
    return path


@pytest.mark.parametrize("name", acme_rules.__all__)
def test_the_laws(name: str, snapshot: Path) -> None:
    assert broken_laws(getattr(acme_rules, name), Path("policies"), [snapshot]) == []
