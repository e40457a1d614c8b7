"""After any exit that wrote no report, no earlier one stands under its name, and nothing is lost."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit.cli import previous_reports
from mzaudit.cli.output import OutputTarget
from mzaudit.cli.previous_reports import make_room
from mzaudit.snapshot.saved.store import dump
from tests.built_estate import compliant
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]

OLD = {
    "reports/prd/TEST-mzaudit-prd.xml": '<?xml version="1.0"?>\n<testsuites name="mzaudit"/>\n',
    "reports/prd/mzaudit-prd.md": "# mzaudit: passed\n",
    "reports/prd/mzaudit-prd.json": '{"tool": {"name": "mzaudit"}}\n',
}
XML, MD, JSON = OLD
NOBODYS = "00000000-0000-0000-0000-000000000000"
SIMULATED = "check --env prd --simulate compliant"
# The command line, its exit code, and which of the earlier reports it would have written.
EXITS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "a duration that is none": (f"{SIMULATED} --timeout 10x", 2, (XML, MD, JSON)),
    "a duration of too many digits": (f"{SIMULATED} --timeout {'9' * 5000}s", 2, (XML, MD, JSON)),
    "a choice that is none": (f"{SIMULATED} --fail-on everything", 2, (XML, MD, JSON)),
    "an unknown option": (f"{SIMULATED} --bogus 5", 2, (XML, MD, JSON)),
    "an unknown option first": ("check --bogus --env prd --simulate compliant", 2, (XML, MD, JSON)),
    "an option before the command": (f"--debug {SIMULATED}", 2, (XML, MD, JSON)),
    "one with a value before the command": (f"--bogus x {SIMULATED} -o junit:{XML}", 2, (XML,)),
    "an option before another command": ("--bogus rules", 2, ()),
    "an option without its value": (f"{SIMULATED} --timeout", 2, (XML, MD, JSON)),
    "an option that takes the next one's name": (f"{SIMULATED} --fail-on -o junit:{XML}", 2, (XML,)),
    "a duration that is the next one's name": (f"check --timeout -o junit:{XML} --env prd", 2, (XML,)),
    "an environment that is the next one's name": (f"check --env -o junit:{XML} --bogus", 2, (XML,)),
    "a flag with a value": ("check --allow-incomplete=yes --env prd --simulate compliant", 2, (XML, MD, JSON)),
    "a flag with a value, a name": (f"check --allow-incomplete=yes --env=prd -ojunit:{XML}", 2, (XML,)),
    "options behind the end of options": (f"{SIMULATED} -- --output=junit:{XML}", 2, (XML,)),
    "a command that is misspelt": ("chek --env prd --simulate compliant", 2, (XML, MD, JSON)),
    "no command": (f"--env prd -o junit:{XML}", 2, (XML,)),
    "another command that is misspelt": ("rlues --env prd", 2, ()),
    "a command that is misspelt, and another's name": ("chek --env prd --only rules", 2, (XML, MD, JSON)),
    "nothing for a command": ('""', 2, ()),
    "a word too many": (f"{SIMULATED} prd", 2, (XML, MD, JSON)),
    "options that exclude each other": (f"{SIMULATED} --snapshot seen.json", 2, (XML, MD, JSON)),
    "no environment, but a name": (f"check --simulate compliant -o junit:{XML}", 2, (XML,)),
    "one unknown format": (f"{SIMULATED} -o junit:{XML} -o pdf:x", 2, (XML,)),
    "one file for two": (f"{SIMULATED} -o json:{JSON} -o junit:reports/../{JSON}", 2, (JSON,)),
    "one file that is somebody's own": (f"{SIMULATED} -o junit:{XML} -o json:notes.json", 2, (XML,)),
    "one file in no directory": (f"{SIMULATED} -o junit:{XML} -o json:notes.json/x.json", 2, (XML,)),
    "one file that is a directory": (f"{SIMULATED} -o junit:{XML} -o json:reports", 2, (XML,)),
    "one file without a name": (f"{SIMULATED} -o junit:{XML} -o json:.", 2, (XML,)),
    "one file that is the root": (f"{SIMULATED} -o junit:{XML} -o json:/", 2, (XML,)),
    "one file that is a link to itself": (f"{SIMULATED} -o junit:{XML} -o json:loop", 2, (XML,)),
    "a snapshot without a name": ('collect --env prd --simulate compliant -o ""', 2, ()),
    "a baseline that is a link to itself": (f"{SIMULATED} --baseline loop", 2, (XML, MD, JSON)),
    "one file that is read": (f"{SIMULATED} --baseline {JSON}", 2, (XML, MD)),
    "no policy": (f"{SIMULATED} --policy nowhere", 2, (XML, MD, JSON)),
    "an unknown rule": (f"{SIMULATED} --only KV-999", 2, (XML, MD, JSON)),
    "a baseline that is none": (f"{SIMULATED} --baseline nothing.json", 2, (XML, MD, JSON)),
    "no snapshot": ("check --env prd --snapshot nothing.json --policy POLICY", 2, (XML, MD, JSON)),
    "no login": (f"check --env prd --policy POLICY --subscription {NOBODYS}", 4, (XML, MD, JSON)),
    "a saved report that is none": (f"report nothing.json -o junit:{XML}", 2, (XML,)),
    "a saved report, an unknown option": (f"report nothing.json -o junit:{XML} --bogus", 2, (XML,)),
    "a saved report that would be written over": (f"report {JSON} -o json:{JSON} -o junit:{XML}", 2, (XML,)),
    "help": (f"{SIMULATED} --help", 0, ()),
    "another environment": ("check --env stg --simulate compliant --timeout 10x", 2, ()),
}


@pytest.fixture
def here(folder: Path, mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with yesterday's reports, somebody's notes, a link to itself, and no login."""
    assert mzaudit("init", "--example", "monozu").code == 0
    (folder / "policies").rename(folder / "POLICY")
    (folder / "reports" / "prd").mkdir(parents=True)
    for name, text in OLD.items():
        (folder / name).write_text(text)
    (folder / "notes.json").write_text("mine")
    (folder / "loop").symlink_to("loop")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def held(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and "POLICY" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("case", EXITS)
def test_it_is_set_aside(case: str, here: Path, mzaudit: Call) -> None:
    line, code, aside = EXITS[case]
    assert mzaudit(*shlex.split(line)).code == code
    expected = {f"{name}.previous" if name in aside else name: text for name, text in OLD.items()}
    assert held(here) == expected | {"notes.json": "mine"}


def test_a_second_failure_loses_nothing_either(here: Path, mzaudit: Call) -> None:
    for _ in range(2):
        mzaudit(*shlex.split(f"{SIMULATED} --timeout 10x"))
    assert held(here) == {f"{name}.previous": text for name, text in OLD.items()} | {"notes.json": "mine"}


def test_a_run_that_writes_keeps_the_one_before(here: Path, mzaudit: Call) -> None:
    assert mzaudit("check", "--env", "prd", "--simulate", "compliant").code == 0
    after = held(here)
    assert {name: after[f"{name}.previous"] for name in OLD} == OLD
    assert all(after[name] != text for name, text in OLD.items())
    assert list(here.rglob("TEST-*.xml")) == [here / XML]


def test_what_is_somebody_s_own_is_not_written_over_in_setting_aside(here: Path, mzaudit: Call) -> None:
    (here / f"{XML}.previous").write_text("mine too")
    before = held(here)
    wrong = mzaudit("check", "--env", "prd", "--simulate", "compliant", "-o", f"junit:{XML}")
    assert (wrong.code, held(here)) == (2, before)
    assert "cannot be kept as" in wrong.err


@pytest.mark.parametrize("when", ["stat", "open", "exists"])
def test_what_another_run_sets_aside_meanwhile_is_no_complaint(
    when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = tmp_path / "report.xml"
    report.write_text(OLD[XML])
    asked = getattr(Path, when)

    def taken(path: Path, *given: object, **named: object) -> object:
        if path == report:
            path.unlink(missing_ok=True)
        return asked(path, *given, **named)

    monkeypatch.setattr(Path, when, taken)
    assert make_room([OutputTarget("junit", report)]) == ()


def test_a_folder_that_is_a_link_to_nothing_is_told_before_anything_is_read(here: Path, mzaudit: Call) -> None:
    (here / "gone").symlink_to("nowhere")
    wrong = mzaudit("check", "--env", "prd", "--simulate", "compliant", "--reports-dir", "gone")
    assert (wrong.code, wrong.out) == (2, "")
    assert "gone/prd/mzaudit-prd.json: cannot be written" in wrong.err


def test_a_name_of_stdout_is_left_as_it_is(here: Path, mzaudit: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that stands for `/dev`: whoever is root could set aside the system's own link."""
    (here / "dev" / "shm").mkdir(parents=True)
    monkeypatch.setattr(previous_reports, "_DEVICES", str((here / "dev").resolve()))
    (here / "redirected").touch()
    (here / "dev" / "stdout").symlink_to(here / "redirected")
    refused = mzaudit(*shlex.split(f"{SIMULATED} -o json:dev/stdout"))
    assert (refused.code, "dev/stdout: this is the system's" in refused.err) == (2, True), refused.err
    assert (here / "dev" / "stdout").is_symlink()
    assert make_room([OutputTarget("json", here / "dev" / "shm" / "r.json")]) == ()


def test_an_open_file_of_the_process_is_left_as_it_is(tmp_path: Path) -> None:
    with (tmp_path / "empty").open("w") as file:
        [complaint] = make_room([OutputTarget("json", Path(f"/proc/self/fd/{file.fileno()}"))])
    assert "this is the system's" in complaint


def test_a_baseline_that_was_set_aside_is_not_written_over(here: Path, mzaudit: Call) -> None:
    check = ("check", "--env", "prd", "--simulate", "compliant", "-o", f"json:{JSON}")
    assert mzaudit(*check).code == 0
    assert mzaudit(*check).code == 0
    before = held(here)
    wrong = mzaudit(*check, "--baseline", f"{JSON}.previous")
    assert (wrong.code, held(here)) == (2, before)
    (here / JSON).unlink()
    assert mzaudit(*check, "--baseline", f"{JSON}.previous").code == 0


def test_last_night_s_snapshot_does_not_stand_for_tonight_s(here: Path, mzaudit: Call) -> None:
    (here / "seen.json").write_text(dump(compliant()))
    assert mzaudit("collect", "--env", "prd", "--policy", "POLICY", "--timeout", "10x", "-o", "seen.json").code == 2
    assert not (here / "seen.json").exists()
    assert (here / "seen.json.previous").read_text() == dump(compliant())
    assert mzaudit("collect", "--env", "prd", "--simulate", "compliant", "-o", "notes.json").code == 2
    assert (here / "notes.json").read_text() == "mine"
