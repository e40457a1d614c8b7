"""Nothing of one estate is in the product: names, words and requirements are a policy's."""

from __future__ import annotations

import re
from pathlib import Path

import mzaudit

ROOM = Path(mzaudit.__file__).parent
# `ingest` in a host name is Azure Monitor's own word
ONE_ESTATES = re.compile(
    r"monozu|\bsnaps?\b|\bsnap[_-](?!shot)|ingestor|\bingest\b(?!\.monitor)|\bDOC-?\d", re.IGNORECASE
)
TEXTS = (".py", ".html", ".yml", ".yaml", ".j2", ".md", ".json")


def test_nothing_of_one_estate_is_in_the_product() -> None:
    found = [
        f"{path.relative_to(ROOM)}:{number}: {line.strip()}"
        for path in sorted(ROOM.rglob("*"))
        if path.suffix in TEXTS and "_policies" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ONE_ESTATES.search(line) or ONE_ESTATES.search(path.name)
    ]
    assert found == []
