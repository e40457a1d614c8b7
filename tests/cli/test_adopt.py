"""`adopt` over the wire: names bound, a valid draft, what differs in its head, gaps named, exit codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit.drill.policy_estate import estate_of
from mzaudit.policy.bind import bind
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from mzaudit.simulator import Fault, StatusFault
from mzaudit.simulator.estates.estate_plan import SUBSCRIPTION
from tests.cli.conftest import Outcome
from tests.documented_estate import build

Call = Callable[..., Outcome]
ADOPT = ("adopt", "--env", "prd")
# What this estate calls what the document names, and in which groups it keeps them.
RENAMED = {
    "app-monozu-cloud-{env}": "web-cloud-api-{env}",
    "app-monozu-manage-{env}": "web-manage-{env}",
    "app-monozu-ingest-{env}": "web-ingest-{env}",
    "kv-mz-cloud-{env}": "kv-acme-cloud-{env}",
    "kv-mz-manage-{env}": "kv-acme-manage-{env}",
    "sql-monozu-{env}": "sqlsrv-acme-{env}",
    "stmonozu{env}": "stacme{env}",
    "appi-monozu-{env}": "insights-acme-{env}",
    "rg-monozu-{env}": "acme-{env}",
    "rg-monozu-shared": "acme-common",
    "acrmonozu": "acracme",
}


def drafted(outcome: Outcome, folder: Path) -> Path:
    path = folder / "draft.yaml"
    path.write_text(outcome.out)
    return path


SIMULATED: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "as documented": ("compliant", 0, ("# there as documented, in rg-monozu-prd", "vaults/kv-mz-cloud-stg")),
    "drifted": (
        "drifted",
        0,
        ("# DIFFERS (", "#   APP-005 manage: ", "not documented: OLD-SMTP-PASSWORD", "SIMULATED"),
    ),
    "nothing may be read": ("blind", 3, ("# REVIEW: could not be looked for: forbidden", "# NOT SEEN (")),
    "nothing is there": ("empty", 0, ("# REVIEW: nothing of this name is there; nothing is like it",)),
}


@pytest.mark.parametrize("case", SIMULATED)
def test_simulated(case: str, folder: Path, mzaudit: Call) -> None:
    estate, code, words = SIMULATED[case]
    outcome = mzaudit(*ADOPT, "--simulate", estate)
    assert outcome.code == code, outcome.err
    assert [word for word in words if word not in outcome.out] == []
    assert mzaudit("policy", "validate", str(drafted(outcome, folder))).code == 0


def test_an_estate_with_other_names_is_adopted_and_then_passes(
    folder: Path, mzaudit: Call, azure: Callable[..., object]
) -> None:
    text = (shipped() / "monozu.yaml").read_text()
    for documented, name in RENAMED.items():
        text = text.replace(documented, name)
    (folder / "theirs.yaml").write_text(text)
    loaded = load(folder / "theirs.yaml", vocabulary())
    theirs = loaded.policy
    wanted = bind(theirs, loaded.where, ("prd",), dict.fromkeys(theirs.environments, SUBSCRIPTION))
    with azure(estate_of(wanted)):  # type: ignore[attr-defined]
        outcome = mzaudit(*ADOPT)
        assert outcome.code == 0, outcome.err
        draft = load(drafted(outcome, folder), vocabulary()).policy
        assert draft.services["cloud"].app == "web-cloud-api-{env}"
        assert draft.vaults == theirs.vaults
        assert (draft.servers, draft.components) == (theirs.servers, theirs.components)
        assert (draft.registries["main"].name, draft.storage) == ("acracme", theirs.storage)
        assert draft.places == {"default": "acme-prd", "shared": "acme-common"}
        assert len(re.findall(r"# REVIEW: a guess from the name", outcome.out)) == 9
        assert "the document says app-monozu-cloud-prd" in outcome.out
        checked = mzaudit("check", "--env", "prd", "--policy", "draft.yaml")
        assert checked.code == 0, checked.out


def test_an_app_in_another_group_is_not_as_documented(
    folder: Path, mzaudit: Call, azure: Callable[..., object]
) -> None:
    estate = build("compliant")
    app = str(estate.site("app-monozu-manage-prd")["id"])
    moved = app.replace("rg-monozu-prd", "rg-monozu-stg")
    for known in [known for known in estate.resources if known.startswith(app.casefold())]:
        body = estate.resources.pop(known)
        body["id"] = moved + str(body["id"])[len(app) :]
        estate.add(body)
    estate.settings[moved.casefold()] = estate.settings.pop(app.casefold())
    with azure(estate):  # type: ignore[attr-defined]
        outcome = mzaudit(*ADOPT)
    told = "# REVIEW: there, but in another resource group, in rg-monozu-stg; the document says rg-monozu-prd"
    assert re.search(rf"{told}\n +app: \"app-monozu-manage-", outcome.out), outcome.out
    assert outcome.out.count("# there as documented, in rg-monozu-prd") == 7


def test_a_kind_that_could_not_be_listed_is_named(folder: Path, mzaudit: Call, azure: Callable[..., object]) -> None:
    faults = (Fault("GET .*/subscriptions/[^/]+/providers/Microsoft.Sql/servers", StatusFault(403)),)
    with azure("compliant", faults):  # type: ignore[attr-defined]
        outcome = mzaudit(*ADOPT)
    assert outcome.code == 3
    assert re.search(r"# REVIEW: could not be looked for: .*Microsoft.Sql/servers", outcome.out)


def test_a_snapshot_is_adopted_without_credentials(folder: Path, mzaudit: Call) -> None:
    mzaudit("collect", "--env", "prd", "--simulate", "drifted", "-o", "snapshot.json")
    outcome = mzaudit(*ADOPT, "--snapshot", "snapshot.json")
    assert outcome.code == 0
    assert "from the snapshot snapshot.json, which holds no more" in outcome.out
    assert load(drafted(outcome, folder), vocabulary()).policy.services["cloud"].app == "app-monozu-cloud-{env}"


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no environment": (("adopt", "--simulate", "compliant"), "Missing option '--env'"),
    "an unknown environment": (("adopt", "--env", "prod", "--simulate", "compliant"), "did you mean prd?"),
    "no subscription": (ADOPT, "no subscription is known for prd"),
    "both": ((*ADOPT, "--simulate", "compliant", "--snapshot", "x.json"), "exclude each other"),
    "no such snapshot": ((*ADOPT, "--snapshot", "x.json"), "x.json: cannot be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, mzaudit: Call) -> None:
    args, words = BAD[case]
    outcome = mzaudit(*args)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err
