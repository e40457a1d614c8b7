"""Answers in Azure's shapes, written by hand, and what each is read as; for where the recordings are not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mzaudit.snapshot.observed import Gap, Listing, Observed
from tests.corpus.reading import Wireside, parsed, wireside

SHAPES = sorted((Path(__file__).parent / "shapes").glob("*.json"))


@pytest.fixture(scope="module")
def azure() -> Iterator[Wireside]:
    with wireside() as made:
        yield made


def seen(facet: object) -> str:
    """In the words of the shapes: `read`, `absent`, or why it was not read."""
    match facet:
        case Gap(reason):
            return reason.value
        case Observed(None | False):
            return "absent"
        case Observed() | Listing(gap=None):
            return "read"
        case _:
            raise AssertionError(facet)


@pytest.mark.wire
@pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.stem)
def test_an_answer_is_read_or_is_a_named_gap(path: Path, azure: Wireside) -> None:
    said = json.loads(path.read_text())
    assert seen(azure.read(parsed(path.stem, said))) == said["seen"], said["why"]


def test_every_outcome_has_a_shape() -> None:
    assert {"read", "absent", "forbidden", "throttled"} <= {json.loads(path.read_text())["seen"] for path in SHAPES}
