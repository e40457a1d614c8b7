"""`--debug` and Python's own last words: what was asked and how it ended, never what it said."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from mzaudit.cli.debug_log import DebugHandler

GUID = "0a1b2c3d-0000-0000-0000-000000000000"
LINES = {
    "a request": ("Request URL: 'https://management.azure.com/x?api-version=1'", True),
    "an id": (f"    'x-ms-request-id': '{GUID}'", True),
    "an id with its region": (f"    'x-ms-correlation-request-id': 'westeurope:{GUID}'", True),
    "a token for an id": ("    'x-ms-request-id': 'eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl'", False),
    "a long text for an id": (f"    'x-ms-request-id': '{'k' * 65}'", False),
    "another header": ("    'Location': 'https://host.example/?sig=abc'", False),
}


@pytest.mark.parametrize("case", LINES)
def test_what_is_told_of_a_request(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    line, told = LINES[case]
    DebugHandler().emit(logging.LogRecord("azure", logging.INFO, "x", 1, f"Request:\n{line}\nNo body", (), None))
    assert capsys.readouterr().err == (f"mzaudit: {line.strip()}\n" if told else "")


_BACKGROUND = """
import sys, threading
from mzaudit import cli
class Odd:
    def __del__(self):
        raise ValueError("s3cret-value")
def fails():
    raise ValueError("s3cret-value")
def run(args):
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    Odd()
    return 0
cli.run = run
cli.main([])
"""


def test_the_words_of_an_exception_that_nobody_catches_are_not_printed() -> None:
    done = subprocess.run([sys.executable, "-X", "dev", "-c", _BACKGROUND], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "mzaudit: in the background: ValueError\n" * 2
