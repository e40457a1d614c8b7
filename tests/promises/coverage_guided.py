"""Fuzzes the loaders of policies, snapshots and reports by coverage: `make fuzz`, with atheris, where it installs.

Starts from valid files and those that a run before found; anything but the loaders' own errors is a crash, and the
bytes that made it are kept where libFuzzer says.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["mzaudit"]):
    from mzaudit.errors import InputError, PolicyError, SnapshotError
    from mzaudit.policy.loader.load import load as load_policy
    from mzaudit.policy.shipped_policy import files
    from mzaudit.report.formats.json import parse
    from mzaudit.snapshot.saved.store import load as load_snapshot

_OWN = (InputError, PolicyError, SnapshotError)


def look(data: bytes) -> None:
    """Read the bytes as each of the three; the loaders may refuse, and nothing else."""
    _FILE.write_bytes(data)
    with suppress(*_OWN):
        load_policy(_FILE, vocabulary(), "p.yaml")
    text = data.decode("utf-8", "replace")
    for read in (load_snapshot, parse):
        with suppress(*_OWN):
            read(text, "f.json")


if __name__ == "__main__":
    from mzaudit.report import render
    from mzaudit.rules import vocabulary
    from mzaudit.snapshot.saved.store import dump
    from tests.built_estate import compliant
    from tests.report.sample import night

    with tempfile.TemporaryDirectory() as folder:
        _FILE = Path(folder) / "p.yaml"
        seeds = Path(folder) / "seeds"
        seeds.mkdir()
        for name, text in {**files(), "snapshot": dump(compliant()), "report": render("json", night())}.items():
            (seeds / name).write_text(text, "utf-8")
        atheris.Setup([*sys.argv, "-max_len=16384", "-timeout=60", "-rss_limit_mb=2048", str(seeds)], look)
        atheris.Fuzz()
