"""The remediation script: valid bash, does nothing by accident, safe order, and no text of others runs."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mzaudit.engine.gate import breaking, reason
from mzaudit.engine.results import Report, Status
from mzaudit.engine.verdict import Fix
from mzaudit.report.formats.fix import chunks
from tests.report import golden_files
from tests.report.sample import HOSTILE, finding, hostile, night, report

GRANT = "az role assignment create --role Reader"
BASH = shutil.which("bash") or "bash"


def render(made: Report) -> str:
    return "".join(chunks(made))


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script with an `az` that only writes down what it was given."""
    az = folder / "az"
    az.write_text('#!/bin/sh\necho "$@" >> "$LOG"\n')
    az.chmod(0o755)
    path = folder / "fix.sh"
    path.write_text(script, encoding="utf-8")
    variables = {"PATH": f"{folder}:/usr/bin:/bin", "LOG": str(folder / "log"), **environment}
    return subprocess.run([BASH, str(path)], env=variables, cwd=folder, capture_output=True, text=True, timeout=20)


def calls(folder: Path) -> list[str]:
    log = folder / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_golden() -> None:
    golden_files.check("night.sh", render(night()))


def test_an_accidental_run_does_nothing(tmp_path: Path) -> None:
    done = run(render(night()), tmp_path)
    assert done.returncode == 1
    assert "Nothing was done." in done.stderr
    assert calls(tmp_path) == []


def test_a_reviewed_run_does_nothing_that_waits(tmp_path: Path) -> None:
    script = render(night())
    done = run(script, tmp_path, MZAUDIT_FIX="reviewed")
    assert done.returncode == 0, done.stderr
    assert "\n# az appservice plan update " in script
    assert calls(tmp_path) == []


def test_a_placeholder_is_commented_out_until_it_is_filled_in(tmp_path: Path) -> None:
    secret, grant = f"{GRANT} --file SECRET_FILE_kv_KEY", f"{GRANT} --scope SCOPE"
    script = render(_failing("az webapp start --name a", secret, grant, "az webapp start --name b"))
    assert f"# Replace SECRET_FILE_kv_KEY and uncomment:\n# {secret}" in script
    assert f"# Replace SCOPE and uncomment:\n# {grant}" in script
    assert "# After the step above uncomment:\n# az webapp start --name b\n" in script
    assert run(script, tmp_path, MZAUDIT_FIX="reviewed").returncode == 0
    assert calls(tmp_path) == ["webapp start --name a"]


def test_what_cannot_be_reviewed_holds_up_what_follows(tmp_path: Path) -> None:
    script = render(_failing("rm -rf .", "az webapp start --name b"))
    assert run(script, tmp_path, MZAUDIT_FIX="reviewed").returncode == 0
    assert calls(tmp_path) == []


def test_the_head_counts_as_the_reports_do() -> None:
    made = night()
    gating = len(breaking(made))
    assert f"# {made.summary.failed} violations: {gating} at or above {made.run.fail_on}, " in render(made)
    assert f"{gating} violations at or above {made.run.fail_on}" in reason(made)


def test_what_shuts_somebody_out_comes_after_the_apps_have_let_go(tmp_path: Path) -> None:
    made = report(
        [
            finding(
                "SQL-002",
                "s",
                Status.FAIL,
                kind="sql-server",
                fix=Fix("Owner", ("az sql server ad-only-auth enable --name s",)),
            ),
            finding(
                "SET-005",
                "a",
                Status.FAIL,
                kind="service",
                fix=Fix("Owner", ("az webapp config appsettings delete --name a",)),
            ),
            finding(
                "BLOB-002", "b", Status.FAIL, kind="container", fix=Fix("Owner", ("az storage x --public-access off",))
            ),
            finding("APP-003", "p", Status.FAIL, fix=Fix("Owner", ("az webapp start --name p",))),
        ]
    )
    script = render(made)
    assert [line.split(" --")[0] for line in script.splitlines() if line.startswith(("az ", "# az "))] == [
        "az webapp start",
        "# az webapp config appsettings delete",
        "# az storage x",
        "# az sql server ad-only-auth enable",
    ]
    assert run(script, tmp_path, MZAUDIT_FIX="reviewed").returncode == 0
    assert [call.split(" --")[0] for call in calls(tmp_path)] == ["webapp start"]


def _failing(*commands: str) -> Report:
    return report([finding("KV-003", "a", Status.FAIL, note="n", remediation="r", fix=Fix("Owner", commands))])


ORDER = {"SET-002": ("KV-003", "APP-005"), "KV-003": ("KV-001",), "APP-005": ("APP-001",), "KV-001": (), "APP-001": ()}


def _ordered(command: str) -> list[str]:
    made = report(finding(code, code, Status.FAIL, fix=Fix("Owner", (f"{command} --name {code}",))) for code in ORDER)
    made = replace(made, rules=tuple(replace(rule, depends_on=ORDER[rule.code]) for rule in made.rules))
    return [line.split()[-1] for line in render(made).splitlines() if command in line]


def test_a_thing_is_created_before_what_rests_on_it_and_removed_after() -> None:
    assert _ordered("az webapp start") == ["APP-001", "KV-001", "APP-005", "KV-003", "SET-002"]
    assert _ordered("az webapp delete") == ["SET-002", "APP-005", "KV-003", "APP-001", "KV-001"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_stays_a_comment(text: str, tmp_path: Path) -> None:
    done = run(render(hostile(text)), tmp_path, MZAUDIT_FIX="reviewed")
    assert done.returncode == 0, done.stderr
    assert (done.stdout, calls(tmp_path)) == ("", [])
    assert {path.name for path in tmp_path.iterdir()} == {"az", "fix.sh"}


@pytest.mark.parametrize(
    "command",
    [
        "az x y --name 'a\u202eb'",
        "az x\nrm -rf .",
        "rm -rf .",
        "azx y",
        "az x; rm -rf .",
        "az x $(touch here)",
        "az x > here",
        "az x & az y",
        "az x 'unclosed",
    ],
)
def test_a_command_that_cannot_be_reviewed_is_not_run(command: str, tmp_path: Path) -> None:
    assert run(render(_failing(command)), tmp_path, MZAUDIT_FIX="reviewed").returncode == 0
    assert calls(tmp_path) == []


def test_a_command_is_written_as_the_rule_gave_it() -> None:
    command = "az webapp config set --name 'it'\"'\"'s' --value '<new>'"
    assert f"# {command}" in render(_failing(command)).splitlines()


def test_only_violations_are_mended() -> None:
    fix = Fix("Owner", ("az webapp start --name x",))
    others = [finding("KV-003", s, s, fix=fix, note="n") for s in Status if s is not Status.FAIL]
    assert "az webapp start --name x" not in render(report(others))
