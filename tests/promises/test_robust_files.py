"""Reports are whole or not there, and a stream or place that fails gets one clear line and the right exit code.

What /dev/full as stdout gives: the gate's code where files were written (they hold the verdict), else 2.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mzaudit.simulator import Fault, Hang
from mzaudit.snapshot.saved.store import dump
from tests.built_estate import TAKEN, compliant, image, service
from tests.cli.conftest import Outcome
from tests.promises.conftest import EXHAUSTIVE

Call = Callable[..., Outcome]
Counted = Callable[[str, int], None]
ROOT = Path(__file__).parents[2]
LONG = 300.0  # seconds that nothing takes, on whatever machine: what takes them has failed
REPORTS = ("TEST-mzaudit-prd.xml", "mzaudit-prd.md", "mzaudit-prd.json")
CHECK = ("check", "--env", "prd", "--snapshot", "snapshot.json")
MZAUDIT = f"'{sys.executable}' -m mzaudit"


@pytest.fixture
def ready(folder: Path, mzaudit: Call) -> Path:
    """A folder with the policy, a snapshot that conforms and one that does not."""
    assert mzaudit("init", "--example", "monozu").code == 0
    (folder / "snapshot.json").write_text(dump(compliant()))
    drifted = image(service("cloud"), "acrmonozu.azurecr.io/cloud-backend:latest")(compliant())
    (folder / "drifted.json").write_text(dump(drifted))
    return folder


def shell(folder: Path, command: str, *, seconds: float = LONG) -> subprocess.CompletedProcess[str]:
    """A command line in which MZAUDIT stands for the program."""
    return subprocess.run(
        ["bash", "-c", command.replace("MZAUDIT", MZAUDIT)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def _moments(seed: int) -> list[str]:
    chance = random.Random(seed)
    events = range(1, 45) if EXHAUSTIVE else chance.sample(range(1, 40), 12)
    times = [f"time-{chance.uniform(0.0, 0.15):.6f}" for _ in range(150 if EXHAUSTIVE else 15)]
    assert len(set(times)) == len(times)
    return [*(f"event-{number}" for number in sorted(events)), *times]


def test_a_kill_leaves_no_report_or_a_whole_one_of_this_run(ready: Path, mzaudit: Call, evidence: Counted) -> None:
    yesterday = replace(compliant(), taken=TAKEN - timedelta(days=1))
    (ready / "yesterday.json").write_text(dump(yesterday))
    old = _whole(ready, mzaudit, "yesterday.json")
    moments = _moments(11)
    for moment in moments:
        reports = ready / moment / "reports" / "prd"
        reports.mkdir(parents=True)
        for name in REPORTS:
            (reports / name).write_bytes(old[name])
    program = [sys.executable, "-m", "tests.promises.killed", str(ready / "snapshot.json")]
    done = subprocess.run(
        [*program, *(str(ready / moment) for moment in moments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    new = {name: (ready / "warm" / "reports" / "prd" / name).read_bytes() for name in REPORTS}
    assert all(old[name] != new[name] for name in REPORTS)
    ended = {moment: int((ready / moment / "ended").read_text()) for moment in moments}
    assert set(ended.values()) <= {-signal.SIGKILL, 0}
    assert sum(code < 0 for code in ended.values()) > len(moments) // 3, ended
    states = set()
    for moment in moments:
        held = {path.name: path.read_bytes() for path in (ready / moment / "reports" / "prd").iterdir()}
        visible = {name for name in held if not name.startswith(".")}
        aside = {name for name in REPORTS if held.get(f"{name}.previous") == old[name]}
        assert visible <= {*REPORTS, *(f"{name}.previous" for name in aside)}, moment
        of_today = {name for name in visible & set(REPORTS) if held[name] == new[name]}
        of_yesterday = {name for name in visible & set(REPORTS) if held[name] == old[name]}
        assert visible & set(REPORTS) == of_today | of_yesterday, f"{moment}: a report that is not whole"
        assert aside | of_yesterday == set(REPORTS), f"{moment}: a report that is lost"
        # Setting the earlier ones aside is the first thing a run does; before that it can have done nothing.
        assert not (of_today and of_yesterday), moment
        states.add((len(of_yesterday), len(of_today)))
        evidence("kills", ended[moment] < 0)
    assert len(states) > 3, states


def _whole(folder: Path, mzaudit: Call, snapshot: str) -> dict[str, bytes]:
    (folder / "whole").mkdir(exist_ok=True)
    assert mzaudit("check", "--env", "prd", "--snapshot", snapshot, "--reports-dir", "whole").code == 0
    return {name: (folder / "whole" / "prd" / name).read_bytes() for name in REPORTS}


# The shell's line, the exit code, and what stderr says ("" is: nothing but what was written).
STREAMS: dict[str, tuple[str, int, str]] = {
    "reader leaves after a line": ("MZAUDIT @drifted | head -1 >/dev/null; exit ${PIPESTATUS[0]}", 1, ""),
    "reader is not there": ("MZAUDIT @drifted | true; exit ${PIPESTATUS[0]}", 1, ""),
    "reader of the only report is not there": (
        "(sleep 0.2; exec MZAUDIT @drifted -o json) | exec true; exit ${PIPESTATUS[0]}",
        1,
        "mzaudit: stdout was closed before everything was written\n",
    ),
    "stdin is closed": ("MZAUDIT @snapshot <&-", 0, ""),
    "stdout is closed": ("MZAUDIT @drifted >&-", 1, ""),
    "stderr is closed": ("MZAUDIT @drifted 2>&-", 1, ""),
    "all three are closed": ("MZAUDIT @drifted <&- >&- 2>&-", 1, ""),
    "stdout is full": (
        "MZAUDIT @snapshot >/dev/full",
        0,
        "mzaudit: stdout: cannot be written: No space left on device\n",
    ),
    "stdout is full, and the gate fails": (
        "MZAUDIT @drifted >/dev/full",
        1,
        "mzaudit: stdout: cannot be written: No space left on device\n",
    ),
    "stdout is full and the only target": (
        "MZAUDIT @drifted -o json >/dev/full",
        2,
        "mzaudit: stdout: cannot be written: No space left on device\n",
    ),
    "stdout of explain is full": (
        "MZAUDIT explain KV-003 >/dev/full",
        2,
        "mzaudit: stdout: cannot be written: No space left on device\n",
    ),
    "stderr is full": ("MZAUDIT @drifted 2>/dev/full", 1, ""),
    "both are full": ("MZAUDIT @drifted >/dev/full 2>&1", 1, ""),
    "both are full, and usage is wrong": ("MZAUDIT check --env nope >/dev/full 2>&1", 2, ""),
}


@pytest.mark.parametrize("case", STREAMS)
def test_streams(case: str, ready: Path) -> None:
    line, code, said = STREAMS[case]
    for name in ("snapshot", "drifted"):
        line = line.replace(f"@{name}", f"check --env prd --snapshot {name}.json")
    done = shell(ready, line)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    kept = [text for text in done.stderr.splitlines(keepends=True) if not text.startswith("mzaudit: wrote ")]
    assert "".join(kept) in (
        said,
        "mzaudit: stdout was closed before everything was written\n" if "|" in line else said,
    )
    if "-o json" not in line and code in (0, 1):
        assert sorted(path.name for path in (ready / "reports" / "prd").iterdir()) == sorted(REPORTS)


FULL = "cannot be written: File too large"
PLACES: dict[str, tuple[str, str]] = {
    "below a file": ("-o json:snapshot.json/out.json", "snapshot.json/out.json: cannot be written: "),
    "reports below a file": ("--reports-dir snapshot.json", "cannot be written: Not a directory"),
    "where nothing can be made": (
        "-o junit:/proc/nothing/out.xml",
        "/proc/nothing/out.xml: this is the system's, no place for a file",
    ),
    "a name that is too long": (f"-o json:{'x' * 300}", "cannot be "),
    "a directory": ("-o json:policies", "policies: this is not a json report of mzaudit; it is left as it is"),
    "a device": ("-o json:/dev/full", "/dev/full: this is the system's, no place for a file"),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_place_that_cannot_be_written(case: str, ready: Path, mzaudit: Call) -> None:
    options, words = PLACES[case]
    before = sorted(ready.rglob("*"))
    outcome = mzaudit(*CHECK, *options.split(" "))
    assert outcome.code == 2, outcome.err
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == (3 if "--reports-dir" in options else 1)
    assert outcome.out == "", "nothing was judged"
    assert sorted(ready.rglob("*")) == before


def test_a_snapshot_that_cannot_be_written(ready: Path, mzaudit: Call) -> None:
    outcome = mzaudit("collect", "--env", "prd", "--simulate", "compliant", "-o", "drifted.json/out.json")
    assert outcome.code == 2, outcome.err
    assert "drifted.json/out.json: cannot be written: Not a directory" in outcome.err


@pytest.mark.parametrize("blocks", [0, 1, 24, 100] if EXHAUSTIVE else [0, 24])
def test_a_full_disk(blocks: int, ready: Path, mzaudit: Call) -> None:
    """A file may grow to so many KiB: what was written is whole, the rest is not there, and a line for each says so."""
    whole = _whole(ready, mzaudit, "snapshot.json")
    done = shell(ready, f"ulimit -f {blocks}; MZAUDIT {' '.join(CHECK)}")
    assert done.returncode == 2, done.stderr
    assert "GATE PASSED" in done.stdout, "the terminal report comes first"
    folder = ready / "reports" / "prd"
    failed = {name for name in REPORTS if f"{name}: {FULL}" in done.stderr}
    assert failed
    assert failed == set(REPORTS) - {path.name for path in folder.iterdir()}
    assert "".join(path.name for path in folder.iterdir() if path.name.startswith(".")) == ""
    for path in folder.iterdir():
        assert path.read_bytes() == whole[path.name]


def test_a_full_disk_for_real(ready: Path) -> None:
    disk = ready / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=64k tmpfs {disk} 2>/dev/null || exit 77; "
    run = f"MZAUDIT {' '.join(CHECK)} --reports-dir {disk}; code=$?; find {disk} -type f; exit $code"
    done = shell(ready, f"unshare -rm bash -c {quoted(mount + run)} || exit $?")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no file system may be mounted here; the limit on a file's size stands in for it")
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr
    assert "GATE PASSED" in done.stdout, "the terminal report comes first"
    left = [line.rpartition("/")[2] for line in done.stdout.splitlines() if line.startswith(str(disk))]
    assert set(left) < set(REPORTS)


def test_a_directory_that_may_only_be_read(ready: Path) -> None:
    """Another file system, mounted for reading: what permissions forbid, an administrator may still do."""
    disk = ready / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs tmpfs {disk} && mount -o remount,ro {disk} || exit 77; "
    run = f"MZAUDIT {' '.join(CHECK)} --reports-dir {disk}"
    done = shell(ready, f"unshare -rm bash -c {quoted(mount + run)}")
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("no file system may be mounted here; the places that cannot be written stand in for it")
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("cannot be written: Read-only file system") == done.stderr.count("\n") == len(REPORTS)
    assert done.stdout == "", "it is known before anything is read"


def quoted(command: str) -> str:
    return '"' + command.replace("$", "\\$").replace('"', '\\"') + '"'


@contextmanager
def started(folder: Path, *words: str, ignored: bool = False) -> Iterator[subprocess.Popen[str]]:
    """The program, running until the block ends, with SIGINT as a terminal leaves it whatever these tests run under;
    or `ignored`, as a shell leaves it for what it puts in the background."""
    running = subprocess.Popen(
        [sys.executable, "-m", "mzaudit", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.SIG_DFL),
    )
    with running:
        try:
            yield running
        finally:
            running.kill()


# the signal, and whether SIGINT is ignored when the program starts
STOPS = {
    "SIGINT": (signal.SIGINT, False),
    "SIGTERM": (signal.SIGTERM, False),
    "SIGTERM in the background": (signal.SIGTERM, True),
}


# The first two take one path from the handler on, as the simulator's test below shows.
@pytest.mark.parametrize("case", STOPS if EXHAUSTIVE else ["SIGINT", "SIGTERM in the background"])
def test_an_interrupted_check(case: str, ready: Path, azure: Callable[..., object]) -> None:
    number, ignored = STOPS[case]
    with (
        azure("compliant", (Fault("config/web$", Hang(2 * LONG)),)) as simulator,  # type: ignore[attr-defined]
        started(ready, "check", "--env", "prd", ignored=ignored) as running,
    ):
        _wait(running, lambda: any(each.path.endswith("config/web") for each in simulator.requests))
        code, said = _stopped(running, number)
    assert code == 130, said
    assert (
        said.splitlines()[-1]
        == "mzaudit: interrupted before the end: files already written are whole, others were not written"
    )
    assert "Traceback" not in said
    assert not (ready / "reports").exists()


@pytest.mark.parametrize("case", STOPS)
def test_an_interrupted_simulator(case: str, ready: Path) -> None:
    number, ignored = STOPS[case]
    with started(ready, "simulate", "compliant", ignored=ignored) as running:
        assert running.stdout is not None
        assert "export" in running.stdout.readline()
        code, said = _stopped(running, number)
    assert code == 130, said
    assert said.splitlines()[-1].startswith("mzaudit: interrupted")
    assert "Traceback" not in said
    assert not list(ready.glob("simulated-azure-*"))


def _stopped(running: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    running.send_signal(number)
    _, said = running.communicate(timeout=LONG)
    return running.returncode, said


def _wait(running: subprocess.Popen[str], until: Callable[[], bool]) -> None:
    while not until():
        assert running.poll() is None, "it ended before it came so far"
        time.sleep(0.02)
