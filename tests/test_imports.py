"""The SDK loads only when Azure is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_AZURE: dict[str, tuple[str, ...]] = {
    "version": ("--version",),
    "help": ("--help",),
    "check help": ("check", "--help"),
    "rules": ("rules",),
    "explain": ("explain", "KV-006"),
    "policy validate": ("policy", "validate"),
    "policy schema": ("policy", "schema"),
    "policy requirements": ("policy", "requirements"),
    "check a snapshot": ("check", "--env", "prd", "--snapshot", "snapshot.json"),
    "report": ("report", "report.json"),
    "report as a page": ("report", "report.json", "-o", "html:report.html"),
    "check against a baseline": ("check", "--env", "prd", "--snapshot", "snapshot.json", "--baseline", "report.json"),
    "diff of snapshots": ("diff", "snapshot.json", "snapshot.json"),
    "diff of reports": ("diff", "report.json", "report.json"),
    "adopt from a snapshot": ("adopt", "--env", "prd", "--snapshot", "snapshot.json"),
    "preview": ("preview", "--snapshot", "snapshot.json", "--base", "policies", "--head", "policies"),
    "init github": ("init", "github"),
    "completion": ("completion", "bash"),
}
WITHOUT_FILES = {"version", "help", "check help", "rules", "explain", "completion"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a policy, a snapshot and a report."""
    folder = tmp_path_factory.mktemp("imports")
    for args in (
        ("init", "--example", "monozu"),
        ("collect", "--env", "prd", "--simulate", "compliant", "-o", "snapshot.json"),
        ("check", "--env", "prd", "--snapshot", "snapshot.json", "-o", "json:report.json"),
    ):
        subprocess.run(
            [sys.executable, "-m", "mzaudit", *args], cwd=folder, check=True, capture_output=True, timeout=120
        )
    return folder


def _loaded(args: tuple[str, ...], folder: Path) -> tuple[int, set[str], str]:
    """The exit code of a command in a process of its own, the packages that it loaded, and what it said."""
    script = (
        "import json, sys\n"
        "from mzaudit.cli import run\n"
        f"code = run({list(args)!r})\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)
    code, modules = json.loads(done.stderr.splitlines()[-1])
    return code, {name.split(".")[0] for name in modules}, done.stderr


@pytest.mark.parametrize("case", WITHOUT_AZURE)
def test_no_azure_package_is_imported(case: str, folder: Path) -> None:
    code, loaded, said = _loaded(WITHOUT_AZURE[case], folder)
    assert code == 0, said
    assert not loaded & {"azure", "aiohttp", "msal", "cryptography", "OpenSSL", "pytds", "sqlglot", "trustme"}
    assert ("pydantic" in loaded or "ruamel" in loaded) is (case not in WITHOUT_FILES)
    assert ("jinja2" in loaded) is (case in ("init github", "report as a page"))


def test_a_comment_needs_the_web_and_no_sdk(folder: Path) -> None:
    code, loaded, said = _loaded(("comment", "report.json"), folder)
    assert code == 0, said
    assert "aiohttp" in loaded
    assert not loaded & {"azure", "msal", "cryptography", "trustme"}
