"""`python -m bench.policy APPS FOLDER`: the shipped policy with the environments of a large estate."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mzaudit.cli.resolve import load_policy
from mzaudit.drill.large_policy import enlarged
from mzaudit.policy.shipped_policy import files


def main(apps: int, folder: Path) -> None:
    """Write it into a new folder."""
    folder.mkdir()
    policy = enlarged(load_policy(None, shipped=True), apps).policy
    environments, groups = policy.environments, policy.resource_groups
    shared = f"  shared: {{group: {groups.shared_group}, subscription: {groups.shared_subscription}}}"
    lines = "".join(
        f"  {name}: {{production: false, subscription: {spec.subscription}}}\n" for name, spec in environments.items()
    )
    for name, text in files().items():
        whole = re.sub(r"^environments:.*?(?=^\S)", f"environments:\n{lines}", text, flags=re.S | re.M)
        whole = re.sub(r"^  shared: rg-.*$", shared, whole, flags=re.M)
        (folder / name).write_text(re.sub(r"^parity:.*?(?=^\S|\Z)", "", whole, flags=re.S | re.M))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
