"""No answer is a fact that another one of the same run contradicts: each answer of a run in turn denies what the others
show, and no finding becomes a pass or a failure that it was not.

The cases come from the answers of a run themselves: a 404 in place of each, each list emptied, each id, name, host and
principal that an answer repeats made another one's. `make test` looks at a sample; MZAUDIT_EVIDENCE=1 tries all.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from mzaudit.rule_testing import concludes_more
from mzaudit.simulator import Alter, Fault
from mzaudit.snapshot.observed import GapReason
from tests.faults.bench import PATIENCE, Bench
from tests.faults.catalogue import FAULTS, excused, is_list, own_word
from tests.faults.conftest import ESTATES, Tried
from tests.faults.targets import LOGIN, Target
from tests.promises.conftest import EXHAUSTIVE

Json = dict[str, Any]
SAMPLE = 20
CODES = ("ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "SecretNotFound")
ECHOED = ("id", "name", "vaultUri", "loginServer", "fullyQualifiedDomainName", "principalId", "tenantId")
OWN = ("id", "name", "type")  # by which an item is known
# Lists that may be empty for all that the rest of a run shows.
ALONE = re.compile(
    r"/providers/(Microsoft\.Insights|Microsoft\.Portal|Microsoft\.AlertsManagement)/\w+$"  # what watches and draws
    r"|/slots$"  # of which nothing else speaks
    r"|/_tags$"  # all may have been deleted under a running app
    r"|/configreferences/appsettings$|/Microsoft\.Authorization/permissions$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Contradiction:
    """What one request is answered in place of the truth; `free` where nothing else speaks of it."""

    estate: str
    target: Target
    what: str
    faults: tuple[Fault, ...]
    free: bool

    def __str__(self) -> str:
        return f"{self.estate}: {self.what} at {self.target}"


def contradictions(estate: str, bench: Bench) -> Iterator[Contradiction]:
    """Every contradiction of one estate's run."""
    for target in bench.targets:
        if target.turns or target.host == LOGIN:
            continue
        for fault in (f"404 {code}" for code in CODES):
            if own_word(target, fault):
                free = excused(target, fault, bench.usual.requests)
                yield Contradiction(estate, target, fault, tuple(FAULTS[fault](target, bench.bodies)), free)
        body = bench.bodies.get(target, {})
        if is_list(target, bench.bodies) and (body.get("value") or body.get("tags")):
            free = ALONE.search(target.path) is not None
            yield Contradiction(estate, target, "emptied", tuple(target.fault(Alter(_emptied))), free)
        if any(isinstance(each, dict) for each in body.get("value") or ()):
            yield Contradiction(estate, target, "an item twice", tuple(target.fault(Alter(_twice))), False)
        for member, told in _echoed(body):
            change = Alter(partial(_changed, member=member, told=told, other=_other(bench, target, member, told)))
            free = "/Microsoft.Authorization/" in target.path or ALONE.search(target.path) is not None
            yield Contradiction(estate, target, f"{member} of another", tuple(target.fault(change)), free)


def _emptied(body: Json) -> Json:
    kept = {name: value for name, value in body.items() if name != "nextLink"}
    return {name: [] if isinstance(value, list) else value for name, value in kept.items()}


def _twice(body: Json) -> Json:
    """The first item again, which says of everything but itself something else."""
    first = body["value"][0]
    return body | {"value": [*body["value"], {name: v if name in OWN else _otherwise(v) for name, v in first.items()}]}


def _otherwise(told: Any) -> Any:
    match told:
        case bool():
            return not told
        case str():
            return f"{told}0" if re.fullmatch(r"[0-9a-f]+", told) else f"other{told}"
        case int():
            return told + 1
        case dict():
            return {name: _otherwise(each) for name, each in told.items()}
        case list():
            return [_otherwise(each) for each in told]
        case _:
            return told


def _things(body: Json) -> Iterator[Json]:
    """The first item of a list, or the body itself, with those parts of it that repeat something."""
    items = body.get("value")
    thing = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else body
    yield from (each for each in (thing, thing.get("properties"), thing.get("identity")) if isinstance(each, dict))


def _echoed(body: Json) -> list[tuple[str, str]]:
    return sorted(
        {
            (name, each[name])
            for each in _things(body)
            for name in ECHOED
            if isinstance(each.get(name), str) and each[name]
        }
    )


def _other(bench: Bench, target: Target, member: str, told: str) -> str:
    """What another answer of the kind says there; where there is no other one, something like it."""
    for other, body in sorted(bench.bodies.items()):
        said = [one for name, one in _echoed(body) if name == member] if other.kind == target.kind else []
        if said and said[0] != told:
            return said[0]
    return (
        re.sub(r"([\w-]+)((\.[\w.]+)?/?)$", r"other\1\2", told)
        if "." not in told
        else re.sub(r"(^|//)", r"\1other", told, count=1)
    )


def _changed(body: Json, member: str, told: str, other: str) -> Json:
    body = deepcopy(body)  # it is the estate's own
    for each in _things(body):
        if each.get(member) == told:
            each[member] = other
            break
    return body


def tries(bench: Bench, case: Contradiction) -> list[str]:
    """What the run concluded that it did not before."""
    after = bench.run(case.faults, PATIENCE)
    assert bench.usual.report is not None
    assert after.report is not None
    usual = {(f.env, f.rule, f.subject.name): f for f in bench.usual.report.findings}
    pairs = [(usual.get((f.env, f.rule, f.subject.name)), f) for f in after.report.findings]
    return [
        f"{now.rule} {now.subject.name}: {before.status} became {now.status}: {now.note}"
        for before, now in pairs
        if not case.free and before is not None and concludes_more(before, now)
    ]


@pytest.fixture(scope="module")
def cases(benches: Mapping[str, Bench]) -> Sequence[Contradiction]:
    """All of them, or a seeded sample of those that must decide nothing."""
    found = [each for estate in ESTATES for each in contradictions(estate, benches[estate])]
    return found if EXHAUSTIVE else random.Random(12).sample([each for each in found if not each.free], SAMPLE)


@pytest.mark.parametrize("share", range(8 if EXHAUSTIVE else 1))
def test_a_contradicted_answer_concludes_nothing(
    share: int,
    benches: Mapping[str, Bench],
    cases: Sequence[Contradiction],
    tried: Tried,
    evidence: Callable[[str, int], None],
) -> None:
    for case in cases[share :: 8 if EXHAUSTIVE else 1]:
        evidence("false conclusions", tried.one(str(case), partial(tries, benches[case.estate], case)))
        evidence("contradictions tried", 1)
    tried.well()


@pytest.mark.parametrize(
    ("path", "member", "calls"),
    [
        ("/servers/sql-monozu-prd", "fullyQualifiedDomainName", 2),
        ("/app-monozu-cloud-prd/providers/Microsoft.ManagedIdentity/identities/default", "principalId", 2),
        ("/vaults/kv-mz-cloud-prd", "vaultUri", 2),
        ("/registries/acrmonozu", "loginServer", 2),
    ],
)
def test_what_belongs_to_another_is_asked_for_twice_and_named(
    path: str, member: str, calls: int, benches: Mapping[str, Bench]
) -> None:
    bench = benches["compliant"]
    every = contradictions("compliant", bench)
    case = next(c for c in every if c.target.path.endswith(path) and c.what == f"{member} of another")
    after = bench.run(case.faults, PATIENCE)
    assert after.report is not None
    gaps = {gap for finding in after.report.findings for gap in finding.gaps}
    # of an app and its identity, either may be wrong
    about = {gap.reason for gap in gaps if case.target.path.startswith(gap.call.removeprefix("GET "))}
    assert GapReason.CONTRADICTED in about
    assert sum(request.path == case.target.path for request in after.requests) == calls


@pytest.mark.parametrize("path", ["/vaults/kv-mz-cloud-prd/secrets", "/config/configreferences/appsettings"])
def test_what_is_listed_twice_with_two_values_is_a_gap(path: str, benches: Mapping[str, Bench]) -> None:
    bench = benches["compliant"]
    every = contradictions("compliant", bench)
    case = next(c for c in every if c.target.path.endswith(path) and c.what == "an item twice")
    after = bench.run(case.faults, PATIENCE)
    assert after.report is not None
    gaps = {gap for finding in after.report.findings for gap in finding.gaps}
    assert any("listed twice with different values" in gap.detail for gap in gaps)
    asked = [sum(each.path == case.target.path for each in run.requests) for run in (bench.usual, after)]
    assert asked[1] == 2 * asked[0], "it is asked once more"
    assert tries(bench, case) == []


def test_a_server_that_denies_its_own_sign_in_is_a_gap(benches: Mapping[str, Bench]) -> None:
    bench = benches["compliant"]
    target = next(each for each in bench.targets if each.path.endswith("/servers/sql-monozu-prd"))

    def off(body: Json) -> Json:
        body = deepcopy(body)
        body["properties"]["administrators"]["azureADOnlyAuthentication"] = False
        return body

    after = bench.run(tuple(target.fault(Alter(off))), PATIENCE)
    assert after.report is not None
    found = [each for each in after.report.findings if any("contradict each other" in gap.detail for gap in each.gaps)]
    assert {(each.rule, str(each.status)) for each in found} == {("SQL-002", "inconclusive")}
