"""Snapshots of earlier versions: they load, and what they do not state was not collected and decides nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mzaudit.engine.evaluate import evaluate
from mzaudit.engine.results import Finding, Status
from mzaudit.policy.bind import bind
from mzaudit.policy.loader.load import load as load_policy
from mzaudit.rule_testing import concludes_more
from mzaudit.rules import load as every_rule
from mzaudit.rules import vocabulary
from mzaudit.snapshot.estate import SCHEMA_VERSION, Snapshot
from mzaudit.snapshot.observed import GapReason, Listing, Observed
from mzaudit.snapshot.saved import store
from tests.built_estate import POLICIES, compliant, wanted

KEPT = Path(__file__).parent / "kept" / "0962a60.json.gz"  # `collect --env prd --simulate drifted` of that commit
RULES = every_rule()


def judged(seen: Snapshot) -> dict[tuple[str, str, str], Finding]:
    return {(f.env, f.rule, f.subject.name): f for f in evaluate(wanted(), seen, RULES)}


def kept() -> tuple[dict[str, Any], Snapshot]:  # Any: JSON
    text = gzip.decompress(KEPT.read_bytes()).decode()
    return json.loads(text), store.load(text, KEPT.name)


def test_a_snapshot_of_0962a60_loads() -> None:
    told, seen = kept()
    assert told["schema_version"] == "1"
    assert seen.schema_version == SCHEMA_VERSION
    assert len(seen.reads) == len(told["reads"])
    assert seen.sites.keys() == told["sites"].keys()
    assert seen.vaults.keys() == told["vaults"].keys()
    stated = [site for site in seen.sites.values() if isinstance(site.settings, Observed)]
    assert len(stated) == 3
    for server in seen.servers.values():
        assert not isinstance(server.administrator, Observed)
        assert server.administrator.reason is GapReason.NOT_COLLECTED
    assert store.load(store.dump(seen), "again.json") == seen


def test_what_it_states_is_judged_and_what_it_lacks_is_not() -> None:
    seen = kept()[1]
    loaded = load_policy(POLICIES, vocabulary())
    everywhere = dict.fromkeys(loaded.policy.environments, seen.environments["prd"])
    found = evaluate(bind(loaded.policy, loaded.where, ("prd",), everywhere), seen, RULES)
    assert {Status.PASS, Status.FAIL, Status.INCONCLUSIVE} <= {finding.status for finding in found}
    for finding in found:
        if finding.status is Status.INCONCLUSIVE:
            assert any(gap.reason is GapReason.NOT_COLLECTED for gap in finding.gaps), finding


def members(plain: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all members of objects, without the keys of mappings of things (`*`)."""
    if isinstance(plain, dict):
        for name, each in plain.items():
            step = name if name.isidentifier() and name.islower() else "*"
            yield (*path, step)
            yield from members(each, (*path, step))
    elif isinstance(plain, list):
        for each in plain:
            yield from members(each, path)


def without(plain: object, path: tuple[str, ...]) -> object:
    """The same without the members of that path, wherever they are."""
    if isinstance(plain, list):
        return [without(each, path) for each in plain]
    if not isinstance(plain, dict):
        return plain
    step, rest = path[0], path[1:]
    met = [name for name in plain if name == step or (step == "*" and not (name.isidentifier() and name.islower()))]
    if not rest:
        return {name: each for name, each in plain.items() if name not in met}
    return {name: without(each, rest) if name in met else each for name, each in plain.items()}


WHOLE: Mapping[str, object] = json.loads(store.dump(compliant()))
LACKING = sorted({path for path in members(WHOLE) if path[-1] != "*" and len(path) > 2})


@pytest.mark.slow
def test_whatever_an_earlier_version_did_not_state_decides_nothing() -> None:
    usual = judged(compliant())
    assert len(LACKING) > 100
    broken = []
    for path in LACKING:
        less = without(WHOLE, path)
        assert isinstance(less, dict)
        seen = store.load(json.dumps(less | {"schema_version": "1"}), "s.json")
        for key, finding in judged(seen).items():
            if concludes_more(usual[key], finding):
                broken.append(f"{'.'.join(path)}: {key} was {usual[key].status}, became {finding.status}")
    assert not broken, f"{len(broken)}\n" + "\n".join(broken[:40])


def test_a_list_is_not_cut_short_by_one_item() -> None:
    """An item that lacks something takes its list with it: a shorter list would be a claim."""
    less = without(WHOLE, ("vaults", "*", "secrets", "items", "name"))
    assert isinstance(less, dict)
    seen = store.load(json.dumps(less | {"schema_version": "1"}), "s.json")
    for vault in seen.vaults.values():
        assert vault.secrets.items == ()
        assert vault.secrets.gap is not None
        assert vault.secrets != Listing()
