"""RES-001, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, Pass
from mzaudit.rules.resource.resource_exists import resource_exists
from tests.rules.resource.documented import REFUSED, judged

CASES: dict[str, tuple[object, type, str]] = {
    "there": ({"name": "redis-prd"}, Pass, ""),
    "an empty answer": ({}, Pass, ""),
    "gone": (None, Fail, "There is no Microsoft.Cache/redis named redis-prd"),
    "refused": (REFUSED, Inconclusive, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_resource_exists(case: str) -> None:
    body, kind, words = CASES[case]
    verdict = judged(resource_exists, "sku.name: Premium", body)
    assert type(verdict) is kind
    assert words in getattr(verdict, "note", "")
