"""`make bench`: start-up and one simulated run, each beside its floor, interleaved; medians of five or more runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
PYTHON = sys.executable
MZAUDIT = [PYTHON, "-m", "mzaudit"]

# (figure, command, its floor)
CASES: dict[str, tuple[list[str], list[str]]] = {
    "--version": ([*MZAUDIT, "--version"], [PYTHON, "-c", "import click"]),
    "--help": ([*MZAUDIT, "--help"], [PYTHON, "-c", "import click"]),
    "explain KV-006": ([*MZAUDIT, "explain", "KV-006"], [PYTHON, "-c", "import click, pydantic"]),
    "check --snapshot": (
        [*MZAUDIT, "check", "--env", "prd", "--snapshot", "snapshot.json"],
        [PYTHON, "-c", "import click, pydantic, ruamel.yaml"],
    ),
    "check --simulate compliant": (
        [*MZAUDIT, "check", "--env", "prd", "--simulate", "compliant"],
        [PYTHON, "-c", "import azure.identity.aio, aiohttp, pydantic"],
    ),
}


def once(command: list[str], folder: Path) -> float:
    """Wall seconds of one run."""
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure every case beside its floor and print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        once([*MZAUDIT, "init"], folder)
        once([*MZAUDIT, "collect", "--env", "prd", "--simulate", "compliant", "-o", "snapshot.json"], folder)
        print(f"medians of {RUNS} interleaved runs; Python {sys.version.split()[0]}")
        print(f"{'figure':<30}{'seconds':>9}{'floor':>9}{'ratio':>8}")
        for figure, (command, floor) in CASES.items():
            pairs = [(once(command, folder), once(floor, folder)) for _ in range(RUNS)]
            ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"{figure:<30}{ours:>9.3f}{theirs:>9.3f}{ours / theirs:>8.2f}")


if __name__ == "__main__":
    main()
