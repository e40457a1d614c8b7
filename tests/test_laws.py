"""The laws: what holds for every rule, present and future, on every estate."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import pytest

from mzaudit import rules
from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding, Status
from mzaudit.rule_testing import concludes_more, reversed_order
from mzaudit.snapshot.estate import Snapshot
from tests.bent_estates import ESTATES
from tests.blindfold import blind, one_less
from tests.built_estate import wanted

RULES = rules.load()
ASKED = ("prd", "stg")


def judged(seen: Snapshot, *asked: str) -> dict[tuple[str, str, str], Finding]:
    """Findings by obligation."""
    findings = evaluate(wanted(*(asked or ("prd",))), seen, RULES)
    return {(f.env, f.rule, f.subject.name): f for f in findings}


@pytest.mark.parametrize("name", ESTATES)
def test_seeing_less_never_concludes_more(name: str) -> None:
    seen = ESTATES[name]()
    whole = judged(seen)
    broken = [
        f"{path}: {key} was {whole[key].status} ({whole[key].note}), became {finding.status} ({finding.note})"
        for path, less in one_less(seen)
        for key, finding in judged(less).items()
        if concludes_more(whole[key], finding)
    ]
    assert not broken, "\n".join(broken[:20])


@pytest.mark.parametrize("name", ESTATES)
def test_seeing_nothing_concludes_nothing(name: str) -> None:
    for seen in (blind(ESTATES[name]()), emptied(ESTATES[name]())):
        concluded = [f for f in judged(seen, *ASKED).values() if f.status in (Status.PASS, Status.FAIL)]
        assert not concluded, [(f.rule, f.subject.name, f.status, f.note) for f in concluded]


def test_nothing_is_collected_in_vain() -> None:
    estates = [make() for make in ESTATES.values()]
    wholes = [judged(seen) for seen in estates]
    matters: dict[str, bool] = {}
    for seen, whole in zip(estates, wholes, strict=True):
        for path, less in one_less(seen):
            kind = facet_kind(path)
            if not matters.get(kind):
                matters[kind] = judged(less) != whole
    idle = sorted(kind for kind, used in matters.items() if not used)
    assert not idle, f"hiding these changes no finding: {idle}"


def facet_kind(path: str) -> str:
    """A facet's path without the names of things: `vaults[].properties`."""
    return re.sub(r"=\w+$", "", re.sub(r"\[[^\]]*\]", "[]", path))


@pytest.mark.parametrize("name", ESTATES)
def test_order_does_not_matter(name: str) -> None:
    seen = ESTATES[name]()
    assert evaluate(wanted(*ASKED), seen, RULES) == evaluate(wanted(*ASKED), reversed_order(seen), RULES[::-1])


def emptied(seen: Snapshot) -> Snapshot:
    """A snapshot that holds nothing: as if another scope had been collected."""
    mappings: dict[str, Any] = {
        f.name: {}
        for f in dataclasses.fields(seen)
        if f.name not in KEPT and isinstance(getattr(seen, f.name), Mapping)
    }
    return dataclasses.replace(seen, **mappings)


KEPT = ("environments", "api_versions", "permissions")


def test_every_obligation_is_answered() -> None:
    for make in ESTATES.values():
        findings = evaluate(wanted(*ASKED), make(), RULES)
        assert {(f.env, f.rule) for f in findings} == {(env, rule.code) for env in ASKED for rule in RULES}
        keys = [(f.env, f.rule, f.subject.name) for f in findings]
        assert len(keys) == len(set(keys))
        assert len({f.fingerprint for f in findings}) == len(findings)


def test_the_documented_estate_passes() -> None:
    findings = judged(ESTATES["compliant"]())
    others = [f for f in findings.values() if f.status not in (Status.PASS, Status.NOT_APPLICABLE)]
    assert not others, [(f.rule, f.subject.name, f.status, f.note) for f in others]
