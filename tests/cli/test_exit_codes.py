"""The exit codes of the contract, each reached through the real SDK and a fake Azure."""

from __future__ import annotations

import html
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mzaudit.simulator import Fault, Html, serve
from tests.cli.conftest import Outcome
from tests.documented_estate import build, plant

Call = Callable[..., Outcome]
CHECK = ("check", "--env", "prd")

SIMULATED: dict[str, tuple[tuple[str, ...], int]] = {
    "everything as documented": (("--simulate", "compliant"), 0),
    "drifted": (("--simulate", "drifted"), 1),
    "drifted, at every threshold": (("--simulate", "drifted", "--fail-on", "critical"), 1),
    "nothing may be read": (("--simulate", "blind"), 3),
    "nothing may be read, and that is allowed": (("--simulate", "blind", "--allow-incomplete"), 0),
    "nothing is there": (("--simulate", "empty"), 1),
    "no secret value is read": (("--simulate", "compliant", "--no-secret-values"), 3),
    "one rule that passes": (("--simulate", "drifted", "--only", "APP-001"), 0),
    "one rule that fails": (("--simulate", "drifted", "--only", "KV-003"), 1),
    "a low failure under a higher threshold": (("--simulate", "drifted", "--only", "KV-005"), 0),
    "a low failure at its threshold": (("--simulate", "drifted", "--only", "KV-005", "--fail-on", "low"), 1),
    "a violation wins over what was not read": (("--simulate", "drifted", "--no-secret-values"), 1),
}


@pytest.mark.parametrize("case", SIMULATED)
def test_simulated(case: str, mzaudit: Call) -> None:
    args, code = SIMULATED[case]
    outcome = mzaudit(*CHECK, *args)
    assert outcome.code == code, outcome.out + outcome.err


LOGINS: dict[str, tuple[Fault | None, dict[str, str], str]] = {
    "the secret is wrong": (None, {"AZURE_CLIENT_SECRET": "wrong"}, "AADSTS7000215"),
    "the tenant is unknown": (None, {"AZURE_TENANT_ID": "00000000-0000-0000-0000-00000000dead"}, "AADSTS90002"),
    "Entra answers 503": (Fault("POST .*/oauth2/v2.0/token", Html(503)), {}, "environment"),
}


@pytest.mark.parametrize("case", LOGINS)
def test_no_login(case: str, mzaudit: Call, azure: Callable[..., object]) -> None:
    fault, changes, words = LOGINS[case]
    with azure("compliant", (fault,) if fault else (), **changes):  # type: ignore[attr-defined]
        mzaudit("init", "--example", "monozu")
        outcome = mzaudit(*CHECK)
    assert outcome.code == 4, outcome.out + outcome.err
    assert words in outcome.err
    assert "Traceback" not in outcome.err


def test_no_credential_at_all(mzaudit: Call, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    mzaudit("init", "--example", "monozu")
    outcome = mzaudit(*CHECK, "--subscription", "00000000-0000-0000-0000-000000000001")
    assert outcome.code == 4
    assert "az login" in outcome.err


def test_what_was_collected_is_judged_to_the_same_findings(
    mzaudit: Call, folder: Path, azure: Callable[..., object]
) -> None:
    with azure("drifted"):  # type: ignore[attr-defined]
        mzaudit("init", "--example", "monozu")
        assert mzaudit("collect", "--env", "prd", "-o", "snapshot.json").code == 0
    assert (folder / "snapshot.json").stat().st_mode & 0o777 == 0o600
    assert mzaudit(*CHECK, "--snapshot", "snapshot.json", "-o", "json:one.json", "-o", "junit:one.xml").code == 1
    assert mzaudit(*CHECK, "--snapshot", "snapshot.json", "-o", "json:two.json", "-o", "junit:two.xml").code == 1
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()
    assert (folder / "one.xml").read_bytes() == (folder / "two.xml").read_bytes()


def test_replay_equals_live(mzaudit: Call, folder: Path, azure: Callable[..., object]) -> None:
    with azure("drifted"):  # type: ignore[attr-defined]
        mzaudit("init", "--example", "monozu")
        mzaudit(*CHECK, "-o", "json:live.json")
        mzaudit("collect", "--env", "prd", "-o", "snapshot.json")
    mzaudit(*CHECK, "--snapshot", "snapshot.json", "-o", "json:replay.json")
    live, replay = (json.loads((folder / name).read_text()) for name in ("live.json", "replay.json"))
    assert live["findings"] == replay["findings"]
    assert live["summary"] == replay["summary"]


def test_a_saved_report_draws_the_same_bytes(mzaudit: Call, folder: Path) -> None:
    mzaudit(*CHECK, "--simulate", "drifted", "-o", "json:r.json", "-o", "junit:r.xml", "-o", "markdown:r.md")
    assert mzaudit("report", "r.json", "-o", "junit:s.xml", "-o", "markdown:s.md", "-o", "json:s.json").code == 0
    for ending in ("xml", "md", "json"):
        assert (folder / f"r.{ending}").read_bytes() == (folder / f"s.{ending}").read_bytes()


def test_without_o_exactly_three_files(mzaudit: Call, folder: Path) -> None:
    mzaudit(*CHECK, "--simulate", "drifted")
    written = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert written == [
        "reports/prd/TEST-mzaudit-prd.xml",
        "reports/prd/mzaudit-prd.json",
        "reports/prd/mzaudit-prd.md",
    ]


def test_junit_fails_if_and_only_if_the_gate_does(mzaudit: Call, folder: Path) -> None:
    from xml.etree import ElementTree

    for estate in ("compliant", "drifted", "blind", "empty"):
        code = mzaudit(*CHECK, "--simulate", estate).code
        root = ElementTree.parse(folder / "reports" / "prd" / "TEST-mzaudit-prd.xml").getroot()
        broken = len(root.findall(".//failure")) + len(root.findall(".//error"))
        assert (broken > 0) == (code != 0), estate


def test_ctrl_c_while_the_command_line_loads(folder: Path) -> None:
    (folder / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-m", "mzaudit", "rules"],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as a terminal starts it
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert (
        done.stderr == "mzaudit: interrupted before the end: files already written are whole, others were not written\n"
    )


def test_without_docstrings_it_says_so(folder: Path) -> None:
    """They are the rules' pages: `explain`, SARIF and HTML would be without them."""
    for options, code in ({"PYTHONOPTIMIZE": "2"}, 2), ({"PYTHONOPTIMIZE": "1"}, 0):
        asked = [sys.executable, "-m", "mzaudit", "explain", "KV-001"]
        done = subprocess.run(asked, env=options, cwd=folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        assert ("PYTHONOPTIMIZE=2" in done.stderr) == (code == 2)
        assert ("What it checks" in done.stdout) == (code == 0)


def test_an_expired_secret_does_not_pass_by_a_clock_that_is_slow(mzaudit: Call, folder: Path) -> None:
    """It expires in ten days by this machine, and has expired by Azure."""
    estate = build("compliant")
    plant(estate, "secret-expiring")
    with serve(estate, clock=timedelta(days=40)) as simulator, pytest.MonkeyPatch.context() as patch:
        for name, value in simulator.environ().items():
            patch.setenv(name, value)
        mzaudit("init", "--example", "monozu")
        targets = [word for form in ("json", "markdown", "junit", "html") for word in ("-o", f"{form}:out.{form}")]
        outcome = mzaudit(*CHECK, "--subscription", simulator.subscription_id, "-o", "terminal", *targets)
    assert outcome.code == 3, outcome.out + outcome.err
    clock = "this machine's clock was 40 days slow"
    assert clock in " ".join(outcome.out.split())
    assert clock in outcome.err
    for form in ("markdown", "junit", "html"):
        assert clock in html.unescape((folder / f"out.{form}").read_text()), form
    report = json.loads((folder / "out.json").read_text())
    assert report["run"]["skew"] == 40 * 24 * 60
    unsure = [finding for finding in report["findings"] if finding["status"] == "inconclusive"]
    assert {finding["rule"] for finding in unsure} == {"KV-004"}
    assert {gap["reason"] for finding in unsure for gap in finding["gaps"]} == {"clock"}


WAIVER = """version: 1
waivers:
  - {{code: KV-005, subject: kv-*, reason: it goes, owner: us, ticket: T-1, created: {created}, expires: {expires}}}
"""


def test_a_waiver_ends_by_the_services_clock(mzaudit: Call, folder: Path) -> None:
    mzaudit("init", "--example", "monozu")
    mzaudit("collect", "--env", "prd", "--simulate", "drifted", "-o", "seen.json")
    seen = json.loads((folder / "seen.json").read_text())
    taken = datetime.fromisoformat(seen["taken"]).date()
    waiver = WAIVER.format(created=taken - timedelta(days=1), expires=taken + timedelta(days=10))
    (folder / "policies" / "waivers.yaml").write_text(waiver)
    found = {}
    for days in (0, 5, 20):
        (folder / "seen.json").write_text(json.dumps(seen | {"skew": days * 24 * 60}))
        outcome = mzaudit(*CHECK, "--snapshot", "seen.json", "-o", "json:-")
        findings = json.loads(outcome.out)["findings"]
        found[days] = {f["status"] for f in findings if f["rule"] == "KV-005" and f["waiver"]}
    assert found == {0: {"waived"}, 5: {"waived"}, 20: {"fail"}}
