"""The JSON report: lossless, versioned, in the declared order, read back by the same declarations that wrote it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import cast

from pydantic import TypeAdapter, ValidationError

from mzaudit.audit.results import SCHEMA_VERSION, Report, summarise
from mzaudit.errors import SnapshotError
from mzaudit.report.neutral import REPLACEMENT, SURROGATE, UNSHOWABLE

_COMPLAINTS = 5
# At either end of the calendar a time cannot be turned into another zone's.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_IN_STRINGS = re.compile(r"(?!\n)" + UNSHOWABLE.pattern)  # a bare line end is the document's own


def render(report: Report) -> str:
    """The document, UTF-8 clean, ending in a newline; only half characters are lost (U+FFFD)."""
    return inert(json.dumps(document(report), ensure_ascii=False, indent=2)) + "\n"


def document(report: Report) -> dict[str, object]:
    """The report as JSON values; times are RFC 3339 in UTC."""
    in_utc = replace(report, run=replace(report.run, started=report.run.started.astimezone(UTC)))
    # The adapter's return type is Any; a dataclass is dumped as a dict of its field names.
    return cast(dict[str, object], _adapter().dump_python(in_utc, mode="json", by_alias=True))


def inert(text: str) -> str:
    """The same JSON value in a spelling that no terminal or log reader obeys: `##vso[` is `\\u0023#vso[`.

    Everything that needs it can only stand inside a JSON string.
    """
    return _IN_STRINGS.sub(_escape, SURROGATE.sub(REPLACEMENT, text)).replace("##", "\\u0023#")


def parse(text: str, name: str) -> Report:
    """A saved report; `name` is what the file is called in errors. Raises `SnapshotError`."""
    try:
        raw: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{name}: not a report, or cut short: {error}") from None
    if not isinstance(raw, dict) or "schema_version" not in raw:
        raise SnapshotError(f"{name}: not a report: it has no schema_version")
    if raw["schema_version"] != SCHEMA_VERSION:
        found = str(raw["schema_version"])[:40]
        raise SnapshotError(f"{name}: report of schema version {found}; this mzaudit reads version {SCHEMA_VERSION}")
    try:
        report = _adapter().validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise SnapshotError("\n".join(_complaints(error, name))) from None
    if report.run.started.tzinfo is None or not _FIRST <= report.run.started <= _LAST:
        raise SnapshotError(f"{name}: run.started: expected a time with its zone, between 2000 and 9999")
    if report.summary != summarise(report.findings, report.run.fail_on):
        raise SnapshotError(f"{name}: the summary does not agree with the findings; the report was changed")
    return report


def schema() -> str:
    """The JSON Schema of the report."""
    made = _adapter().json_schema(by_alias=True)
    for shape in (made, *made["$defs"].values()):
        if shape.get("type") == "object":
            shape["additionalProperties"] = False
    made["properties"]["schema_version"]["const"] = SCHEMA_VERSION
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "mzaudit report"}
    return json.dumps(head | made | {"title": head["title"]}, indent=2) + "\n"


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _complaints(error: ValidationError, name: str) -> list[str]:
    all_of_them = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in all_of_them[:_COMPLAINTS]]
    rest = len(all_of_them) - _COMPLAINTS
    return [*lines, f"{name}: and {rest} more"] if rest > 0 else lines
