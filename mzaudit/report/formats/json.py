"""The JSON report: lossless, versioned, in the declared order, read back by the same declarations that wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from mzaudit.diagram.element_status import agrees
from mzaudit.engine.gate import summarise
from mzaudit.engine.results import SCHEMA_VERSION, BaselineState, Finding, Report, Status, Summary
from mzaudit.errors import SnapshotError
from mzaudit.report.json_text import members
from mzaudit.snapshot.clock import by_azure

_COMPLAINTS = 5
# At either end of the calendar a time cannot be turned into another zone's.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_MARKED = {
    BaselineState.NEW: (Status.FAIL, Status.WAIVED, Status.INCONCLUSIVE),
    BaselineState.UNCHANGED: (Status.FAIL, Status.WAIVED, Status.INCONCLUSIVE),
    BaselineState.RESOLVED: (Status.PASS,),
}


def chunks(report: Report) -> Iterator[str]:
    """The document, UTF-8 clean; only half characters are lost (U+FFFD)."""
    yield from members(
        head(report),
        {
            "reads": map(to_jsonable_python, report.reads),
            "findings": map(finding, report.findings),
        },
    )


def head(report: Report) -> dict[str, object]:
    """The report as JSON values, its reads and findings left empty; times are RFC 3339 in UTC."""
    bare = replace(report, run=replace(report.run, started=report.run.started.astimezone(UTC)), reads=(), findings=())
    plain = cast(dict[str, object], to_jsonable_python(bare))  # Any: a dataclass becomes a dict of its field names
    # Two of the summary's names are Python's own words. An adapter of the whole report costs more than judging.
    return plain | {"summary": TypeAdapter(Summary).dump_python(report.summary, mode="json", by_alias=True)}


def finding(one: Finding) -> dict[str, object]:
    """One finding as JSON values."""
    return cast(dict[str, object], to_jsonable_python(one))  # Any, as above


def parse(text: str, name: str) -> Report:
    """A saved report; `name` is what the file is called in errors. Raises `SnapshotError`."""
    try:
        raw: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"{name}: not a report, or cut short: {error}") from None
    if isinstance(raw, dict) and "taken" in raw:
        raise SnapshotError(f"{name}: not a report but a snapshot: judge it with `mzaudit check --snapshot`")
    if not isinstance(raw, dict) or "schema_version" not in raw:
        raise SnapshotError(f"{name}: not a report: it has no schema_version")
    if raw["schema_version"] == "1":
        text = json.dumps(_from_version_1(raw))
    elif raw["schema_version"] != SCHEMA_VERSION:
        found = str(raw["schema_version"])[:40]
        raise SnapshotError(
            f"{name}: written by another mzaudit: expected report version {SCHEMA_VERSION}, found {found}; "
            "run the check again with this one"
        )
    try:
        report = _adapter().validate_json(text, strict=True, extra="forbid")
    except ValidationError as error:
        raise SnapshotError("\n".join(_complaints(error, name))) from None
    if report.run.started.tzinfo is None or not _FIRST <= report.run.started <= _LAST:
        raise SnapshotError(f"{name}: run.started: expected a time with its zone, between 2000 and 9999")
    _check_overrides(report, name)
    _check_baseline(report, name)
    _check_rules(report, name)
    _check_attribution(report, name)
    if report.summary != summarise(report.findings, report.run.fail_on, only_new=report.only_new):
        raise SnapshotError(f"{name}: the summary does not agree with the findings; the report was changed")
    if not agrees(report.topology, report.findings):
        raise SnapshotError(f"{name}: the topology does not agree with the findings; the report was changed")
    return report


def _from_version_1(raw: Mapping[str, object]) -> Mapping[str, object]:
    """The report in today's shapes: one environment was a text and not a list, a cause the text `KV-001 kv-x`. What is
    not as that version wrote it is left to be refused."""
    run, findings = raw.get("run"), raw.get("findings")
    env = run.get("env") if isinstance(run, dict) else None
    return {
        **raw,
        "schema_version": SCHEMA_VERSION,
        "run": {**run, "env": [env]} if isinstance(run, dict) and isinstance(env, str) else run,
        "findings": list(map(_finding_from_version_1, findings)) if isinstance(findings, list) else findings,
    }


def _finding_from_version_1(raw: object) -> object:
    if not isinstance(raw, dict) or not isinstance(raw.get("cause"), str):
        return raw
    rule, _, subject = raw["cause"].partition(" ")
    return {**raw, "cause": {"rule": rule, "subject": subject} if raw["cause"] else None}


def _check_rules(report: Report, name: str) -> None:
    """Refuse rules that depend on each other in a circle: the order of the remediation hangs on them."""
    try:
        TopologicalSorter({rule.code: rule.depends_on for rule in report.rules}).prepare()
    except CycleError:
        raise SnapshotError(f"{name}: rules: depends_on leads in a circle; the report was changed") from None


def _check_baseline(report: Report, name: str) -> None:
    """Refuse marks that `mzaudit` cannot have made: the gate and the age that people read hang on them."""
    baseline = report.run.baseline
    times = [] if baseline is None else [("run.baseline.started", baseline.started)]
    for number, finding in enumerate(report.findings):
        if finding.baseline is None:
            continue
        where = f"findings.{number}.baseline"
        if baseline is None:
            raise SnapshotError(f"{name}: {where}: expected none, because the run names no baseline")
        if finding.status not in _MARKED[finding.baseline.state]:
            raise SnapshotError(
                f"{name}: {where}: a finding that is {finding.status} cannot be {finding.baseline.state}"
            )
        times.append((f"{where}.first_seen", finding.baseline.first_seen))
    until = by_azure(report.run.started, report.run.skew)
    for where, time in times:
        if time.tzinfo is None or not _FIRST <= time <= until:
            raise SnapshotError(f"{name}: {where}: expected a time with its zone, no later than run.started")


def _check_overrides(report: Report, name: str) -> None:
    """Refuse a finding that was judged by a rule that is said to be off."""
    for number, finding in enumerate(report.findings):
        if finding.off and finding.status is not Status.NOT_APPLICABLE:
            where = f"findings.{number}.override"
            raise SnapshotError(f"{name}: {where}: a rule that is switched off says nothing, not {finding.status}")


def _check_attribution(report: Report, name: str) -> None:
    for number, finding in enumerate(report.findings):
        for one in finding.attribution.each if finding.attribution is not None else ():
            if one.at is not None and (one.at.tzinfo is None or not _FIRST <= one.at <= _LAST):
                raise SnapshotError(f"{name}: findings.{number}.attribution.at: expected a time with its zone")


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


def _complaints(error: ValidationError, name: str) -> list[str]:
    all_of_them = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in all_of_them[:_COMPLAINTS]]
    rest = len(all_of_them) - _COMPLAINTS
    return [*lines, f"{name}: and {rest} more"] if rest > 0 else lines
