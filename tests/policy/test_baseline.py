"""The baseline: part of a policy that asks for it, beneath the policy's own expectations, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from mzaudit.errors import PolicyError
from mzaudit.policy.loader.load import Loaded, load
from mzaudit.policy.resources.resource_models import BASELINE
from mzaudit.rules import vocabulary
from tests.built_estate import POLICIES

SHIPPED = (POLICIES / "monozu.yaml").read_text("utf-8")
GIVEN = (POLICIES / BASELINE).read_text("utf-8")
SITE, HTTPS = "Microsoft.Web/sites", "properties.httpsOnly"


def loaded(folder: Path, more: str, baseline: str | None = GIVEN) -> Loaded:
    """The shipped policy and those lines, with a baseline beside it."""
    (folder / "p.yaml").write_text(SHIPPED + more, "utf-8")
    if baseline is not None:
        (folder / BASELINE).write_text(baseline, "utf-8")
    return load(folder, vocabulary(), "policies")


def test_the_shipped_policy_includes_none() -> None:
    found = load(POLICIES, vocabulary())
    assert not found.policy.baseline
    assert found.policy.expect == {}


def test_a_policy_that_asks_for_it_has_all_of_it(tmp_path: Path) -> None:
    found = loaded(tmp_path, "\nbaseline: true\n")
    assert found.policy.expect[SITE][HTTPS] is True
    assert f"policies/{BASELINE}" in found.files
    line = next(number for number, text in enumerate(GIVEN.splitlines(), 1) if HTTPS in text)
    assert found.where("expect", SITE, HTTPS) == f"policies/{BASELINE}:{line}"


def test_the_policys_own_expectation_wins(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"\nbaseline: true\nexpect: {{{SITE}: {{{HTTPS}: false}}}}\n")
    assert found.policy.expect[SITE] == {HTTPS: False}
    assert len(found.policy.expect) > 1
    assert found.where("expect", SITE, HTTPS).startswith("policies/p.yaml:")


def test_one_that_is_not_there_is_missed(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"p\.yaml:\d+: baseline: expected a file baseline\.yaml beside the policy"):
        loaded(tmp_path, "\nbaseline: true\n", None)


def test_what_is_wrong_in_it_is_told_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=rf"{BASELINE}:\d+: expect"):
        loaded(tmp_path, "\n", GIVEN.replace("{at_least: TLS1_2}", "{at_last: TLS1_2}"))
    with pytest.raises(PolicyError, match=rf"{BASELINE}:\d+: expect.*JMESPath"):
        loaded(tmp_path, "\nbaseline: true\n", GIVEN.replace(HTTPS, "a-b"))
