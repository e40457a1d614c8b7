"""`mzaudit policy validate --snapshot`: what only the live state can show to be wrong with a policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.saved.store import dump
from tests.built_estate import compliant
from tests.cli.conftest import Outcome

Call = Callable[..., Outcome]
IDLE = "parity:\n  - {what: mounts, between: [stg, prd], reason: because}\n"


def written(folder: Path, mzaudit: Call, parity: str, *environments: str) -> int:
    """The shipped policy with these allowed differences, and a snapshot of the environments; gives parity's line."""
    assert mzaudit("init", "--example", "monozu").code == 0
    policy = folder / "policies" / "monozu.yaml"
    text = policy.read_text().split("\nparity:")[0] + "\n" + parity
    policy.write_text(text)
    seen: Snapshot = compliant()
    kept = {env: held for env, held in seen.environments.items() if env in environments}
    (folder / "seen.json").write_text(dump(replace(seen, environments=kept)))
    return text.count("\n", 0, text.index("{what")) + 1


def test_an_allowed_difference_that_never_occurs(mzaudit: Call, folder: Path) -> None:
    line = written(folder, mzaudit, IDLE, "dev", "stg", "prd")
    assert mzaudit("policy", "validate").code == 0
    said = mzaudit("policy", "validate", "--snapshot", "seen.json")
    assert said.code == 2
    assert (
        f"policies/monozu.yaml:{line}: parity: mounts: expected a difference between stg and prd, found none"
        in said.err
    )


def test_one_that_occurs(mzaudit: Call, folder: Path) -> None:
    written(folder, mzaudit, IDLE.replace("mounts", "plan"), "dev", "stg", "prd")
    assert mzaudit("policy", "validate", "--snapshot", "seen.json").code == 0


def test_one_that_the_snapshot_cannot_tell_of(mzaudit: Call, folder: Path) -> None:
    written(folder, mzaudit, IDLE, "prd")
    assert mzaudit("policy", "validate", "--snapshot", "seen.json").code == 0


@pytest.mark.parametrize("name", ["missing.json", "policies/monozu.yaml"])
def test_what_is_no_snapshot(mzaudit: Call, folder: Path, name: str) -> None:
    written(folder, mzaudit, IDLE, "prd")
    said = mzaudit("policy", "validate", "--snapshot", name)
    assert said.code == 2
    assert name in said.err
