"""The process's own streams: the result on stdout, lines for people on stderr, and what holds when nobody reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Final, TextIO

from mzaudit.errors import InputError

_LONGEST = 4_000  # characters of one line on stderr: a name of 100 kB is no message


def ready() -> None:
    """Lead every closed standard stream to nowhere, before a report or a socket takes its number. What stdout holds is
    UTF-8 with line feeds unless a terminal shows it, as files are: a report in Windows' own encoding is none. On what a
    terminal and stderr take, escape what their encoding cannot hold."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    # Python found them closed and has no object for them. Nothing else may close these: they are the process's.
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    if hasattr(sys.stdout, "reconfigure") and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")


def show(text: str) -> None:
    """Write a text to stdout, as `show_all` does."""
    show_all((text if text.endswith("\n") else text + "\n",))


def show_all(chunks: Iterable[str]) -> None:
    """Write to stdout what comes in pieces of whole lines, with anything that a pipeline would take for a command made
    inert.

    If its reader has gone, say so and go on: what it wanted it has. Raises `InputError` if stdout cannot be written.
    """
    from mzaudit.report.escaping import log

    try:
        sys.stdout.writelines(map(log, chunks))
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
        say("stdout was closed before everything was written")
    except OSError as error:
        discard(sys.stdout)
        raise InputError(f"stdout: cannot be written: {error.strerror}") from error


def say(text: str) -> None:
    """Lines for people on stderr, with nothing in them that a pipeline or a terminal obeys. Never fails: with nobody
    to tell, the exit code still says it."""
    try:
        for line in text.split("\n"):
            sys.stderr.write(f"mzaudit: {inert(line)}\n")
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr)


def inert(line: str) -> str:
    """One line as it may stand on stderr."""
    from mzaudit.report.escaping import log, plain, shorten

    return log(shorten(plain(line), _LONGEST))


def discard(stream: TextIO) -> None:
    """Lead a stream to nowhere, with what it still holds: Python would fail to write that at its end, and leave with
    120."""
    nowhere: Final = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
