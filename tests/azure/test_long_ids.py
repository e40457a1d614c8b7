"""Ids on the wire are bounded: what compares them takes time and room in proportion to their parts."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

import mzaudit.azure.readers
from mzaudit.azure.readers.wire_models import Wire

# GUIDs of objects, applications and tenants are compared as a whole; so is the id of a `_Principal`.
GUIDS = re.compile("(principal|client|tenant|object|application)_id|.*_client_id")
OF_IDS = re.compile(
    "id|ids|scope|scopes|target|workspace|managed_by|action_groups|.*_ids?|.*_identity|user_assigned_identities"
)
LONG = {"by characters": "/subscriptions/" + "s" * 3_000, "by parts": "/a" * 100}


def fields() -> Iterator[tuple[type[Wire], str]]:
    for module in pkgutil.iter_modules(mzaudit.azure.readers.__path__, "mzaudit.azure.readers."):
        importlib.import_module(module.name)
    left = list(Wire.__subclasses__())
    while left:
        one = left.pop()
        left += one.__subclasses__()
        for field in one.model_fields:
            if OF_IDS.fullmatch(field) and not GUIDS.fullmatch(field) and one.__name__ != "_Principal":
                yield one, field


FIELDS = {f"{one.__module__.rpartition('.')[2]}.{one.__name__}.{field}": (one, field) for one, field in fields()}


def refused(kind: Any, value: object) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return any("longer than any id" in each["msg"] for each in error.errors())
    return False


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("length", LONG)
def test_a_longer_one_is_refused(field: str, length: str) -> None:
    model, name = FIELDS[field]
    info = model.model_fields[name]
    kind: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    assert any(refused(kind, each) for each in (LONG[length], [LONG[length]], {LONG[length]: None}))


def test_every_reader_has_some() -> None:
    assert len(FIELDS) > 20
