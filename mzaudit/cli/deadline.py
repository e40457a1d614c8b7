"""`--timeout`: the watchdog of a command. It ends the process whatever hangs, with a report of what is known by then.

Reading ends by itself at the command's time, and what is late is a gap. Where anything else takes longer (a name
look-up, a sign-in, a file, judging, writing), the watchdog writes the report and leaves with 3.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import click

from mzaudit import exit_codes
from mzaudit.cli.streams import say

if TYPE_CHECKING:
    from mzaudit.cli.output import OutputTarget
    from mzaudit.engine.results import Report
    from mzaudit.snapshot.observed import Gap

_DURATION = re.compile(r"(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
# Seconds after the command's time: from when on the watchdog loads what it would need, until when the command may judge
# and write by itself, and until when the watchdog may.
_READY: Final = 0.5
_BY_ITSELF: Final = 3.0
_LAST: Final = 4.7


class Deadline:
    """The time of one command, counted from when it is made; `text` is the duration as it was given.

    Only one writes the reports: the command, or from some moment on the watchdog, for which the command then waits.
    """

    def __init__(self, seconds: float, text: str) -> None:
        self._until = time.monotonic() + seconds
        self._text = text
        self._phase = "reading the options"
        self._targets: Sequence[OutputTarget] = ()
        self._unjudged: Callable[[Gap], Report] | None = None
        self._report: Report | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._done = self._taken = False

    @property
    def left(self) -> float:
        """Seconds left, never less than none."""
        return max(0.0, self._until - time.monotonic())

    def begin(self, phase: str) -> None:
        """Say what the command is doing, such as `judging`; waits for the end if the watchdog has taken over."""
        with self._lock:
            self._phase = phase
            if not self._taken:
                return
        _wait()

    def expect(self, targets: Sequence[OutputTarget], unjudged: Callable[[Gap], Report]) -> None:
        """From now on there is something to report: `unjudged` makes it, with a gap for what was not judged."""
        self._targets, self._unjudged = targets, unjudged

    def judged(self, report: Report) -> None:
        """The report is made, and is about to be written."""
        self.begin("writing")
        self._report = report

    def end(self) -> None:
        """The command has ended, or is ending: the watchdog does nothing any more."""
        with self._lock:
            if not self._taken:
                self._done = True
                self._wake.set()
                return
        _wait()

    def leave_if_up(self) -> None:
        """If the time is up, have the watchdog end the process now."""
        if self.left == 0:
            self._wake.set()
            _wait()

    def guard(self) -> None:
        """Wait for the time, and end the process."""
        if not self._wake.wait(self.left + _READY):
            threading.Thread(target=self._load, daemon=True).start()
            self._wake.wait(max(0.0, self._until + _BY_ITSELF - time.monotonic()))
        with self._lock:
            if self._done:
                return
            self._taken = True
        concluding = threading.Thread(target=self._conclude, daemon=True)
        concluding.start()
        concluding.join(max(0.0, self._until + _LAST - time.monotonic()))
        os._exit(exit_codes.INCOMPLETE)

    def _load(self) -> None:
        with suppress(Exception):  # it is told of when the report itself is made
            self._made()

    def _made(self) -> Report | None:
        from mzaudit.snapshot.observed import Gap, GapReason

        if self._unjudged is None:
            return None
        detail = f"--timeout {self._text}: the time was up while {self._phase}"
        return self._unjudged(Gap(GapReason.TIMEOUT, self._phase, detail=detail))

    def _conclude(self) -> None:
        from mzaudit.cli import output

        try:
            self._report = self._report or self._made()
        except Exception as error:  # noqa: BLE001 - the process is to end with 3, and says why there is no report
            say(f"no report could be made: internal error: {type(error).__name__}")
        if self._report is not None:
            _each(output.write_one, self._report, self._targets, self._until + _LAST)
        none = "" if self._report is not None and self._targets else "; there is no report"
        say(f"--timeout {self._text}: the time was up while {self._phase}{none}")
        sys.stdout.flush()


def _each(
    write: Callable[[Report, OutputTarget], None], report: Report, targets: Sequence[OutputTarget], until: float
) -> None:
    """Write each in a thread of its own, so that one that hangs keeps none of the others."""
    writing = [threading.Thread(target=write, args=(report, target), daemon=True) for target in targets]
    for thread in writing:
        thread.start()
    for thread in writing:
        thread.join(max(0.0, until - 0.2 - time.monotonic()))


def _wait() -> None:
    """Leave the rest to the watchdog, which ends the process."""
    threading.Event().wait()


_running: list[Deadline] = []


def start(ctx: click.Context, param: click.Parameter, value: str) -> Deadline:
    """The deadline of a duration, as click makes an option's value; its watchdog runs from now on."""
    deadline = Deadline(seconds(value), value)
    if not ctx.resilient_parsing:
        _running.append(deadline)
        threading.Thread(target=deadline.guard, name="deadline", daemon=True).start()
    return deadline


def seconds(duration: str) -> float:
    """A duration such as `10m`, `90s` or `1m30s`, in seconds; raises `BadParameter`."""
    parts = _DURATION.fullmatch(duration.strip())
    total = int(parts[1] or 0) * 60 + int(parts[2] or 0) if parts else 0
    if not 0 < total <= threading.TIMEOUT_MAX / 2:
        raise click.BadParameter(f"{duration[:40]!r}: expected a duration such as 10m, 90s or 1m30s")
    return float(total)


def leave_if_up() -> None:
    """If the time of the command that runs is up, have its watchdog end the process now."""
    for deadline in _running:
        deadline.leave_if_up()


def end() -> None:
    """The command has ended."""
    while _running:
        _running.pop().end()
