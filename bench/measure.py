"""Commands run and measured: wall, CPU and peak memory of each, beside a simulated estate in another process."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable
MZAUDIT = (PYTHON, "-m", "mzaudit")


@dataclass(frozen=True)
class Run:
    """One process: seconds of wall and CPU, peak memory in megabytes."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Estate:
    """A simulated estate that is serving."""

    environment: Mapping[str, str]
    process: subprocess.Popen[str]

    def counted(self) -> dict[str, float]:
        """What the services counted since the last time."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        found: dict[str, float] = json.loads(self.process.stdout.readline())
        return found


@contextmanager
def serving(name: str, latency: str, limits: str = "none") -> Iterator[Estate]:
    """Serve an estate in another process for the while."""
    command = [PYTHON, "-m", "bench.serve", name, latency, limits]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean({}))
    assert process.stdout is not None
    variables: dict[str, str] = json.loads(process.stdout.readline())
    if not name.startswith("large"):
        variables["MZAUDIT_SUBSCRIPTION_ID"] = variables["AZURE_SUBSCRIPTION_ID"]
    try:
        yield Estate(variables, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()


def clean(more: Mapping[str, str]) -> dict[str, str]:
    """The environment, in which byte code is written and read, as an installed package has it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "PYTHONDONT"))}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[1]), **more}


def once(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end; whatever it finds it must find without breaking down."""
    begun = time.perf_counter()
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env=clean(more or {}))
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{(folder / 'said.txt').read_text()[-2000:]}")
    return Run(time.perf_counter() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def side_by_side(
    runs: int, commands: Mapping[str, Sequence[str]], folder: Path, more: Mapping[str, str] | None = None
) -> dict[str, Run]:
    """Medians of every command, run in turn: what the machine does meanwhile falls on all of them."""
    for command in commands.values():
        once(command, folder, more)  # writes the byte code
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(once(command, folder, more))
    return {name: median(each) for name, each in found.items()}


def median(runs: Sequence[Run]) -> Run:
    """The median of each figure."""
    return Run(*(statistics.median(getattr(run, each) for run in runs) for each in ("wall", "cpu", "memory")))
