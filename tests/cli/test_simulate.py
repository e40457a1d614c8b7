"""`mzaudit simulate`: a program is run as if it were alone, with the variables set that lead it to the estate."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
ROOT = Path(__file__).parent.parent.parent
VARIABLES = {
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CONFIG_DIR",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "HTTPS_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_FILE",
    "https_proxy",
    "no_proxy",
}

LEAVINGS: dict[str, tuple[tuple[str, ...], int]] = {
    "well": (("true",), 0),
    "with a code of its own": (("sh", "-c", "exit 7"), 7),
    "with a code that is also one of ours": (("sh", "-c", "exit 3"), 3),
    "killed": (("sh", "-c", "kill -KILL $$"), 128 + signal.SIGKILL),
    "with options that are also ours": (
        ("sh", "-c", 'test "$1" = --proxy && test "$2" = --', "sh", "--proxy", "--"),
        0,
    ),
}


@pytest.mark.parametrize("case", LEAVINGS)
def test_the_exit_code_is_the_programs(case: str, mzaudit: Call) -> None:
    program, code = LEAVINGS[case]
    assert mzaudit("simulate", "empty", "--", *program).code == code


def test_the_variables_are_set_and_lead_to_the_estate(mzaudit: Call) -> None:
    program = (
        "import json, os, pathlib; e = dict(os.environ); pathlib.Path(e['SSL_CERT_FILE']).stat(); print(json.dumps(e))"
    )
    outcome = mzaudit("simulate", "--", sys.executable, "-c", program)
    assert outcome.code == 0, outcome.err
    seen = json.loads(outcome.out)
    added = {name for name in seen if seen[name] != os.environ.get(name)}
    assert added - {"LC_CTYPE"} == VARIABLES
    assert not Path(seen["SSL_CERT_FILE"]).exists()


def test_a_whole_audit_runs_in_it(mzaudit: Call) -> None:
    check = (sys.executable, "-m", "mzaudit", "check", "--env", "prd", "--policy", str(ROOT / "policies"))
    environment = {"MZAUDIT_SUBSCRIPTION_ID": "$AZURE_SUBSCRIPTION_ID", "PYTHONPATH": str(ROOT)}
    shell = " ".join(f'{name}="{value}"' for name, value in environment.items()) + ' exec "$@"'
    assert mzaudit("simulate", "drifted", "--", "sh", "-c", shell, "sh", *check).code == 1
    assert mzaudit("simulate", "compliant", "--", "sh", "-c", shell, "sh", *check).code == 0


USAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "there is no such program": (("--", "./absent"), "./absent: cannot be run: No such file or directory"),
    "no program after --": (("--",), "a program to run is expected after --"),
    "both ways at once": (("--proxy", "--", "true"), "it takes no program"),
    "a program without --": (("drifted", "true"), "unexpected extra argument"),
    "no such estate": (("unheard-of", "--proxy"), "'unheard-of' is not one of"),
}


@pytest.mark.parametrize("case", USAGES)
def test_usage(case: str, mzaudit: Call) -> None:
    arguments, words = USAGES[case]
    outcome = mzaudit("simulate", *arguments)
    assert outcome.code == 2
    assert words in outcome.err


STOPS = {
    "SIGTERM is handed on": ("trap 'exit 9' TERM", signal.SIGTERM, 9),
    "SIGTERM ends a program that does not care": ("true", signal.SIGTERM, 128 + signal.SIGTERM),
    "Ctrl-C is the program's to answer": ("trap 'sleep 1; exit 5' INT", signal.SIGINT, 5),
}


@pytest.mark.parametrize("case", STOPS)
def test_what_stops_a_program(case: str, folder: Path) -> None:
    trap, number, code = STOPS[case]
    shell = f"{trap}; echo ready; while :; do sleep 0.1; done"
    running = subprocess.Popen(
        [sys.executable, "-m", "mzaudit", "simulate", "empty", "--", "sh", "-c", shell],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        if number == signal.SIGINT:
            os.killpg(running.pid, number)  # as a terminal does
        else:
            running.send_signal(number)
        _, said = running.communicate(timeout=300)
    finally:
        running.kill()
    assert running.returncode == code, said
    assert not list(folder.glob("simulated-azure-*"))
