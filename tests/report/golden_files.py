"""Golden files: the bytes that a format gave when a person last looked at them."""

from __future__ import annotations

import os
from pathlib import Path

_FOLDER = Path(__file__).parent / "golden"


def check(name: str, text: str) -> None:
    """Compare with the file; `MZAUDIT_UPDATE_GOLDEN=1` writes it instead: look at the difference before it is kept."""
    path = _FOLDER / name
    if os.environ.get("MZAUDIT_UPDATE_GOLDEN") == "1":
        _FOLDER.mkdir(exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    assert path.read_bytes().decode("utf-8") == text
