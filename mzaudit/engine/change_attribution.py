"""Whom Azure's records name as the last to change what fails, and in words where Azure keeps no such record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from typing import Final

from mzaudit.engine.results import Attribution, Finding, Status
from mzaudit.engine.rule import AnyRule, Aspect
from mzaudit.policy.models import PrincipalSpec
from mzaudit.snapshot.changes import ACTIVITY_DAYS, HISTORY_DAYS, Recorded, Records
from mzaudit.snapshot.observed import Gap, Listing
from mzaudit.snapshot.text.ids import key

MOST: Final = 50
"""How many resources are asked about at most: the worst first."""

_DEPTH: Final = 9  # of the segments of a resource that stands by itself
_ASSIGNMENT: Final = "/providers/microsoft.authorization/roleassignments/"
_IN_VAULT: Final = (
    "Azure keeps no record of changes to secrets in its change history or Activity Log: they are in the vault's own"
    " audit log, if a diagnostic setting keeps it."
)
_DATABASE: Final = (
    "Azure keeps no record of changes inside a database in its change history or Activity Log: they are in the server's"
    " audit log, if auditing is on."
)
_SETTING: Final = (
    "Azure's change history contains no app settings and no images: the Activity Log says that the app was written to,"
    " not what was written."
)
_GROUP: Final = "resource-group"
_GUID: Final = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ID: Final = re.compile(_GUID)
# Whatever else a record calls a caller may be somebody's name.
_IMPERSONAL: Final = re.compile(rf"{_GUID}|(?i:system|microsoft\.[a-z]+)")
_NAMELESS: Final = re.compile(
    rf"|{_IMPERSONAL.pattern}|(?:a person|a principal)(?: \(object id {_GUID}\))?"
    r"|a principal that the record does not name"
)
# What of an app the change history holds nothing of: what it has is about something else.
_UNRECORDED: Final = (
    Aspect.SETTINGS,
    Aspect.SECRET_REFERENCES,
    Aspect.FOREIGN_REFERENCES,
    Aspect.IMAGE,
    Aspect.EXPORT,
)


def asked(findings: Iterable[Finding], rules: Iterable[AnyRule]) -> tuple[str, ...]:
    """The resources of the failures of which Azure keeps a record, those of the worst failures first, each once."""
    aspects = _aspects(rules)
    failing = sorted((f for f in findings if f.status is Status.FAIL), key=lambda f: f.severity.rank)
    found: dict[str, str] = {}
    for each in failing:
        for target in () if _silent(each, aspects) else _targets(each):
            found.setdefault(key(target), target)
    return tuple(found.values())


def attribute(
    findings: Sequence[Finding],
    records: Records,
    pipelines: Sequence[PrincipalSpec],
    rules: Iterable[AnyRule],
    *,
    names: bool,
) -> tuple[Finding, ...]:
    """The findings, each failure with who changed its resource last. `pipelines` are the known pipelines' identities;
    people are named only with `names`."""
    aspects = _aspects(rules)
    known = {object_id.casefold(): pipeline.name for pipeline in pipelines for object_id in pipeline.object_ids}
    return tuple(
        replace(f, attribution=_attribution(f, records, known, aspects, names=names)) if f.status is Status.FAIL else f
        for f in findings
    )


def _aspects(rules: Iterable[AnyRule]) -> Mapping[str, Aspect]:
    return {rule.code: rule.bears_on for rule in rules}


def _silent(finding: Finding, aspects: Mapping[str, Aspect]) -> str:
    """Why Azure has no record of what this failure is about; empty if it may have one."""
    if finding.subject.kind == "secret":
        return _IN_VAULT
    return _DATABASE if aspects.get(finding.rule) is Aspect.INSIDE_DATABASE else ""


def _targets(finding: Finding) -> tuple[str, ...]:
    """The role assignment that the proof names, else the resource: of a part of it (a container, a database) the
    whole; of a resource group each resource that should not be there."""
    for fact in finding.evidence:
        if _ASSIGNMENT in fact.at.casefold() and fact.at.startswith("/subscriptions/"):
            return (fact.at,)
    of_group = finding.subject.kind == _GROUP
    found: dict[str, str] = {}
    for about in [fact.at for fact in finding.evidence] if of_group else [finding.subject.id]:
        parts = about.split("/")
        if len(parts) >= _DEPTH and parts[1].casefold() == "subscriptions":
            found.setdefault(key(about), about if of_group else "/".join(parts[:_DEPTH]))
    return tuple(found.values())


def _attribution(
    finding: Finding, records: Records, known: Mapping[str, str], aspects: Mapping[str, Aspect], *, names: bool
) -> Attribution:
    silent = _silent(finding, aspects)
    if silent:
        return _nothing(silent)
    targets = _targets(finding)
    if not targets:
        return _nothing("Azure keeps no record of what this is.")
    unrecorded = aspects.get(finding.rule) in _UNRECORDED
    told = [_of_resource(each, records, known, unrecorded, names=names) for each in targets]
    if len(told) == 1:
        return told[0]
    first, *others = (replace(one, resource=target) for one, target in zip(told, targets, strict=True))
    return replace(first, others=tuple(others))


def _of_resource(
    resource: str, records: Records, known: Mapping[str, str], unrecorded: bool, *, names: bool
) -> Attribution:
    target = key(resource)
    if target not in records.activity:
        return _nothing(f"Not asked: more than {MOST} resources fail.")
    history = {} if isinstance(records.history, Gap) else records.history
    older = () if unrecorded else (history.get(target),)
    log = records.activity[target]
    found = [one for one in (*older, *log.items) if one is not None]
    note = " ".join(filter(None, (_SETTING if unrecorded else "", _unread(records.history, log))))
    if not found:
        kept = f"the {HISTORY_DAYS} days of Azure's change history or the {ACTIVITY_DAYS} of its Activity Log"
        none = f"No change in {kept}."
        return _nothing(note if _unread(records.history, log) else " ".join(filter(None, (none, note))))
    # At the same moment the log, which names the caller by its ids too.
    last = max(found, key=lambda one: (one.at, len(one.ids)))
    pipeline = next((known[each] for each in last.ids if each in known), "")
    inside = bool(pipeline) if known and last.ids else None
    if not known:
        note = f"{note} The policy names no pipeline.".strip()
    return Attribution(last.at.astimezone(UTC), _by(last, names), inside, pipeline, last.operation, last.record, note)


def _nothing(note: str) -> Attribution:
    return Attribution(None, "", None, "", "", "", note)


def _unread(history: Mapping[str, Recorded] | Gap, log: Listing[Recorded]) -> str:
    gaps = [gap for gap in (history if isinstance(history, Gap) else None, log.gap) if gap is not None]
    return " ".join(f"Not read: {gap.reason}: {gap.call.partition('?')[0]} (needs {_needed(gap)})." for gap in gaps)


def _needed(gap: Gap) -> str:
    return gap.permission or "the right to read the resources"


def _by(change: Recorded, names: bool) -> str:
    if not change.caller:
        return "a principal that the record does not name"
    if names or _IMPERSONAL.fullmatch(change.caller):
        return change.caller
    who = "a person" if "@" in change.caller else "a principal"  # a display name is a person's, an app's or a group's
    ids = [each for each in change.ids if _ID.fullmatch(each)]
    return f"{who} (object id {ids[-1]})" if ids else who


def nameless(by: str) -> str:
    """Who changed it, as `Attribution.by` has it, without a name."""
    return by if _NAMELESS.fullmatch(by) else "a person" if "@" in by else "a principal"
