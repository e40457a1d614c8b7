"""`adopt` over the wire: a valid draft of what is there, each line seen or guessed, what differs in its head, gaps
named, exit codes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mzaudit import kinds
from mzaudit.adoption.estate_draft import style_of
from mzaudit.adoption.observed_apps import Looks
from mzaudit.drill.policy_estate import estate_of
from mzaudit.policy.bind import bind
from mzaudit.policy.loader.load import load
from mzaudit.policy.shipped_policy import shipped
from mzaudit.rules import vocabulary
from mzaudit.simulator import Fault, StatusFault
from mzaudit.simulator.estates.estate_plan import SUBSCRIPTION
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.text.ids import type_of
from tests.cli.conftest import Outcome
from tests.documented_estate import build

Call = Callable[..., Outcome]
ADOPT = ("adopt", "--env", "prd")
# What this estate calls what the shipped policy names, and in which groups it keeps them.
RENAMED = {
    "app-monozu-cloud-{env}": "web-api-{env}",
    "app-monozu-manage-{env}": "web-backoffice-{env}",
    "app-monozu-ingest-{env}": "web-intake-{env}",
    "kv-mz-cloud-{env}": "kv-acme-api-{env}",
    "kv-mz-manage-{env}": "kv-acme-backoffice-{env}",
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


def test_every_line_was_seen_or_says_why_it_is_guessed(folder: Path, mzaudit: Call) -> None:
    outcome = mzaudit(*ADOPT, "--simulate", "compliant")
    assert outcome.code == 0, outcome.err
    facts = [line for line in outcome.out.splitlines() if not line.startswith("#") and re.search(r": ", line)]
    assert len(facts) > 40
    assert [line for line in facts if not re.search(r"  # (seen|guessed: \w.+)$", line)] == []
    assert "SIMULATED" in outcome.out
    assert "Also in the subscriptions, and no part of this draft:" in outcome.out
    assert "vaults/kv-mz-cloud-stg" in outcome.out
    assert "as documented" not in outcome.out
    assert mzaudit("policy", "validate", str(drafted(outcome, folder))).code == 0


def test_what_differs_is_in_the_head(folder: Path, mzaudit: Call) -> None:
    outcome = mzaudit(*ADOPT, "--simulate", "drifted")
    assert outcome.code in (0, 3), outcome.err
    words = ("# DIFFERS (", "#   APP-005 manage: ", "#   SQL-002 sql-monozu-prd: ", "  OLD-SMTP-PASSWORD: {}  # seen")
    assert [word for word in words if word not in outcome.out] == []
    assert mzaudit("policy", "validate", str(drafted(outcome, folder))).code == 0


def test_what_may_not_be_read_is_named(folder: Path, mzaudit: Call) -> None:
    outcome = mzaudit(*ADOPT, "--simulate", "blind")
    assert outcome.code == 3, outcome.err
    assert "# NOT SEEN (" in outcome.out
    assert 'app: "app-monozu-cloud-{env}"  # seen' in outcome.out
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
        for groups in ((), ("--group", "acme-prd")):
            outcome = mzaudit(*ADOPT, *groups)
            assert outcome.code == 0, outcome.err
            draft = load(drafted(outcome, folder), vocabulary()).policy
            assert {key: one.app for key, one in draft.services.items()} == {
                "api": "web-api-{env}",
                "backoffice": "web-backoffice-{env}",
                "intake": "web-intake-{env}",
            }
            assert {one.name for one in draft.vaults.values()} == {one.name for one in theirs.vaults.values()}
            assert draft.places == {"default": "acme-{env}", "acme-common": "acme-common"}
            assert draft.registries["main"].place == "acme-common"
            checked = mzaudit("check", "--env", "prd", "--policy", "draft.yaml")
            assert checked.code == 0, checked.out


def test_what_is_elsewhere_is_said_to_be_there(folder: Path, mzaudit: Call, azure: Callable[..., object]) -> None:
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
    draft = load(drafted(outcome, folder), vocabulary()).policy
    assert {key: one.place for key, one in draft.services.items()} == {
        "cloud": "default",
        "ingest": "default",
        "manage": "rg-monozu-stg",
    }
    assert draft.places["rg-monozu-stg"] == "rg-monozu-stg"


def test_a_kind_that_could_not_be_listed_is_named(folder: Path, mzaudit: Call, azure: Callable[..., object]) -> None:
    faults = (Fault("GET .*/subscriptions/[^/]+/providers/Microsoft.Sql/servers$", StatusFault(403)),)
    with azure("compliant", faults):  # type: ignore[attr-defined]
        outcome = mzaudit(*ADOPT)
    assert outcome.code == 3
    assert re.search(r"# NOT LISTED.*\n# .*Microsoft.Sql/servers", outcome.out)


def test_a_snapshot_is_adopted_without_credentials(folder: Path, mzaudit: Call) -> None:
    mzaudit("collect", "--env", "prd", "--simulate", "compliant", "-o", "snapshot.json")
    outcome = mzaudit(*ADOPT, "--snapshot", "snapshot.json")
    assert outcome.code == 0, outcome.err
    assert "from the snapshot snapshot.json, which holds no more" in outcome.out
    assert load(drafted(outcome, folder), vocabulary()).policy.services["cloud"].app == "app-monozu-cloud-{env}"


BAD: dict[str, tuple[tuple[str, ...], str]] = {
    "no environment": (("adopt", "--simulate", "compliant"), "Missing option '--env'"),
    "an unknown environment": (("adopt", "--env", "prod", "--simulate", "compliant"), "did you mean prd?"),
    "no subscription": (ADOPT, "no subscription is known to adopt from"),
    "no subscription id": ((*ADOPT, "--subscription", "mine"), "--subscription 'mine': expected a subscription id"),
    "nothing is there": ((*ADOPT, "--simulate", "empty"), "holds nothing: there is"),
    "no such group": ((*ADOPT, "--simulate", "compliant", "--group", "rg-x"), "holds nothing in rg-x: there is"),
    "a group without a name": ((*ADOPT, "--simulate", "compliant", "--group", ""), "--group '': expected "),
    "a group that is a path": ((*ADOPT, "--simulate", "compliant", "--group", "a/b"), "--group 'a/b': expected "),
    "both": ((*ADOPT, "--simulate", "compliant", "--snapshot", "x.json"), "exclude each other"),
    "a policy of nothing": ((*ADOPT, "--policy", "x.yaml"), "--policy goes with --simulate"),
    "no such snapshot": ((*ADOPT, "--snapshot", "x.json"), "x.json: cannot be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, mzaudit: Call) -> None:
    args, words = BAD[case]
    outcome = mzaudit(*args)
    assert (outcome.code, outcome.out) == (2, "")
    assert words in outcome.err


def test_a_group_that_could_not_be_listed_is_not_said_to_hold_nothing(
    mzaudit: Call, azure: Callable[..., object]
) -> None:
    faults = (Fault("GET .*/resourceGroups/rg-x/resources", StatusFault(403)),)
    with azure("compliant", faults):  # type: ignore[attr-defined]
        outcome = mzaudit(*ADOPT, "--group", "rg-x")
    assert (outcome.code, outcome.out) == (2, "")
    assert "holds nothing" not in outcome.err
    assert re.search(r"nothing was seen in rg-x .* not all could be listed: .*GET .*/rg-x/resources", outcome.err)


def test_roles_on_what_is_drafted_are_said(mzaudit: Call) -> None:
    """A role of the tenant's own on a container, and another one beside it, are access on that container."""
    strange = Path(__file__).parents[1] / "drill" / "strange.yaml"
    outcome = mzaudit("adopt", "--env", "live", "--policy", str(strange), "--simulate", "compliant")
    assert outcome.code == 0, outcome.err
    (access,) = (line for line in outcome.out.splitlines() if line.strip().startswith("access:"))
    assert '{role: "Strange Blob Reader", "on": storage.files}' in access
    assert '{role: "Storage Queue Data Reader", "on": storage.files}' in access


TWICE = """
version: 1
estate: twice
document: two servers hold a database of one name
environments: {prd: {production: true}}
places: {default: "rg-twice-{env}"}
servers:
  main: {name: "sql-twice-{env}", databases: {orders: db-orders}}
  archive: {name: "sql-archive-{env}", databases: {old-orders: db-orders}}
services:
  web:
    app: app-twice-web-{env}
    runs: NODE|20-lts
    databases:
      - {database: orders, roles: [db_datareader]}
      - {database: old-orders, roles: [db_datareader]}
"""


def test_databases_of_one_name_on_two_servers(folder: Path, mzaudit: Call) -> None:
    (folder / "twice.yaml").write_text(TWICE)
    outcome = mzaudit(*ADOPT, "--simulate", "compliant", "--policy", "twice.yaml")
    assert outcome.code == 0, outcome.err
    assert 'runs: "NODE|20-lts"  # seen' in outcome.out
    draft = drafted(outcome, folder)
    assert mzaudit("policy", "validate", str(draft)).code == 0
    assert mzaudit("check", "--env", "prd", "--policy", str(draft), "--simulate", "compliant").code == 0


def test_what_names_tell_is_looked_at_once_for_any_number_of_things(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = tuple(f"/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv{n}" for n in range(300))
    looks = Looks("prd", "s", {kinds.VAULT.type: Listing(ids)}, (), ())
    asked: list[str] = []
    monkeypatch.setattr(Looks, "_is_named", lambda _, each: asked.append(each))
    assert len(looks.within(kinds.VAULT.type)) == len(looks.within(kinds.VAULT.type)) == len(ids)
    assert len(asked) == len(ids)


STYLES = {"1.4.2": "semver", "v2.0.0-rc.1": "semver", "1.2.03": "any", "main-7": "any"}


@pytest.mark.parametrize("tag", STYLES)
def test_the_style_of_a_running_tag_is_one_that_its_rule_knows(tag: str) -> None:
    assert style_of(tag) == STYLES[tag]


APPLESS = """
version: 1
estate: core
document: what a platform team runs for others
environments: {prd: {production: true}}
places: {default: "rg-core-{env}"}
registries: {main: {name: acrcore}}
vaults:
  team: {name: "kv-core-{env}", secrets: {PARTNER_KEY: {}, CERTIFICATE: {kind: pem}}}
servers:
  main: {name: "sql-core-{env}", databases: {ledger: "db-ledger-{env}"}}
storage: {lake: {account: "stcore{env}", container: raw}}
resources:
  cache: {type: Microsoft.Cache/redis, name: "redis-core-{env}"}
  bus: {type: Microsoft.ServiceBus/namespaces, name: "sb-core-{env}"}
"""


def test_an_estate_without_apps_is_drafted_from_what_is_there(folder: Path, mzaudit: Call) -> None:
    (folder / "core.yaml").write_text(APPLESS)
    theirs = load(folder / "core.yaml", vocabulary()).policy
    outcome = mzaudit(*ADOPT, "--simulate", "compliant", "--policy", "core.yaml")
    assert outcome.code == 0, outcome.out + outcome.err
    draft = load(drafted(outcome, folder), vocabulary()).policy
    assert draft.services == {}
    assert [set(one.secrets) for one in draft.vaults.values()] == [{"PARTNER-KEY", "CERTIFICATE"}]  # as stored
    assert {one.name for one in draft.servers.values()} == {"sql-core-{env}"}
    assert {one.name for one in draft.registries.values()} == {"acrcore"}
    assert {(one.type, one.name) for one in draft.resources.values()} == {
        *((one.type, one.name) for one in theirs.resources.values()),
        ("Microsoft.Storage/storageAccounts", "stcore{env}"),  # what is in it is not listed
    }
    checked = mzaudit("check", "--env", "prd", "--policy", "draft.yaml", "--simulate", "compliant")
    assert checked.code == 0, checked.out


def test_a_vault_whose_secrets_may_not_be_listed_is_a_resource(
    folder: Path, mzaudit: Call, azure: Callable[..., object]
) -> None:
    (folder / "core.yaml").write_text(APPLESS)
    loaded = load(folder / "core.yaml", vocabulary())
    wanted = bind(loaded.policy, loaded.where, ("prd",), {"prd": SUBSCRIPTION})
    estate = estate_of(wanted)
    for one in wanted.environments["prd"].expected:
        estate.know(type_of(one.id))
    with azure(estate, (Fault("GET .*/secrets", StatusFault(403)),)):  # type: ignore[attr-defined]
        outcome = mzaudit(*ADOPT)
    draft = load(drafted(outcome, folder), vocabulary()).policy
    assert not draft.vaults
    assert "Microsoft.KeyVault/vaults" in {one.type for one in draft.resources.values()}


def test_what_has_no_section_is_drafted_as_a_resource(folder: Path, mzaudit: Call) -> None:
    strange = Path(__file__).parents[1] / "drill" / "strange.yaml"
    outcome = mzaudit("adopt", "--env", "live", "--policy", str(strange), "--simulate", "compliant")
    draft = load(drafted(outcome, folder), vocabulary()).policy
    assert [(one.type, one.name) for one in draft.resources.values()] == [
        ("Microsoft.Cache/redis", "redis-strange-{env}")
    ]
    assert '"on": resources.redis' in outcome.out


FURTHER = """
version: 1
estate: press
document: a build runs with the base images of another registry
environments: {prd: {production: true}}
places: {default: "rg-press-{env}"}
registries: {apps: {name: acrpressapps}, base: {name: acrpressbase}}
vaults:
  site: {name: "kv-press-site-{env}", secrets: {SESSION_KEY: {}}}
  edit: {name: "kv-press-edit-{env}", secrets: {DRAFT_KEY: {}}}
services:
  site:
    app: app-press-site-{env}
    image: {registry: apps, repository: site}
    vault: site
    access: [{role: AcrPull, on: base}, {role: Azure Service Bus Data Receiver, on: pages}]
  edit:
    app: app-press-edit-{env}
    image: {registry: base, repository: edit, digest: "sha256:DIGEST"}
    vault: edit
    storage: [drafts]
    access: [{role: Storage Queue Data Contributor, on: files}]
storage:
  drafts: {account: "stpress{env}", container: drafts}
resources:
  files: {type: Microsoft.Storage/storageAccounts, name: "stpress{env}"}
  bus: {type: Microsoft.ServiceBus/namespaces, name: "sb-press-{env}"}
  pages: {type: Microsoft.ServiceBus/namespaces/queues, name: "pages-{env}", parent: bus}
""".replace("DIGEST", "5b" * 32)


def test_a_usual_role_on_another_thing_is_access(folder: Path, mzaudit: Call) -> None:
    (folder / "press.yaml").write_text(FURTHER)
    outcome = mzaudit(*ADOPT, "--simulate", "compliant", "--policy", "press.yaml")
    assert outcome.code == 0, outcome.out
    assert "# DIFFERS" not in outcome.out
    draft = load(drafted(outcome, folder), vocabulary()).policy
    assert {key: [(one.role, one.on) for one in each.access] for key, each in draft.services.items()} == {
        "site": [("AcrPull", "registries.acrpressbase"), ("Azure Service Bus Data Receiver", "resources.pages")],
        "edit": [("Storage Queue Data Contributor", "resources.stpressprd")],
    }
    assert [one.name for one in draft.resources.values()] == [
        "sb-press-{env}",
        "sb-press-{env}/pages-{env}",
        "stpress{env}",
    ]
    image = draft.services["edit"].image
    assert image is not None
    assert image.digest == "sha256:" + "5b" * 32
