"""Law: no dead letters. Change any field of the policy, and some finding changes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from mzaudit import rules
from mzaudit.audit.evaluate import evaluate
from mzaudit.audit.results import Finding
from mzaudit.policy.load import load
from mzaudit.policy.models import Policy
from mzaudit.policy.wanted import bind
from mzaudit.snapshot.estate import Snapshot
from tests.bent_estates import ESTATES
from tests.estate import POLICIES, SUBSCRIPTION

RULES = rules.load()
# Fields that say nothing about Azure, and those that only the inside of a database can answer.
NOT_ABOUT_AZURE = {
    "version": "the version of the file's own form",
    "estate": "the estate's name, for people",
    "document": "the document's name, for people",
    "registry.documented_name": "what the document calls the registry; `policy validate` speaks of it",
    "services.*.title": "for people",
    "services.*.databases.#.roles.#": "read inside the database",
    "sql.tenant_column": "read inside the database",
    "sql.migrations": "read inside the database",
    "sql.scope": "says where the server lies; answered by its id",
    "waivers.max_days": "checked when the policy is loaded",
    "parity.#.reason": "for people",
}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of the policy that holds a plain value."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path


def others(value: Any) -> Iterator[Any]:
    """Other values that the field might take; the first that the models accept is tried."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 60, value - 25, value + 1)
        case None:
            yield "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
        case str():
            yield from (
                "url",
                "opaque",
                "shared",
                "per-environment",
                "as-is",
                "password-allowed",
                "manage",
                "cloud",
                "P3v3",
            )
            yield from (f"x{value}", f"{value}x")


def changed(plain: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Policy]:
    """The policies that differ in this one place."""
    holder: Any = plain
    for step in path[:-1]:
        holder = holder[step]
    for other in others(holder[path[-1]]):
        if other != holder[path[-1]]:
            other_plain = copy.deepcopy(plain)
            place: Any = other_plain
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = other
            try:
                yield Policy.model_validate_json(json.dumps(other_plain))
            except ValidationError:
                continue


def judged(policy: Policy, seen: Snapshot) -> list[tuple[Any, ...]]:
    """What the rules say of that policy, without where it says it."""
    asked = tuple(policy.environments)
    bound = bind(policy, lambda *path: "policy:1", asked, dict.fromkeys(asked, SUBSCRIPTION))
    return [told(finding) for finding in evaluate(bound, seen, RULES)]


def told(finding: Finding) -> tuple[Any, ...]:
    """All of a finding that a reader would see."""
    return (
        finding.rule,
        finding.subject,
        finding.status,
        finding.severity,
        finding.note,
        finding.evidence,
        finding.cause,
    )


PLAIN: dict[str, Any] = json.loads(load(POLICIES).policy.model_dump_json())
PATHS = [
    path
    for path in leaves(PLAIN)
    if not any(
        re.fullmatch(re.escape(kind).replace(r"\*", r"[^.]+").replace(r"\#", r"\d+"), ".".join(map(str, path)))
        for kind in NOT_ABOUT_AZURE
    )
]


@pytest.fixture(scope="module")
def before() -> dict[str, list[tuple[Any, ...]]]:
    policy = Policy.model_validate_json(json.dumps(PLAIN))
    return {name: judged(policy, make()) for name, make in ESTATES.items()}


@pytest.mark.parametrize("path", [".".join(map(str, path)) for path in PATHS])
def test_a_changed_field_changes_a_finding(path: str, before: dict[str, list[tuple[Any, ...]]]) -> None:
    steps = next(steps for steps in PATHS if ".".join(map(str, steps)) == path)
    tried = 0
    for policy in changed(PLAIN, steps):
        tried += 1
        for name, make in ESTATES.items():
            if judged(policy, make()) != before[name]:
                return
    assert tried, f"no other value of {path} was accepted: give `others` one"
    pytest.fail(f"{path}: changing it changes no finding on any estate")
