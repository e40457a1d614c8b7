"""What Windows and macOS have otherwise than Linux, emulated: modes, encodings, paths, letters' case.

What Python itself lacks on Windows, mypy knows (`make types`)."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mzaudit.cli import output, streams
from mzaudit.cli.output import OutputTarget
from mzaudit.cli.previous_reports import make_room
from mzaudit.errors import InputError
from mzaudit.report import render
from tests.report.sample import finding, night, report

NAME = "näme 名前 ✓"


def test_a_system_without_modes_has_its_reports_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows before Python 3.13 has no `os.fchmod`; a mounted share may refuse any change of a mode."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.delattr("os.fchmod")
    monkeypatch.setattr("os.chmod", refuse)
    output.write(night(), [OutputTarget("json", folder / "a.json")], colour=False, width=100)
    assert (folder / "a.json").exists()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o644)])
def test_the_umask_is_kept(umask: int, mode: int, folder: Path) -> None:
    before = os.umask(umask)
    try:
        output.write(night(), [OutputTarget("json", folder / "a.json")], colour=False, width=100)
    finally:
        os.umask(before)
    assert (folder / "a.json").stat().st_mode & 0o777 == mode


def test_what_is_piped_is_utf_8_with_line_feeds(folder: Path) -> None:
    """Windows writes to a pipe or file in its own encoding, with carriage returns."""
    (folder / "report.json").write_text(render("json", night()), encoding="utf-8")
    env = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "mzaudit", "report", "report.json", "-o", "json", "-o", "html:page.html"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False)
    assert b"wrote page.html" in done.stderr
    assert b"\r" not in done.stdout
    assert json.loads(done.stdout.decode("utf-8")) == json.loads((folder / "report.json").read_text("utf-8"))


@pytest.mark.parametrize("terminal", [False, True])
def test_no_encoding_stops_a_sentence(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream(io.TextIOWrapper):
        def isatty(self) -> bool:
            return terminal

    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", Stream(out, "cp1252", newline="\r\n"))
    monkeypatch.setattr(sys, "stderr", Stream(err, "cp1252"))
    streams.ready()
    streams.show(NAME)
    streams.say(NAME)
    escaped = "näme \\u540d\\u524d \\u2713"
    shown = f"{escaped}\r\n".encode("cp1252") if terminal else f"{NAME}\n".encode()
    assert out.getvalue() == shown
    assert err.getvalue() == f"mzaudit: {escaped}\n".encode("cp1252")


@pytest.mark.parametrize(
    ("option", "path"),
    [
        (r"json:C:\reports\a.json", r"C:\reports\a.json"),
        ("json:C:/reports/a.json", "C:/reports/a.json"),
        (r"html:reports\a.html", r"reports\a.html"),
        (r"junit:\\server\share\a.xml", r"\\server\share\a.xml"),
    ],
)
def test_paths_of_windows(option: str, path: str) -> None:
    target = output.parsed(option)
    assert target is not None
    assert str(target.path) == path


def test_a_policy_on_another_drive_is_named_as_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "audit").mkdir()
    monkeypatch.chdir(folder / "audit")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    one = finding("KV-003", "kv/A", night().findings[0].status)
    object.__setattr__(one, "policy", "D:/policies/monozu.yaml:41")
    output.write(report((one,)), [OutputTarget("sarif", Path("a.sarif"))], colour=False, width=100)
    assert "audit/D:" not in Path("a.sarif").read_text("utf-8")


def test_names_that_differ_in_case_alone_are_one_file_elsewhere(folder: Path) -> None:
    with pytest.raises(InputError, match=r"a\.json and A\.json are one file on macOS and Windows"):
        output.targets(("json:a.json", "csv:A.json"), folder, ("prd",))
    assert len(output.targets(("json:a.json", "csv:b.json"), folder, ("prd",))) == 2


def test_the_files_of_240_environments_have_names_that_fit(folder: Path) -> None:
    names = tuple(f"environment-{number}" for number in range(240))
    paths = [target.path for target in output.by_default(folder, names) if target.path is not None]
    assert max(len(path.name) for path in paths) < 150
    assert paths != [target.path for target in output.by_default(folder, names[:-1]) if target.path is not None]
    assert not make_room(output.by_default(folder, names))


def test_a_directory_that_may_not_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root no mode forbids anything, and Windows knows none: it is tried."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refused)
    complaints = make_room([OutputTarget("json", folder / "a.json")])
    assert complaints == (f"{folder / 'a.json'}: cannot be written: Permission denied",)


def test_no_loop_is_asked_to_handle_signals() -> None:
    """Windows' loops raise NotImplementedError, and mypy does not know."""
    package = Path(streams.__file__).parents[1]
    found = [path for path in package.rglob("*.py") if ".add_signal_handler(" in path.read_text(encoding="utf-8")]
    assert not found
