"""Run as a program: checks one snapshot in child after child, and kills each with SIGKILL at another moment.

`python -m tests.promises.killed SNAPSHOT FOLDER...`: the name of each folder is its moment: `event-3` dies when it is
about to touch its third file, `time-0.05` after so many seconds. Every folder is left as the kill left it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from mzaudit.cli import run

EVENTS = ("open", "os.mkdir", "os.remove", "os.rename", "tempfile.mkstemp")


def check(folder: Path, snapshot: str) -> int:
    """Today's run in that folder."""
    os.chdir(folder)
    return run(["check", "--env", "prd", "--policy", "../policies", "--snapshot", snapshot])


def child(folder: Path, snapshot: str) -> None:
    """The check, killed by itself at the moment if that is an event."""
    kind, _, number = folder.name.partition("-")
    if kind == "event":
        left = int(number)

        def count(event: str, args: tuple[object, ...]) -> None:
            nonlocal left
            if event in EVENTS and _beneath(folder, args[0] if args else None):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
    os._exit(check(folder, snapshot))


def _beneath(folder: Path, path: object) -> bool:
    # What the run itself writes and removes is named relative to its folder.
    return isinstance(path, (str, os.PathLike)) and (folder / Path(path)).is_relative_to(folder / "reports")


def main(snapshot: str, folders: list[str]) -> None:
    """Each folder in turn."""
    warm = Path(folders[0]).parent / "warm"
    warm.mkdir()
    check(warm, snapshot)
    for folder in map(Path, folders):
        pid = os.fork()
        if pid == 0:
            child(folder, snapshot)
        kind, _, seconds = folder.name.partition("-")
        if kind == "time":
            time.sleep(float(seconds))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        (folder / "ended").write_text(str(-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
