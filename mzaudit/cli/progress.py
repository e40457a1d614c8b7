"""A line on stderr that says how far a run has come."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_line() -> Iterator[Callable[[str], None] | None]:
    """A line that is written over, if a person is looking at it; yields the function to call with a text, or None."""
    if not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TF_BUILD"):
        yield None
        return

    def show(text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    try:
        yield show
    finally:
        show("")
