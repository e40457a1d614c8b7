"""What a rule must bring, said to whoever forgot it."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

from mzaudit import rules
from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.engine.evaluate import in_order
from mzaudit.engine.rule import AnyRule, Area
from mzaudit.policy.loader.load import load
from mzaudit.policy.requirements import by_rule
from mzaudit.rules import vocabulary
from tests.built_estate import POLICIES

RULES = {rule.code: rule for rule in rules.load()}
HEADINGS = ["What it checks", "Why it matters", "Remediation", "References"]
AREAS = {area.prefix: package.rpartition(".")[2] for package, area in rules.areas().items()}


def cases(rule: AnyRule) -> dict[str, tuple[object, ...]]:
    """The rule's table of named cases."""
    name = rule.slug.replace("-", "_")
    module = importlib.import_module(f"tests.rules.{AREAS[rule.area]}.test_{name}")
    table = module.CASES
    assert isinstance(table, dict)
    return table


@pytest.mark.parametrize("code", RULES)
def test_a_rule_lives_in_its_area_and_has_its_slugs_name(code: str) -> None:
    rule = RULES[code]
    assert re.fullmatch(r"[A-Z]+-\d{3}", code)
    assert rule.module == f"mzaudit.rules.{AREAS[rule.area]}.{rule.slug.replace('-', '_')}"


@pytest.mark.parametrize("code", RULES)
def test_a_rule_has_its_page(code: str) -> None:
    found = re.findall(r"^## (.+)$", RULES[code].doc, re.M)
    assert found == HEADINGS, f"the docstring of {code} needs exactly these headings: {HEADINGS}"
    sections = re.split(r"^## .+$", RULES[code].doc, flags=re.M)[1:]
    assert all(section.strip() for section in sections), f"a section of {code} is empty"
    assert "https://learn.microsoft.com/" in sections[-1]
    assert not re.search(r"learn\.microsoft\.com/[a-z]{2}-[a-z]{2}/", sections[-1]), "link without a locale"


@pytest.mark.parametrize("code", RULES)
def test_a_rule_has_its_cases(code: str) -> None:
    kinds = {value for case in cases(RULES[code]).values() for value in case if isinstance(value, type)}
    missing = {Pass, Fail, Inconclusive} - kinds
    assert not missing, f"the cases of {code} show no {', '.join(sorted(kind.__name__ for kind in missing))}"


def test_every_rule_answers_a_requirement_and_every_answer_is_a_rule() -> None:
    catalogue = load(POLICIES, vocabulary()).requirements
    assert [one.id for one in catalogue] == [f"DOC-{number:02}" for number in range(1, 28)]
    of_any_resource = {code for code in RULES if code.startswith("RES-")}  # the shipped document names none
    assert by_rule(catalogue).keys() == RULES.keys() - of_any_resource


ROOM = Path(rules.__file__).parent.parent
CODE = re.compile(rf"\b(?:{'|'.join(AREAS)})-\d{{3}}\b")
LINKS = ("requires", "explained_by", "follows")


def _codes_in_code(path: Path) -> set[str]:
    """The rule codes in the strings of a module: not in docstrings, nor in what a rule says of its links."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "rule":
            links = (keyword.value for keyword in call.keywords if keyword.arg in LINKS)
            said |= {id(node) for link in links for node in ast.walk(link)}
    texts = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in said)
    return {code for text in texts if isinstance(text, str) for code in CODE.findall(text)}


def test_a_rules_code_stands_in_its_own_module_alone() -> None:
    """What others need to know of a rule is metadata of the rule."""
    own = {Path(inspect.getfile(importlib.import_module(rule.module))): {code} for code, rule in RULES.items()}
    found = {path: _codes_in_code(path) for path in ROOM.rglob("*.py")}
    assert {path: codes for path, codes in found.items() if codes - own.get(path, set())} == {}
    assert all(found[path] == codes for path, codes in own.items())


def test_a_folder_without_an_area_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("mzaudit.rules.blob.AREA")
    with pytest.raises(ValueError, match=r"mzaudit\.rules\.blob: expected AREA"):
        rules.load()


def test_a_code_of_another_area_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mzaudit.rules.blob.AREA", Area("DISK", "disks"))
    with pytest.raises(ValueError, match=r"expected a code DISK-\.\.\., found BLOB-001"):
        rules.load()


def test_no_rule_knows_a_requirement() -> None:
    """Which rules answer a requirement is for the policy's catalogue to say, and its ids are the policy's own."""
    ids = re.compile("|".join(one.id for one in load(POLICIES, vocabulary()).requirements))
    for folder in ("rules", "audit", "report"):
        for path in (Path(rules.__file__).parent.parent / folder).rglob("*.py"):
            assert not ids.search(path.read_text(encoding="utf-8")), path


def test_links_lead_to_rules_and_never_in_a_circle() -> None:
    for rule in RULES.values():
        unknown = set(rule.depends_on) - RULES.keys()
        assert not unknown, f"{rule.code} depends on {unknown}"
    assert len(in_order(RULES.values())) == len(RULES)


def test_only_a_fault_of_the_policy_has_no_command() -> None:
    """A fix refuses to be without a role or a command, and only the rule about the policy's own entries has none."""
    without = {
        rule.code
        for rule in RULES.values()
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(rule.module))))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fail"
        if not any(isinstance(part, ast.keyword) for part in node.keywords)
        if len(node.args) > 3 and isinstance(node.args[3], ast.Constant) and node.args[3].value is None
    }
    assert without == {"ENV-001"}


def test_exposure_is_never_explained_away() -> None:
    for code in (
        "SET-004",
        "SET-005",
        "SET-006",
        "RBAC-002",
        "RBAC-003",
        "RBAC-005",
        "SQL-005",
        "SQL-006",
        "SQL-007",
        "OBS-003",
    ):
        assert RULES[code].explained_by == ()


def test_no_test_module_is_left_of_a_rule_that_is_gone() -> None:
    slugs = {rule.slug.replace("-", "_") for rule in RULES.values()}
    found = {path.stem.removeprefix("test_") for path in (Path(__file__).parent / "rules").rglob("test_*.py")}
    assert found == slugs
