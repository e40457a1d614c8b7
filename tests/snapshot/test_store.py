"""The snapshot file: nothing is lost on the way out and in, and nothing but a whole snapshot comes in."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mzaudit.errors import SnapshotError
from mzaudit.snapshot.estate import Read, Snapshot
from mzaudit.snapshot.saved import store
from mzaudit.snapshot.text.shown import Shown
from tests.built_estate import compliant

_TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
_SCALARS: Mapping[object, st.SearchStrategy[object]] = {
    str: _TEXT,
    Shown: _TEXT,
    int: st.integers(-(2**70), 2**70),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def _any_of(declared: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Any value of a declared type of the snapshot; deep lists are empty, so that slots of slots end."""
    origin, args = typing.get_origin(declared), typing.get_args(declared)
    few = 2 if depth < 12 else 0
    if declared in _SCALARS:
        return _SCALARS[declared]
    if origin in (types.UnionType, typing.Union):
        return st.one_of([_any_of(arg, depth + 1) for arg in args])
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(_any_of(args[0], depth + 1), max_size=few).map(tuple) if few else st.just(())
    if origin is Mapping:
        return st.dictionaries(_any_of(args[0]), _any_of(args[1], depth + 1), max_size=few) if few else st.just({})
    made = origin or declared
    if isinstance(made, type) and issubclass(made, Enum):
        return st.sampled_from(list(made))
    assert isinstance(made, type), declared
    assert is_dataclass(made), declared
    hints = typing.get_type_hints(made)

    def resolved(hint: Any) -> Any:
        if isinstance(hint, TypeVar):
            return args[0]
        return hint[args[0]] if getattr(hint, "__parameters__", ()) else hint

    parts = {
        f.name: st.deferred(_lazily(resolved(hints[f.name]), depth + 1))
        for f in fields(made)
        if f.name != "schema_version"
    }
    return st.builds(made, **parts)


def _lazily(declared: Any, depth: int) -> Callable[[], st.SearchStrategy[Any]]:
    return lambda: _any_of(declared, depth)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(_any_of(Snapshot))
@example(compliant())
def test_nothing_is_lost(snapshot: Snapshot) -> None:
    text = store.dump(snapshot)
    assert store.load(text, "snapshot.json") == snapshot
    assert store.dump(store.load(text, "snapshot.json")) == text


def test_the_text_does_not_depend_on_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = replace(compliant(), reads=tuple(Read(f"GET /{n}", "/", "ok", "read") for n in range(5)))
    whole = store.dump(snapshot)
    assert store.load(whole, "x") == snapshot
    for many in (1, 2, 5):
        monkeypatch.setattr(store, "_READS_AT_ONCE", many)
        assert store.dump(snapshot) == whole


def test_keys_are_sorted_and_times_are_utc() -> None:
    text = store.dump(compliant())
    plain = json.loads(text)
    assert text == json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    assert plain["taken"] == "2026-03-01T02:00:00Z"


def test_half_a_surrogate_pair_does_not_stop_a_run() -> None:
    assert store.load(store.dump(replace(compliant(), cloud="a\ud800b")), "x").cloud == "a\ufffdb"


def _bent(*path: str | int, put: object = None, drop: bool = False) -> str:
    plain = json.loads(store.dump(compliant()))
    at = plain
    for step in path[:-1]:
        at = at[step] if step != "*" else next(iter(at.values()))
    if drop:
        del at[path[-1]]
    else:
        at[path[-1]] = put
    return json.dumps(plain)


_OTHER = "s.json: written by another mzaudit: expected snapshot version 2"
WHOLE = store.dump(compliant())
REFUSED = {
    "empty": ("", "s.json: expected a whole snapshot, found broken JSON: EOF while parsing"),
    "cut short": (WHOLE[: len(WHOLE) // 2], "s.json: expected a whole snapshot, found broken JSON: EOF while parsing"),
    "trailing text": (WHOLE + "x", "s.json: expected a whole snapshot, found broken JSON: trailing characters"),
    "not a number of JSON": ('{"schema_version": NaN}', "s.json: expected a whole snapshot, found broken JSON"),
    "deep": ("[" * 100_000, "s.json: expected a whole snapshot, found broken JSON: recursion limit exceeded"),
    "a list": ("[]", "s.json: expected a snapshot written by `mzaudit collect`, found something else"),
    "a report": ('{"findings": []}', "s.json: expected a snapshot written by `mzaudit collect`, found something else"),
    "no version": (_bent("schema_version", put="0"), f'{_OTHER}, found "0"; collect it'),
    "half of an earlier version": ('{"schema_version": "1", "sites": {}}', "s.json: taken: "),
    "a later version": (_bent("schema_version", put="99"), f'{_OTHER}, found "99"; collect it'),
    "a number as version": (_bent("schema_version", put=2), f"{_OTHER}, found 2; collect it"),
    "unknown key": (_bent("site", put={}), "s.json: site: unexpected keyword argument, found {}"),
    "unknown key deep inside": (_bent("vaults", "*", "secrets", "x", put=1), ".secrets.x"),
    "missing key": (_bent("taken", drop=True), "s.json: taken: "),
    "a fact left out": (_bent("vaults", drop=True), "s.json: expected every field as `mzaudit collect` writes it"),
    "a gap left out": (_bent("vaults", "*", "secrets", "gap", drop=True), "s.json: expected every field as"),
    "text for a number": (_bent("sites", put=[]), "s.json: sites: "),
    "number for text": (_bent("cloud", put=7), "s.json: cloud: input should be a valid string, found 7"),
    "text for a truth": (_bent("vaults", "*", "soft_deleted", "value", put="false"), "soft_deleted"),
    "no time zone": (_bent("taken", put="2026-03-01T02:00:00"), "s.json: taken: input should have timezone info"),
    "unknown reason": (_bent("vaults", "*", "soft_deleted", put={"reason": "mood", "call": "x"}), "soft_deleted"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_a_whole_snapshot_is_refused(case: str) -> None:
    text, complaint = REFUSED[case]
    with pytest.raises(SnapshotError) as error:
        store.load(text, "s.json")
    assert complaint in str(error.value)
    assert all(line.startswith("s.json: ") and len(line) < 500 for line in str(error.value).splitlines())
