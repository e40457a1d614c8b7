"""The snapshot as a JSON file: lossless, sorted, versioned.

The dataclasses are the schema: what they do not name is refused, and so is whatever would be filled in by a default,
because a fact that a file does not state was not seen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from mzaudit.errors import SnapshotError
from mzaudit.snapshot.estate import SCHEMA_VERSION, Snapshot
from mzaudit.snapshot.saved.earlier_versions import READABLE, upgrade

_MOST = 20
_READS_AT_ONCE = 500
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@cache
def _adapter() -> TypeAdapter[Snapshot]:
    return TypeAdapter(Snapshot)


def dump(snapshot: Snapshot) -> str:
    """The snapshot as JSON text; two equal snapshots give the same text.

    Half a surrogate pair, which JSON in UTF-8 cannot hold, becomes U+FFFD.
    """
    return "".join(chunks(snapshot))


def chunks(snapshot: Snapshot) -> Iterator[str]:
    """The same text in pieces, one for each app, vault and so on: never all of a large estate in memory again."""
    begin = "{\n"
    for name in sorted(each.name for each in fields(Snapshot)):
        held: object = getattr(snapshot, name)
        if name == "reads" and snapshot.reads:
            start = f'{begin} "reads": ['
            for first in range(0, len(snapshot.reads), _READS_AT_ONCE):
                some = replace(snapshot, reads=snapshot.reads[first : first + _READS_AT_ONCE])
                yield start + _text(_plain(some, {name: True})[name], 1)[1 : -len("\n ]")]
                start = ","
            yield "\n ]"
        elif not isinstance(held, Mapping) or not held:
            yield f'{begin} "{name}": {_text(_plain(snapshot, {name: True})[name], 1)}'
        else:
            start = f'{begin} "{name}": {{\n'
            for key in sorted(held):
                entry = _plain(snapshot, {name: {key: True}})[name]
                yield f"{start}  {_text(key, 2)}: {_text(entry[key], 2)}"
                start = ",\n"
            yield "\n }"
        begin = ",\n"
    yield "\n}\n"


# Any: what a snapshot is as JSON values
def _plain(snapshot: Snapshot, part: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = _adapter().dump_python(snapshot, mode="json", warnings="error", include=part)
    return plain


def _text(plain: object, depth: int) -> str:
    """A JSON value, its keys sorted, as it stands that deep in the document."""
    try:
        text = to_json(_sorted(plain), indent=1).decode()
    except ValueError:  # half a surrogate pair
        text = json.dumps(plain, sort_keys=True, indent=1, ensure_ascii=False)
    return _LONE_SURROGATE.sub("\ufffd", text).replace("\n", "\n" + " " * depth)


def _sorted(plain: object) -> object:
    if isinstance(plain, dict):
        return {key: _sorted(plain[key]) for key in sorted(plain)}
    return [_sorted(each) for each in plain] if isinstance(plain, list) else plain


def load(text: str, name: str) -> Snapshot:
    """Read back what `dump` wrote, today's or an earlier version's; `name` is what errors call it.

    Raises `SnapshotError` for text that is cut short, of another version, or not exactly of these types.
    """
    try:
        plain = from_json(text, allow_inf_nan=False)
    except ValueError as broken:
        raise SnapshotError(f"{name}: expected a whole snapshot, found broken JSON: {broken}") from None
    if not isinstance(plain, Mapping) or "schema_version" not in plain:
        raise SnapshotError(f"{name}: expected a snapshot written by `mzaudit collect`, found something else")
    if "findings" in plain:
        raise SnapshotError(f"{name}: expected a snapshot written by `mzaudit collect`, found a report")
    if plain["schema_version"] in READABLE:
        plain = upgrade(plain)
        text = json.dumps(plain)
    elif plain["schema_version"] != SCHEMA_VERSION:
        found = _short(plain["schema_version"])
        raise SnapshotError(
            f"{name}: written by another mzaudit: expected snapshot version {SCHEMA_VERSION}, found {found}; "
            "collect it again with this one"
        )
    try:
        snapshot = _adapter().validate_json(text)
    except ValidationError as wrong:
        raise SnapshotError("\n".join(_complaints(wrong, name))) from None
    if not _is_moment(snapshot.taken):
        raise SnapshotError(f"{name}: taken: expected a time with its zone, found none or one beyond the calendar")
    if _adapter().dump_python(snapshot, mode="json") != plain:
        raise SnapshotError(f"{name}: expected every field as `mzaudit collect` writes it, found some left out")
    return snapshot


def _is_moment(time: datetime) -> bool:
    """Whether a time has a zone, and can be turned into another's (at either end of the calendar it cannot)."""
    try:
        return time.tzinfo is not None and time.astimezone(UTC).tzinfo is UTC
    except OverflowError:
        return False


def _complaints(wrong: ValidationError, name: str) -> list[str]:
    lines = set()
    for error in wrong.errors(include_url=False, include_context=False):
        where = _short(".".join(str(step) for step in error["loc"]), 300).strip('"')
        lines.add(f"{name}: {where}: {_cut(error['msg'].lower(), 200)}, found {_short(error['input'])}")
    first = sorted(lines)[:_MOST]
    return first if len(lines) <= _MOST else [*first, f"{name}: {len(lines) - _MOST} more of this kind"]


def _short(value: object, longest: int = 60) -> str:
    return _cut(json.dumps(value, default=str), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
