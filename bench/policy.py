"""`python -m bench.policy APPS FOLDER`: the shipped policy with the environments of a large estate."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mzaudit.policy.shipped_policy import files
from mzaudit.simulator.estates.large import planned


def main(apps: int, folder: Path) -> None:
    """Write it into a new folder."""
    folder.mkdir()
    plans = planned(apps).environments
    lines = "".join(f"  {one.name}: {{production: false, subscription: {one.subscription_id}}}\n" for one in plans)
    for name, text in files().items():
        whole = re.sub(r"^environments:.*?(?=^\S)", f"environments:\n{lines}", text, flags=re.S | re.M)
        (folder / name).write_text(re.sub(r"^parity:.*?(?=^\S|\Z)", "", whole, flags=re.S | re.M))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
