"""A subscription for each environment, and what they share in a fourth."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit.policy.shipped_policy import files
from mzaudit.simulator import Estate, Simulator
from tests.cli.conftest import Outcome
from tests.documented_estate import build, documented

Call = Callable[..., Outcome]
IDS = {env: f"{number * 8}-aaaa-4aaa-8aaa-000000000000" for number, env in (("1", "dev"), ("2", "stg"), ("3", "prd"))}
HUB = "44444444-aaaa-4aaa-8aaa-000000000000"
GROUP = f"/subscriptions/{HUB}/resourceGroups/rg-monozu-shared"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/acrmonozu"


@pytest.fixture
def policies(folder: Path) -> Path:
    """The shipped policy with those subscriptions, in `./policies`."""
    (folder / "policies").mkdir()
    for name, text in files().items():
        for env, subscription in IDS.items():
            text = text.replace(f"  {env}:\n", f"  {env}:\n    subscription: {subscription}\n")
        text = text.replace("shared: rg-monozu-shared", f"shared: {{group: rg-monozu-shared, subscription: {HUB}}}")
        (folder / "policies" / name).write_text(text)
    return folder / "policies"


def estate() -> Estate:
    """What that policy describes."""
    return build("compliant", documented(IDS, HUB))


def failed(folder: Path, env: str = "prd") -> dict[str, str]:
    """The notes of what failed, by rule and subject."""
    report = json.loads((folder / f"reports/{env}/mzaudit-{env}.json").read_text())
    return {f"{f['rule']} {f['subject']['name']}": f["note"] for f in report["findings"] if f["status"] == "fail"}


def test_a_compliant_estate_is_green_and_the_hub_is_read_once(
    policies: Path, mzaudit: Call, azure: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with azure(estate()) as simulator:  # type: ignore[attr-defined]
        monkeypatch.delenv("MZAUDIT_SUBSCRIPTION_ID")
        outcome = mzaudit("check", "--env", "all")
        assert outcome.code == 0, outcome.out + outcome.err
        assert isinstance(simulator, Simulator)
        assert [each.path for each in simulator.requests if each.path.casefold() == REGISTRY.casefold()] == [REGISTRY]
        assert mzaudit("doctor", "--env", "prd").code == 0
        one = mzaudit("check", "--env", "prd", "--subscription", IDS["prd"])
        assert one.code == 0, one.out + one.err
        assert mzaudit("adopt", "--env", "prd", "--subscription", IDS["prd"], "--subscription", HUB).code == 0


def test_the_simulated_estate_lies_where_the_policy_says(policies: Path, mzaudit: Call) -> None:
    outcome = mzaudit("check", "--env", "prd", "--simulate", "compliant")
    assert outcome.code == 0, outcome.out
    report = json.loads((policies.parent / "reports/prd/mzaudit-prd.json").read_text())
    registry = next(f for f in report["findings"] if f["rule"] == "IMG-001")
    assert registry["subject"]["id"] == REGISTRY


def test_parts_that_share_a_hub_are_judged_together(
    policies: Path, mzaudit: Call, azure: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Equal values of two runs are not known to be equal (KV-008); nothing else is left open."""
    with azure(estate()):  # type: ignore[attr-defined]
        monkeypatch.delenv("MZAUDIT_SUBSCRIPTION_ID")
        for env in ("stg", "prd"):
            assert mzaudit("collect", "--env", env, "-o", f"{env}.json").code == 0
    both = ("--env", "stg", "--env", "prd", "--snapshot", "stg.json", "--snapshot", "prd.json", "-o", "json:both.json")
    assert mzaudit("check", *both).code == 3
    report = json.loads((policies.parent / "both.json").read_text())
    assert {f["rule"] for f in report["findings"] if f["status"] in ("fail", "inconclusive")} == {"KV-008"}


def test_what_is_wrong_at_the_hub_names_its_subscription(
    policies: Path, mzaudit: Call, azure: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    bent = estate()
    manage = bent.principal_of("app-monozu-manage-prd")
    bent.assign(manage, "AcrPush", REGISTRY)
    bent.revoke(bent.principal_of("app-monozu-cloud-prd"), "AcrPull")
    with azure(bent) as simulator:  # type: ignore[attr-defined]
        monkeypatch.delenv("MZAUDIT_SUBSCRIPTION_ID")
        assert mzaudit("check", "--env", "prd").code == 1
        found = failed(policies.parent)
        assert f"AcrPush on {REGISTRY} of the subscription {HUB}" in found.pop("RBAC-006 manage")
        assert "may not pull cloud-backend from acrmonozu" in found.pop("IMG-007 cloud")
        assert found == {}
        simulator.estate.remove(REGISTRY)
        assert mzaudit("check", "--env", "prd").code == 1
        gone = failed(policies.parent)["IMG-001 acrmonozu"]
        assert f"does not exist in rg-monozu-shared of the subscription {HUB}" in gone


def test_commands_and_short_ids_name_the_subscription_where_there_are_several(policies: Path, mzaudit: Call) -> None:
    outcome = mzaudit("check", "--env", "prd", "--simulate", "drifted", "--fail-on", "low")
    report = json.loads((policies.parent / "reports/prd/mzaudit-prd.json").read_text())
    commands = [each for f in report["findings"] if f["fix"] for each in f["fix"]["commands"]]
    placed = re.compile(r" --subscription \S+$| --(?:ids|scope|url) |^sqlcmd |^az pipelines ")
    assert len(commands) > 30
    assert [each for each in commands if not placed.search(each)] == []
    webapps = [each for each in commands if each.startswith("az webapp ")]
    assert webapps
    assert all(each.endswith(f" --subscription {IDS['prd']}") for each in webapps)
    assert f"{IDS['prd']}/rg-monozu-prd/sites/app-monozu-cloud-prd" in outcome.out


def test_a_former_identity_is_found_at_the_hub(
    policies: Path, mzaudit: Call, azure: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service with neither vault nor container: its former identity is known by the pull role alone."""
    bent = estate()
    ingest = bent.principal_of("app-monozu-ingest-prd")
    bent.revoke(ingest, "AcrPull")
    bent.assign("99999999-0000-4000-8000-000000000000", "AcrPull", REGISTRY)
    with azure(bent):  # type: ignore[attr-defined]
        monkeypatch.delenv("MZAUDIT_SUBSCRIPTION_ID")
        assert mzaudit("check", "--env", "prd").code == 1
        assert f"holds AcrPull on {REGISTRY}" in failed(policies.parent)["RBAC-007 ingest"]


def test_the_auditor_needs_its_role_in_each_subscription(policies: Path, mzaudit: Call) -> None:
    outcome = mzaudit("doctor", "--role", "reader", "--env", "prd")
    scopes = json.loads(outcome.out)["AssignableScopes"]
    assert {f"/subscriptions/{IDS['prd']}", f"/subscriptions/{HUB}"} <= set(scopes)
