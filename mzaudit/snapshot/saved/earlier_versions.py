"""A snapshot file of an earlier version in today's shape: what it does not state was not collected."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar

from mzaudit.snapshot.estate import SCHEMA_VERSION, Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing

READABLE = ("1",)
"""The earlier versions whose files are still read."""

_DETAIL = "an earlier version of mzaudit wrote this snapshot and did not collect it"


class _LacksError(Exception):
    """Something is not stated, or in another shape than today's."""


def upgrade(plain: Mapping[str, object]) -> dict[str, object]:
    """The file's JSON in today's shape. A facet that it lacks, or of which a member is lacking, becomes a gap: no
    default stands in for a fact. What is no longer kept is left out; what is wrong is left for `load` to refuse."""
    made: dict[str, object] = {}
    for each in fields(Snapshot):
        hint = _hints(Snapshot)[each.name]
        told = plain.get(each.name)
        if isinstance(told, Mapping) and typing.get_origin(hint) is Mapping:
            made[each.name] = dict(_entries(told, typing.get_args(hint)[1]))
        elif each.name in plain:
            made[each.name] = told
        elif each.default_factory is not MISSING:
            made[each.name] = {}  # of a kind that was not yet asked for
        elif each.default is not MISSING:
            made[each.name] = each.default  # of the run, such as a skew that was not yet looked for
    return made | {"schema_version": SCHEMA_VERSION}


def _entries(told: Mapping[str, object], declared: Any) -> typing.Iterator[tuple[str, object]]:
    # an app or vault that is left out is one that was not asked for
    for key, each in told.items():
        try:
            yield key, _shaped(each, declared, key)
        except _LacksError:
            missing = _gap(declared, key)
            if missing is not None:
                yield key, missing


# Any: declared types as `typing` has them
def _shaped(told: object, declared: Any, where: str) -> object:
    """The value in the declared shape. Raises _LacksError if that takes a fact that is not stated."""
    origin, args = typing.get_origin(declared), typing.get_args(declared)
    if origin in (types.UnionType, typing.Union):
        return _first(told, args, where)
    if origin is Literal:
        return _if(told, told in args)
    if origin is tuple and isinstance(told, list):
        return [_shaped(each, args[0], where) for each in told]
    if origin is Mapping and isinstance(told, dict):
        return {key: _part(told, key, args[1], f"{where}/{key}") for key in told}
    made = origin or declared
    if is_dataclass(made) and isinstance(made, type):
        return _object(told, made, args, where)
    if made is type(None):
        return _if(told, told is None)
    if isinstance(made, type) and issubclass(made, Enum):
        return _if(told, told in [each.value for each in made])
    if made in (int, bool):
        return _if(told, type(told) is made)
    return _if(told, isinstance(told, str))  # the others are texts of a form that `load` looks at


def _if(told: object, fits: bool) -> object:
    if not fits:
        raise _LacksError
    return told


def _first(told: object, args: tuple[Any, ...], where: str) -> object:
    for arg in args:
        try:
            return _shaped(told, arg, where)
        except _LacksError:
            continue
    raise _LacksError


def _object(told: object, made: type, args: tuple[Any, ...], where: str) -> dict[str, object]:
    if not isinstance(told, dict):
        raise _LacksError
    at = told["id"] if isinstance(told.get("id"), str) else where
    hints = {name: _resolved(hint, args) for name, hint in _hints(made).items()}
    return {name: _part(told, name, hint, f"{at} {name}") for name, hint in hints.items()}


def _part(told: Mapping[str, object], name: str, declared: Any, where: str) -> object:
    try:
        if name in told:
            return _shaped(told[name], declared, where)
    except _LacksError:
        pass
    missing = _gap(declared, where)
    if missing is None:
        raise _LacksError
    return missing


def _gap(declared: Any, where: str) -> dict[str, object] | None:
    """That a facet was not collected, where its type can say so."""
    gap = {"reason": GapReason.NOT_COLLECTED.value, "call": where, "scope": "", "permission": "", "detail": _DETAIL}
    origin, args = typing.get_origin(declared), typing.get_args(declared)
    if origin is Listing:
        return {"items": [], "gap": gap}
    if origin is Mapping and _may_be_gap(args[1]):
        return {}  # of things that are asked for one by one: none was
    return dict(gap) if _may_be_gap(declared) else None


def _may_be_gap(declared: Any) -> bool:
    return declared is Gap or (
        typing.get_origin(declared) in (types.UnionType, typing.Union) and Gap in typing.get_args(declared)
    )


def _resolved(hint: Any, args: tuple[Any, ...]) -> Any:
    if isinstance(hint, TypeVar):
        return args[0]
    return hint[args] if args and getattr(hint, "__parameters__", ()) else hint


@cache
def _hints(made: type) -> dict[str, Any]:
    hints = typing.get_type_hints(made)
    return {each.name: hints[each.name] for each in fields(made)}
