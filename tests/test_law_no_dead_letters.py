"""Law: no dead letters. Change any field of the policy, and some finding changes."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mzaudit import rules
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding
from mzaudit.errors import PolicyError
from mzaudit.policy.bind import bind
from mzaudit.policy.loader.load import Loaded, load
from mzaudit.rules import vocabulary
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Observed
from mzaudit.snapshot.text.ids import key
from mzaudit.snapshot.web import Plan
from tests.bent_estates import ESTATES
from tests.built_estate import POLICIES, SUBSCRIPTION, bent, site_properties, wanted

RULES = rules.load()
# Fields that say nothing about Azure.
NOT_ABOUT_AZURE = {
    "version": "the version of the file's own form",
    "estate": "the estate's name, for people",
    "document": "the document's name, for people",
    "registry.documented_name": "what the document calls the registry; `policy validate` speaks of it",
    "services.*.title": "for people",
    "sql.scope": "says where the server lies; answered by its id",
    "environments.*.subscription": "where to look, which the command line decides (tests/cli)",
    "environments.*.tenant": "where to look, which the command line decides (tests/cli)",
    "environments.prd.sql_auth": "production forbids passwords whatever this says",
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


SKUS: tuple[str, ...] = (
    "S1",
    "P1v2",
    "P1mv3",
    "P1v4",
    "P1mv4",
    "I1v2",
    "F1",
    "D1",
    "Y1",
    "EP1",
    "EP2",
    "EP3",
    "FC1",
    "WS1",
    "WS2",
)
SKUS += ("WS3", "P0v3", "P0v4", "P1v3", "B2", "P3v3")
WORDS = ("url", "opaque", "shared", "per-environment", "as-is", "password-allowed", "manage", "cloud", "snaps")
LARGER = ("S3", "B3", "P3v2", "P2v3", "P2mv3", "P2v4", "P2mv4", "I2v2", "P3v3")


def others(value: Any) -> Iterator[Any]:
    """Other values that the field might take."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 60, value - 25)
        case str() | None:
            yield from ((f"x{value}", f"{value}x") if value else ())
            yield from (*WORDS, *LARGER)
        case _:
            raise TypeError(f"no other value is known for {value!r}")


def changed(path: tuple[str | int, ...], folder: Path) -> Iterator[Loaded]:
    """The policies that differ in this one place, as far as the loader takes them."""
    for other in others(at(PLAIN, path)):
        plain = copy.deepcopy(PLAIN)
        at(plain, path[:-1])[path[-1]] = other
        file = folder / "policy.yaml"
        file.write_text(json.dumps(plain))
        try:
            loaded = load(file, vocabulary())
        except PolicyError:
            continue
        if loaded.policy != POLICY.policy:
            yield loaded


def at(value: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path."""
    for step in path:
        value = value[step]
    return value


@cache
def plans(first: int) -> Snapshot:
    """Every app on a plan of its own, of another SKU each."""
    seen = bent()
    for service, sku in zip(wanted().services, SKUS[first:], strict=False):
        plan_id = f"{service.id}-plan"
        seen = site_properties(service, plan_id=plan_id)(seen)
        plan: Observed[Plan | None] = Observed(Plan(plan_id, "plan", sku, 1))
        seen = replace(seen, plans={**seen.plans, key(plan_id): plan})
    return seen


TRIED: dict[str, Callable[[], Snapshot]] = {
    **ESTATES,
    **{f"plans {first}": lambda first=first: plans(first) for first in (0, 9, 12)},  # type: ignore[misc]  # bound early
}


def judged(loaded: Loaded, seen: Snapshot) -> list[tuple[Any, ...]]:
    """What the rules say of that policy, without where it says it."""
    asked = tuple(loaded.policy.environments)
    bound = bind(loaded.policy, lambda *path: "policy:1", asked, dict.fromkeys(asked, SUBSCRIPTION))
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


POLICY = load(POLICIES, vocabulary())
PLAIN: dict[str, Any] = json.loads(POLICY.policy.model_dump_json(exclude_none=False))
PATHS = [
    path
    for path in leaves(PLAIN)
    if not any(
        re.fullmatch(re.escape(kind).replace(r"\*", r"[^.]+").replace(r"\#", r"\d+"), ".".join(map(str, path)))
        for kind in NOT_ABOUT_AZURE
    )
]


@cache
def before(name: str) -> list[tuple[Any, ...]]:
    """What the rules say of an estate under the shipped policy."""
    return judged(POLICY, TRIED[name]())


@pytest.mark.parametrize("path", [".".join(map(str, path)) for path in PATHS])
def test_a_changed_field_changes_a_finding(path: str, tmp_path: Path) -> None:
    steps = next(steps for steps in PATHS if ".".join(map(str, steps)) == path)
    refused = True
    for loaded in changed(steps, tmp_path):
        if any(judged(loaded, make()) != before(name) for name, make in TRIED.items()):
            break
        refused = False
    else:  # where the loader refuses every other value, the refusal is what the field does
        assert refused, f"{path}: changing it changes no finding on any estate"
