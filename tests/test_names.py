"""A file name and a class name stand for one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import mzaudit

PACKAGE = Path(mzaudit.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def twice(named: Iterable[tuple[str, Path]]) -> dict[str, list[str]]:
    places = defaultdict(list)
    for name, path in named:
        places[name].append(path.relative_to(PACKAGE).as_posix())
    return {name: found for name, found in places.items() if len(found) > 1}


def test_a_file_name_occurs_once() -> None:
    assert twice((path.name, path) for path in MODULES) == {}


def test_a_class_name_occurs_once() -> None:
    classes = (
        (node.name, path)
        for path in MODULES
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert twice(classes) == {}


def test_a_folder_holds_about_twenty_files() -> None:
    held: defaultdict[str, int] = defaultdict(int)
    for path in MODULES:
        held[path.parent.relative_to(PACKAGE).as_posix()] += 1
    assert {folder: count for folder, count in held.items() if count > 22} == {}
