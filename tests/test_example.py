"""The example in reports/example/ is what a run writes today, and its guide names every file."""

from __future__ import annotations

import re

from docs.example import FOLDER, files
from mzaudit.report import FORMATS


def test_the_example_is_fresh() -> None:
    made = files()
    written = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert written == made.keys(), "write them again: make docs"
    stale = [name for name, text in made.items() if (FOLDER / name).read_bytes() != text.encode()]
    assert stale == [], "write them again: make docs"


def test_its_guide_names_every_format_and_file() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| \[(.+)\]\((.+)\) \|", (FOLDER / "README.md").read_text("utf-8"), re.MULTILINE
    )
    assert {(name, file) for name, file, _ in rows} == {(name, f"{name}.{FORMATS[name].extension}") for name in FORMATS}
    assert all(file == link and (FOLDER / link).exists() for _, file, link in rows)
