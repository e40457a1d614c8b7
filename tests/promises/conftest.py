"""The command line, a fake Azure and an empty folder for the promises' tests, and a place for the numbers they show.

MZAUDIT_EVIDENCE=1 enlarges every sample to the whole enumeration; MZAUDIT_EVIDENCE_FILE names a JSON file that gathers
the numbers.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import azure, folder, mzaudit

__all__ = ["azure", "evidence", "folder", "mzaudit"]

EXHAUSTIVE = os.environ.get("MZAUDIT_EVIDENCE", "") not in ("", "0")
_FILE = os.environ.get("MZAUDIT_EVIDENCE_FILE", "")  # read at import: the tests' folders know no MZAUDIT_ variable


@pytest.fixture
def evidence() -> Callable[[str, int], None]:
    """Add to a number of the evidence file; without one, nothing is kept."""

    def add(key: str, count: int) -> None:
        if not _FILE:
            return
        with Path(_FILE).open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # several workers count side by side
            file.seek(0)
            text = file.read()
            numbers: dict[str, int] = json.loads(text) if text else {}
            numbers[key] = numbers.get(key, 0) + count
            file.truncate(0)
            file.write(json.dumps(numbers, indent=1, sort_keys=True) + "\n")

    return add
