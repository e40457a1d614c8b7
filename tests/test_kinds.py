"""Laws over the kinds of resource: each is whole, and stands where it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import mzaudit
from mzaudit.azure.readers.by_kind import by_kind
from mzaudit.azure.required_permissions import NEEDS
from mzaudit.kinds import KINDS, NAMED, NamedKind, ids_by_kind, kind_of
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.models import Strict
from mzaudit.snapshot.estate import Snapshot
from tests.built_estate import wanted

GROUP = "/subscriptions/s/resourceGroups/g"


def test_types_are_told_apart() -> None:
    types = [each.type.casefold() for each in KINDS]
    assert len(set(types)) == len(types)


@pytest.mark.parametrize("kind", NAMED, ids=str)
def test_a_named_kind_is_whole(kind: NamedKind) -> None:
    assert kind.held_in in {each.name for each in fields(Snapshot)}
    assert kind.read in {need.permission for need in NEEDS}
    assert kind_of(kind.id(GROUP, "x").upper()) is kind
    assert kind.by_id is (kind in by_kind())


@pytest.mark.parametrize("other", ["", GROUP, f"{GROUP}/providers/Microsoft.Web/sites/a/slots/b", "/subscriptions/s"])
def test_what_a_policy_does_not_name_is_of_no_kind(other: str) -> None:
    assert kind_of(other) is None
    assert ids_by_kind([other]) == {}


def _models(of: type[Strict]) -> Iterator[type[Strict]]:
    for each in of.__subclasses__():
        yield each
        yield from _models(each)


def test_a_named_kind_has_a_field_in_the_models() -> None:
    known = [each for model in _models(Strict) for info in model.model_fields.values() for each in info.metadata]
    assert {each for each in known if isinstance(each, NamedKind)} == set(NAMED)


def test_every_name_of_a_policy_is_bound() -> None:
    bound = wanted()
    names = list(documented_names(bound.policy))
    env = bound.environments["prd"]
    held = {each.id for each in env.resources}
    assert len(env.resources) == len(names)
    assert {one.id for part in (env.registries, env.servers, env.components) for one in part} < held
    assert {each.id for each in env.vaults} | {each.id for each in env.services} < held


# In text for people an ARM type tells where a property stands, and a permission is what a person grants.
TEXT = re.compile(r"rules/|facts/|access/|doctor/|drill/|simulator/|kinds\.py$")


def test_the_type_of_a_kind_stands_in_one_place() -> None:
    """As a string, or in an id: outside of text for people, whoever needs it takes it from the kind."""
    root = Path(mzaudit.__file__).parent
    types = re.compile("|".join(f'["/]{re.escape(each.type)}["/]' for each in NAMED))
    code = (path for path in root.rglob("*.py") if not TEXT.search(path.relative_to(root).as_posix()))
    assert [path.name for path in code if types.search(path.read_text(encoding="utf-8"))] == []
