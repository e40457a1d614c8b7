"""The remediation script run line by line on an Azure that keeps state: nothing is lost, and nobody is locked out."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from mzaudit import exit_codes
from mzaudit.cli import run as mzaudit
from mzaudit.engine.az_cli import placeholders
from mzaudit.engine.results import Report
from mzaudit.report.formats.fix import chunks
from tests.bent_estates import ESTATES
from tests.report.sample import judged

BASH = shutil.which("bash") or "bash"
REFERENCE = re.compile(r"@Microsoft\.KeyVault\(VaultName=([\w-]+);SecretName=([\w-]+)\)")
ADDS_A_USER = re.compile(r"\s*(CREATE USER \[.+\] FROM EXTERNAL PROVIDER|ALTER ROLE \[.+\] ADD MEMBER \[.+\])?")
CAPITALS = re.compile("[A-Z]{3,}(_[A-Z]+)*")
CHECK = "# Check first: "


@dataclass
class Azure:
    """What a remediation bears on. Whatever is not stated is there, and somebody relies on it."""

    secrets: set[tuple[str, str]] = field(default_factory=set)  # set or recovered by the script
    granted: set[str] = field(default_factory=set)  # roles of the apps' identities, by the script
    administrator: bool = False  # named by the script

    def run(self, words: list[str]) -> str:
        """Do what the words say; tell what is lost by it, or who is locked out."""
        if words[0] == "sqlcmd":
            return self._sql(words[-1])
        verb = " ".join(words[1:]).split(" -")[0]
        given = dict(itertools.pairwise(words))
        match verb:
            case "keyvault secret set" | "keyvault secret recover":
                self.secrets.add((given["--vault-name"], given["--name"]))
                return "whoever reads the secret" if verb.endswith(" set") else ""
            case "keyvault secret set-attributes":
                return "" if given["--enabled"] == "true" else "whoever reads the secret"
            case "webapp config appsettings set" | "webapp config connection-string set":
                found = REFERENCE.search(given["--settings"])
                return "" if found and found.groups() in self.secrets else "what the setting holds"
            case "role assignment create":
                self.granted.add(given["--role"])
                return ""
            case "webapp update":
                if given["--set"] == "enabled=true":
                    return ""
                return "" if "Key Vault Secrets User" in self.granted else "the app, of its secrets"
            case (
                "webapp identity assign"
                | "webapp start"
                | "keyvault recover"
                | "acr config authentication-as-arm update"
            ):
                return ""
            case "appservice plan update":
                return "the outbound addresses of the plan's apps"
            case "resource update":
                return "" if given["--set"] == "properties.enabled=true" else "what the member holds"
            case "rest":
                refreshed = given["--method"] == "post" and "/configreferences/appsettings/refresh?" in given["--url"]
                return "" if refreshed else "what was there"
            case "sql server ad-admin create":
                self.administrator = True
                return "the present administrator"
            case "sql server ad-only-auth enable":
                return "" if self.administrator else "whoever signs in with a password"
            case _:
                return f"whatever {verb} takes away"

    @staticmethod
    def _sql(statements: str) -> str:
        harmless = re.compile(
            r"\s*(CREATE USER \[[^;]+\] FROM EXTERNAL PROVIDER|ALTER ROLE \[[^;]+\] ADD MEMBER \[[^;]+\])?"
        )
        return "" if all(map(harmless.fullmatch, statements.split(";"))) else "whom the database lets in"


def script(report: Report) -> str:
    return "".join(chunks(report))


REPORTS = (
    *((name, "prd") for name in ESTATES),
    ("access wrong", "stg", "prd"),
    ("runs wrong", "stg", "prd"),
    ("drifted",),
)


@cache
def made(name: str, *environments: str) -> str:
    """The script of an estate that is bent, or of the simulated one that has drifted."""
    if name != "drifted":
        return script(judged(name, *environments))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fix.sh"
        assert mzaudit(["check", "--env", "prd", "--simulate", "drifted", "-o", f"fix:{path}"]) == exit_codes.VIOLATION
        return path.read_text()


def executed(text: str, folder: Path) -> list[list[str]]:
    """The calls that bash makes of it, in their order."""
    log = folder / "log"
    log.touch()
    for name in ("az", "sqlcmd"):
        stub = folder / name
        stub.write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"open({str(log)!r}, 'a').write(json.dumps([{name!r}, *sys.argv[1:]]) + '\\n')\n"
        )
        stub.chmod(0o755)
    (folder / "fix.sh").write_text(text)
    variables = {"PATH": f"{folder}:/usr/bin:/bin", "MZAUDIT_FIX": "reviewed"}
    done = subprocess.run([BASH, "fix.sh"], cwd=folder, env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.mark.parametrize("estate", REPORTS, ids=" ".join)
def test_as_it_stands_it_takes_nothing_from_anybody(estate: tuple[str, ...], tmp_path: Path) -> None:
    text = made(*estate)
    ran = executed(text, tmp_path)
    live = [line for line in text.splitlines() if line.startswith(("az ", "sqlcmd "))]
    assert ran == [shlex.split(line) for line in live]
    azure = Azure()
    assert [(words, lost) for words in ran if (lost := azure.run(words))] == []


@pytest.mark.parametrize("estate", REPORTS, ids=" ".join)
def test_what_costs_something_says_what_to_check_first(estate: tuple[str, ...]) -> None:
    """A person takes away one # after the other, from the top, and makes each check that is asked for."""
    for block in made(*estate).split("\n\n"):
        azure, checked, waiting = Azure(), False, False
        for line in block.splitlines():
            command = line.removeprefix("# ")
            if not command.startswith(("az ", "sqlcmd ")):
                checked = checked or line.startswith(CHECK)
                continue
            assert not (waiting and line == command), f"it does not wait for what is above it: {command}"
            waiting = waiting or line != command
            lost = azure.run(shlex.split(command))
            assert checked or not lost, f"{command}\nloses {lost}, and nothing is to be checked"
            checked = False


@pytest.mark.parametrize("estate", REPORTS, ids=" ".join)
def test_a_word_in_capitals_is_a_placeholder(estate: tuple[str, ...]) -> None:
    """But for names of this estate: those of settings and secrets are written so."""
    lines = [line.removeprefix("# ") for line in made(*estate).splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("az ")]
    unknown = [
        f"{option} {word}"
        for words in commands
        for option, word in itertools.pairwise(words)
        if option not in ("--name", "--setting-names") and CAPITALS.fullmatch(word) and not placeholders(word)
    ]
    assert unknown == []


def test_something_waits_and_something_runs() -> None:
    lines = [line for estate in REPORTS for line in made(*estate).splitlines()]
    assert sum(line.startswith(("az ", "sqlcmd ")) for line in lines) > 10
    assert sum(line.startswith(CHECK) for line in lines) > 30
