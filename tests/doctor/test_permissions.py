"""The recommended roles are enough, and every permission in them is needed: seen by taking each away."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

import mzaudit.azure
from docs.permissions import FILE, Removal, page, removal, row
from mzaudit.azure.required_permissions import (
    CONNECT,
    DATABASE_NEEDS,
    DEFINITIONS_INSIDE,
    DELETED_VAULTS,
    EVENTS,
    HISTORY,
    NEEDS,
    PERMISSIONS,
    SECRET_METADATA,
    USER_IDENTITY,
    DatabaseNeed,
    Need,
)
from mzaudit.engine.results import Status
from tests.doctor.nights import BENDS, RIGHTS, Right, estate_for, night_of, restrict
from tests.documented_estate import ESTATES, build

PAGE = FILE.read_text(encoding="utf-8")
# the failure stands without them; they tell whether the missing thing can be recovered
TELL_MORE = {DELETED_VAULTS: ("KV-001",), SECRET_METADATA: ("KV-003",)}

# asked for only with --attribute (tests/azure/test_changes.py), and where the policy documents an identity
ELSEWHERE = (EVENTS, USER_IDENTITY)

INSIDE = ("SQL-003", "SQL-004", "SQL-005", "SQL-006", "SQL-007", "SQL-008")


def test_the_recommended_roles_are_enough() -> None:
    estate = build("compliant")
    restrict(estate)
    found = night_of(estate)
    assert {finding.status for finding in found.findings} == {Status.PASS, Status.NOT_APPLICABLE}
    assert found.examination.complete
    assert found.examination.grants == ()


@pytest.mark.parametrize("need", RIGHTS, ids=lambda need: need.permission)
def test_each_permission_is_needed_by_the_rules_that_name_it(need: Right, evidence: Callable[[str, int], None]) -> None:
    found = removal(need)
    if need in ELSEWHERE:
        assert found.before.findings == found.after.findings
        assert row(found) in PAGE.splitlines(), "write the page again: make docs"
        return
    for before, after in zip(found.before.findings, found.after.findings, strict=True):
        assert (before.rule, before.subject) == (after.rule, after.subject)
        assert after.status in (before.status, Status.INCONCLUSIVE), (before, after)
        if after.status is Status.INCONCLUSIVE and need != PERMISSIONS:
            assert {gap.permission for gap in after.gaps} == {need.permission}
    if need in TELL_MORE:
        assert (found.undecided, found.says_less) == ((), TELL_MORE[need])
    else:
        assert found.undecided
    assert_diagnosed(found)
    assert row(found) in PAGE.splitlines(), "write the page again: make docs"
    evidence("permissions removed", 1)


def assert_diagnosed(found: Removal) -> None:
    """That the doctor names the lack, its rules and the role that cures it."""
    examination = found.after.examination
    assert (examination.network, examination.others) == ((), ())
    assert {need for need, _ in told(found)} == {found.need}
    assert {rule for _, rules in told(found) for rule in rules} == set(found.undecided)
    roles = {found.need.role} if isinstance(found.need, Need) else set()
    assert {grant.role for grant in examination.grants} == roles


def told(found: Removal) -> list[tuple[Right, tuple[str, ...]]]:
    """What the doctor says is lacking, with the rules that it leaves undecided."""
    examination = found.after.examination
    lacks: list[tuple[Right, tuple[str, ...]]] = []
    lacks += [(lack.need, lack.rules) for place in examination.places for lack in place.lacks]
    lacks += [(lack.need, lack.rules) for place in examination.inside for lack in place.lacks]
    return lacks


@pytest.mark.parametrize(
    ("need", "rules"),
    [(CONNECT, INSIDE), (DEFINITIONS_INSIDE, INSIDE), (HISTORY, ("SQL-008",))],
    ids=lambda value: getattr(value, "permission", None),
)
def test_inside_every_database_a_right_costs_the_rules_that_need_it(need: DatabaseNeed, rules: tuple[str, ...]) -> None:
    found = removal(need)
    assert (found.undecided, found.says_less) == (rules, ())
    places = found.after.examination.inside
    assert [place.scope.rsplit("/", 1)[-1] for place in places] == ["db-monozu-cloud-prd", "db-monozu-manage-prd"]
    for place in places:
        assert [lack.need for lack in place.lacks] == [need]
        assert place.held == (() if need == CONNECT else tuple(each for each in DATABASE_NEEDS if each != need))


def test_the_page_has_a_row_for_every_permission_and_no_other() -> None:
    lines = PAGE.splitlines()
    rows = {need: next(line for line in lines if line.startswith(f"| `{need.permission}`")) for need in RIGHTS}
    assert page(rows) == PAGE, "write the page again: make docs"


def test_every_call_declares_its_permission_and_none_is_idle() -> None:
    estates = [*(build(name) for name in ESTATES), *(estate_for(need) for need in BENDS)]
    used = {read.permission for estate in estates for read in night_of(estate).seen.reads}
    inside = {need.permission for need in DATABASE_NEEDS}
    assert used | {need.permission for need in ELSEWHERE} == {need.permission for need in NEEDS} | inside


def test_no_reader_spells_a_permission_itself() -> None:
    folder = Path(mzaudit.azure.__file__).parent
    spelled = [
        f"{path.name}:{node.lineno} {node.value}"
        for path in folder.rglob("*.py")
        if path.name != "required_permissions.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.endswith(("/read", "/action"))
        and "." in node.value
    ]
    assert spelled == []
