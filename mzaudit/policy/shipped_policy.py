"""The shipped policy: in an installed package beside the code, in a checkout at the root of the repository."""

from __future__ import annotations

from importlib.resources import files as resources
from pathlib import Path


def shipped() -> Path:
    """The directory of the shipped policy, as `load` takes it."""
    packaged = Path(str(resources("mzaudit"))) / "_policies"
    return packaged if packaged.is_dir() else packaged.parent.parent / "policies"


def files() -> dict[str, str]:
    """The shipped files by name, with their text: what `mzaudit init --example` writes."""
    return {path.name: path.read_text("utf-8") for path in sorted(shipped().iterdir()) if path.is_file()}
