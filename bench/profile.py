"""Where the time of the two slowest figures goes, in the words of the product."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.measure import PYTHON, clean

_PARTS = {
    "click": "click",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
    "annotated_types": "pydantic",
    "ruamel": "ruamel.yaml",
    "policy": "the policy's models",
    "snapshot": "the snapshot's dataclasses",
    "audit": "what rules are made of",
    "rules": "the rules",
    "report": "the reports",
    "cli": "the command line",
}


def told(folder: Path) -> Iterator[str]:
    """Paragraphs of Markdown, of runs that were made in that folder."""
    command = [PYTHON, "-X", "importtime", "-m", "mzaudit", "check", "--env", "prd", "--snapshot", "one.json"]
    run = subprocess.run(command, cwd=folder, env=clean({}), capture_output=True, text=True, check=False)
    spent: Counter[str] = Counter()
    for line in run.stderr.splitlines():
        own, _, name = line.removeprefix("import time:").rpartition("|")
        if line.startswith("import time:") and own.split("|")[0].strip().isdigit():
            parts = name.strip().split(".")
            room = parts[1] if parts[0] == "mzaudit" and len(parts) > 1 else parts[0]
            spent[_PARTS.get(room, "Python's own library")] += int(own.split("|")[0])
    most = ", ".join(f"{name} {each / 1000:.0f}" for name, each in spent.most_common() if each > 1000)
    yield f"Imports of `check --snapshot`, {spent.total() / 1000:.0f} ms under `-X importtime`: {most}.\n"
    kept = folder / "evaluation.json"
    if kept.exists():
        found = json.loads(kept.read_text())
        rules = ", ".join(f"{code} {each:.2f}" for code, each in found["rules"].items())
        around = found["evaluate"] - found["in rules"]
        yield (
            f"\nAll rules over the large estate, {found['evaluate']:.1f} CPU seconds, watched: {around:.1f} in finding "
            f"subjects, causes and findings, {found['in rules']:.1f} in the rules: {rules}, less in each other.\n"
        )
