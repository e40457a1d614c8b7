"""Microsoft's SARIF validator on what is published to GitHub and to Advanced Security for Azure DevOps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mzaudit.cli import output
from mzaudit.cli.output import OutputTarget
from tests.report.azure_pipeline import JOB
from tests.report.sample import HOSTILE, hostile, night
from tests.test_shipped_files import ROOT

VALIDATOR = ROOT / ".witness/sarif/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
# What no run outside of Azure Pipelines can name.
OF_A_PIPELINE = {"GHAzDO1019", "GHAzDO1020"}


@pytest.mark.parametrize(("job", "allowed"), [(JOB, set()), ({}, OF_A_PIPELINE)], ids=["Azure Pipelines", "elsewhere"])
def test_it_finds_no_error(
    job: dict[str, str], allowed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not VALIDATOR.exists() or sys.platform != "linux":
        pytest.skip("Microsoft's SARIF validator is not installed: `make witness` does that, with npm on Linux")
    VALIDATOR.chmod(0o755)
    for name, value in job.items():
        monkeypatch.setenv(name, value)
    for number, report in enumerate((night(), *map(hostile, HOSTILE.values()))):
        wanted = [OutputTarget(form, tmp_path / f"{number}-{form}.sarif") for form in ("sarif", "sarif-alerts")]
        output.write(report, wanted, colour=False, width=100)
    found = tmp_path / "found.json"
    rules = ("--rule-kind", "Sarif;Ghas;GHAzDO", "--output", found)
    subprocess.run(
        [VALIDATOR, "validate", tmp_path / "*.sarif", *rules],
        env=os.environ | {"DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
        capture_output=True,
    )
    results = json.loads(found.read_text("utf-8-sig"))["runs"][0]["results"]
    errors = {one["ruleId"]: one["message"] for one in results if one.get("level") == "error"}
    assert errors.keys() == allowed, errors
