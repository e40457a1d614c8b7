"""A policy drafted for an existing estate, as commented YAML: what is there under which name, and what differs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mzaudit.engine.adoption_matching import MatchBasis, NameMatch
from mzaudit.engine.results import Finding, Status
from mzaudit.policy.models import Policy
from mzaudit.report.details import call
from mzaudit.report.escaping import comment, shorten
from mzaudit.report.gap_advice import short, shortener
from mzaudit.snapshot.text.ids import name, segment

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*(?:\{env\}[A-Za-z0-9._-]*)?")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
_LISTED = 60
_LONGEST = 500  # a line that no policy may hold is no comment either
Comments = Mapping[tuple[str, ...], Sequence[str]]


def text(policy: Policy, head: Iterable[str], comments: Comments, tail: Iterable[str]) -> str:
    """The draft; `comments` stand above their places, `head` and `tail` around all. No comment can end its line."""
    tree = policy.model_dump(mode="json", exclude_defaults=True)
    lines = [*map(_comment, head), "", *_mapping(tree, (), comments), "", *map(_comment, tail)]
    return "\n".join(lines).rstrip("\n") + "\n"


def bindings(bound: Iterable[NameMatch], env: str) -> dict[tuple[str, ...], list[str]]:
    """What is to be said above each name."""
    return {one.path: _said(one, env) for one in bound}


def differences(findings: Iterable[Finding]) -> Iterator[str]:
    """What differs from the document and what could not be seen, one line a finding."""
    held = tuple(findings)
    brief = shortener(finding.subject.id for finding in held)
    for title, status in (("DIFFERS", Status.FAIL), ("NOT SEEN", Status.INCONCLUSIVE)):
        told = [finding for finding in held if finding.status is status]
        if told:
            yield f"{title} ({len(told):,}):"
        for finding in told[:_LISTED]:
            why = finding.note or "; ".join(call(gap) for gap in finding.gaps[:1])
            yield f"  {finding.rule} {finding.subject.name}: {brief(why)}"
        if len(told) > _LISTED:
            yield f"  and {len(told) - _LISTED:,} more; `mzaudit check` with this policy tells them all"


def _said(one: NameMatch, env: str) -> list[str]:
    documented = one.documented.replace("{env}", env)
    group = f", in {segment(one.ids[0], 'resourceGroups')}" if len(one.ids) == 1 else ""
    match one.how:
        case MatchBasis.DOCUMENTED:
            return [f"{one.how}{group}"]
        case MatchBasis.MOVED:
            return [f"REVIEW: {one.how}{group}; the document says {one.group}"]
        case MatchBasis.LIKELY:
            return [f"REVIEW: {one.how}{group}; the document says {documented}"]
        case MatchBasis.UNSEEN:
            why = call(one.gap) if one.gap is not None else "not asked"
            return [f"REVIEW: {one.how}: {short(why)}"]
        case MatchBasis.MISSING:
            several = ", ".join(name(each) for each in one.ids)
            return [f"REVIEW: {one.how}; {'it may be one of ' + several if several else 'nothing is like it'}"]


def _comment(line: str) -> str:
    return f"# {shorten(comment(line), _LONGEST)}".rstrip()


def _mapping(tree: Mapping[str, object], path: tuple[str, ...], comments: Comments) -> Iterator[str]:
    indent = "  " * len(path)
    for key, value in tree.items():
        here = (*path, key)
        yield from (f"{indent}{_comment(line)}" for line in comments.get(here, ()))
        if isinstance(value, dict) and value:
            yield f"{indent}{_scalar(key)}:"
            yield from _mapping(value, here, comments)
        else:
            yield f"{indent}{_scalar(key)}: {_value(value)}"


def _value(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_scalar(k)}: {_value(v)}" for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case _:
            return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.casefold() not in _RESERVED:
        return value if "{" not in value else json.dumps(value)
    return json.dumps(value)
