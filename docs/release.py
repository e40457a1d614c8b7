"""`make release`: the requirements file that installs a wheel and all it needs, every file by its hash.

python -m docs.release runtime.txt dist/mzaudit
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

BUILD_ONLY = ("hatchling", "editables")  # what a checkout is built by


def requirements(locked: str, wheel: Path) -> str:
    """The locked versions without those that only build, and the wheel."""
    parts = re.split(r"^(?=[A-Za-z0-9])", locked, flags=re.MULTILINE)[1:]
    kept = [part for part in parts if not part.startswith(tuple(f"{name}==" for name in BUILD_ONLY))]
    name, version = wheel.name.split("-")[:2]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    own = f"{name}=={version} --hash=sha256:{digest}\n"
    return f"# Written by `make release`. Install it with --require-hashes, the wheel beside it.\n{own}{''.join(kept)}"


def main(lock: str, folder: str) -> None:
    """Write it beside the one wheel of the folder."""
    [wheel] = Path(folder).glob("mzaudit-*.whl")
    (Path(folder) / "requirements.txt").write_text(requirements(Path(lock).read_text(encoding="utf-8"), wheel))


if __name__ == "__main__":
    main(*sys.argv[1:])
