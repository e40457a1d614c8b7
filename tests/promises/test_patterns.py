"""Every pattern of the product takes time in proportion to its text: its worst cases are counted, none is forgotten.

Patterns that pydantic matches are left out: its engine does not backtrack. So is the simulator, which nobody attacks.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mzaudit
from mzaudit.kinds import KINDS, NamedKind
from mzaudit.snapshot.text.issued_credentials import ISSUED
from tests.promises.backtracking import EndlessError, Engine, worst

LENGTH = 30
ANCHORED = frozenset({"match", "fullmatch"})
FUNCTIONS = frozenset({"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
Found = dict[str, tuple[re.Pattern[str], bool]]


def modules() -> list[ModuleType]:
    names = [each.name for each in pkgutil.walk_packages(mzaudit.__path__, "mzaudit.")]
    return [importlib.import_module(each) for each in names if ".simulator" not in each and "__main__" not in each]


def valued(node: ast.expr, module: ModuleType) -> Any:
    return eval(compile(ast.Expression(node), module.__name__, "eval"), vars(module))


def found() -> Found:
    """Every pattern by where it is, and whether it is only ever matched from the start of a text."""
    trees = {module: ast.parse(Path(str(module.__file__)).read_text()) for module in modules()}
    used: dict[str, set[str]] = defaultdict(set)
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in FUNCTIONS:
                name = ast.unparse(node.value).rpartition(".")[2]
                used[f"{module.__name__}:{name}"].add(node.attr)
                used[name].add(node.attr)
    patterns: Found = {}
    for module, tree in trees.items():
        named = {id(node.value): node.targets[0] for node in ast.walk(tree) if isinstance(node, ast.Assign)}
        named |= {id(n.value): n.target for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) and n.value is not None}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).partition(".")[0] != "re":
                continue
            how = ast.unparse(node.func).partition(".")[2]
            if how != "compile" and how not in FUNCTIONS:
                continue
            where = f"{module.__name__}:{node.lineno}"
            if where.startswith("mzaudit.kinds:"):
                continue  # the rules of names, below
            if how == "compile":
                target = named.get(id(node))
                name = "pattern" if target is None else ast.unparse(target)
                ways = used[f"{module.__name__}:{name}"] or used[name]
                made: Any = valued(node, module)
            elif ast.unparse(node.args[0]) == "row.pattern":
                continue  # the table of issued credentials, below
            else:
                ways, made = {how}, re.compile(valued(node.args[0], module))
            patterns[where] = (made, bool(ways) and ways <= ANCHORED)
    return patterns


PATTERNS = (
    found()
    | {f"{row.source} of {row.issuer}": (re.compile(row.pattern), False) for row in ISSUED}
    | {f"a name of {kind.type}": (kind.name.pattern, True) for kind in KINDS if isinstance(kind, NamedKind)}
)


@pytest.mark.parametrize("where", PATTERNS)
def test_twice_the_text_takes_twice_the_steps(where: str) -> None:
    pattern, anchored = PATTERNS[where]
    if isinstance(pattern.pattern, bytes):
        pattern = re.compile(pattern.pattern.decode("latin-1"), pattern.flags | re.ASCII)
    for short, long in zip(worst(pattern, LENGTH), worst(pattern, 2 * LENGTH), strict=True):
        try:
            few, many = (Engine(pattern, text).taken(anchored=anchored) for text in (short, long))
        except EndlessError:
            pytest.fail(f"endless: {long!r}")
        assert many < 3 * max(few, 300), f"{few} steps, then {many}: {long!r}"


def test_the_counting_finds_what_backtracks() -> None:
    for text, anchored in (
        (r"(a+)+b", True),
        (r"(\s|\n)*x", False),
        (r"a*a*b", True),
        (r"\s+$", False),
        (".*.*=", True),
    ):
        pattern = re.compile(text)
        steps = []
        for length in (LENGTH, 2 * LENGTH):
            try:
                steps.append(max(Engine(pattern, each).taken(anchored=anchored) for each in worst(pattern, length)))
            except EndlessError:
                steps.append(10**9)
        assert steps[1] >= 3 * steps[0] or steps[1] == 10**9, text


def test_nothing_else_matches_by_backtracking() -> None:
    for module in modules():
        tree = ast.parse(Path(str(module.__file__)).read_text())
        imported = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
        imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not imported & {"fnmatch", "glob", "sre_compile"}, module
