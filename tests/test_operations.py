"""The page on operations is of today: every request that is sent has its row, and every row is of one that is sent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from docs.operations import FILE, Operation, held_against, page, sent


@pytest.fixture(scope="module")
def operations() -> Sequence[Operation]:
    return sent()


def test_every_operation_says_what_it_was_held_against(operations: Sequence[Operation]) -> None:
    assert {each.request for each in operations} == held_against().keys()


def test_the_page_is_of_today(operations: Sequence[Operation]) -> None:
    assert FILE.read_text(encoding="utf-8") == page(operations)
