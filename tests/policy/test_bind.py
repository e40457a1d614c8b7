"""A policy bound: where each thing is in each environment, what environments share, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mzaudit.cli.read_scope import scope_of
from mzaudit.drill.large_policy import enlarged
from mzaudit.drill.simulated_estates import bound
from mzaudit.engine.subjects import each_bounded_service, each_guarded_vault
from mzaudit.errors import InputError, PolicyError
from mzaudit.policy.desired import Desired, DesiredEnvironment
from mzaudit.policy.loader.load import load
from mzaudit.rules import vocabulary
from mzaudit.rules.keyvault._secret_subjects import each_distinct_secret

WANTED: Desired = bound(load(Path(__file__).with_name("several.yaml"), vocabulary()), "eu-1")
LIVE, TEST = WANTED.environments["eu-1"], WANTED.environments["pre-prod"]
ONE, TWO, HUB = (f"/subscriptions/{digit * 8}-0000-4000-8000-000000000000/resourceGroups" for digit in "129")


def ids(env: DesiredEnvironment) -> dict[str, str]:
    """The ids of the things of an environment, by section and key."""
    found = {f"services.{one.key}": one.id for one in env.services}
    found |= {f"vaults.{one.key}": one.id for one in env.vaults}
    found |= {f"registries.{one.key}": one.id for one in env.registries}
    found |= {f"components.{one.key}": one.id for one in env.components}
    found |= {f"databases.{one.key}": one.id for one in env.databases}
    return found | {f"storage.{one.key}": one.container_id for one in env.storage}


PLACED: dict[str, tuple[str, str | None, str | None]] = {
    "a template in the default place": (
        "components.main",
        f"{ONE}/rg-m-pre-prod/providers/Microsoft.Insights/components/appi-pre-prod",
        f"{TWO}/rg-m-eu-1/providers/Microsoft.Insights/components/appi-eu-1",
    ),
    "a group for each service": (
        "services.web",
        f"{ONE}/rg-m-web-pre-prod/providers/Microsoft.Web/sites/app-m-web-pre-prod",
        f"{TWO}/rg-m-web-eu-1/providers/Microsoft.Web/sites/app-m-web-eu-1",
    ),
    "one place for all": (
        "registries.hub",
        f"{HUB}/rg-hub/providers/Microsoft.ContainerRegistry/registries/acrmulti",
        f"{HUB}/rg-hub/providers/Microsoft.ContainerRegistry/registries/acrmulti",
    ),
    "a name for each environment": (
        "vaults.web",
        f"{ONE}/rg-m-pre-prod/providers/Microsoft.KeyVault/vaults/kv-m-web-pp",
        f"{TWO}/rg-m-eu-1/providers/Microsoft.KeyVault/vaults/kv-front",
    ),
    "in one environment alone": (
        "services.live",
        None,
        f"{TWO}/rg-m-eu-1/providers/Microsoft.Web/sites/app-m-live",
    ),
    "a database of its own on a server of all": (
        "databases.bill",
        f"{HUB}/rg-hub/providers/Microsoft.Sql/servers/sql-m-b/databases/bill-pre-prod",
        f"{HUB}/rg-hub/providers/Microsoft.Sql/servers/sql-m-b/databases/bill-eu-1",
    ),
}


@pytest.mark.parametrize("case", PLACED)
def test_where_a_thing_is(case: str) -> None:
    key, test, live = PLACED[case]
    assert (ids(TEST).get(key), ids(LIVE).get(key)) == (test, live)


def test_a_service_has_what_is_in_its_environment() -> None:
    test, live = ({one.key: one for one in env.services} for env in (TEST, LIVE))
    assert [vault.key for vault in live["web"].vaults] == ["web", "extra", "common"]
    assert [vault.key for vault in test["web"].vaults] == ["web", "common"]
    assert [setting.name for setting in test["web"].settings] == ["SESSION_KEY", "APPI", "COMMON_TOKEN"]
    assert [one.container for one in live["web"].storage] == ["outbox", "archive"]
    assert (live["web"].component.key, live["api"].component.key, live["live"].exports_to) == ("main", "other", None)
    assert (live["web"].registry.key, live["api"].registry.key) == ("hub", "own")


def test_what_is_shared_is_read_once_and_whole() -> None:
    alone = scope_of(WANTED)
    assert [each.id.rpartition("/")[2] for each in alone.servers] == ["sql-m-a-eu-1", "sql-m-b"]
    assert [one.name for one in alone.servers[0].databases] == ["orders", "ref-eu-1"]
    assert [one.tenant_column for one in alone.servers[0].databases] == ["tenant_id", None]
    assert [(each.id.rpartition("/")[2], each.names) for each in alone.resources] == [("stmeu", ("outbox", "archive"))]
    # whoever shares a vault is read with its slots, in whichever environment it is
    assert {each.rpartition("/")[2] for each in alone.sites} == {
        *(one.app for one in LIVE.services),
        *(one.app for one in TEST.services),
    }
    both = scope_of(replace(WANTED, asked=("pre-prod", "eu-1")))
    assert len([each for each in both.vaults if each.id.endswith("kv-m-common")]) == 1


def test_a_shared_vault_is_everybodys_who_uses_it() -> None:
    guarded = {one.want.vault.key: one.want for one in each_guarded_vault(WANTED, LIVE)}
    assert {(one.env, one.key) for one in guarded["common"].owners} == {
        (env, key) for env in ("pre-prod", "eu-1") for key in ("web", "api")
    }
    assert {(one.env, one.key) for one in guarded["web"].owners} == {("eu-1", "web")}
    assert ("pre-prod", "web") not in {(one.env, one.key) for one in guarded["web"].others.but}
    bounded = {one.want.service.key: one.want for one in each_bounded_service(WANTED, LIVE)}
    assert {vault.name for vault in bounded["api"].foreign} == {"kv-m-web-pp", "kv-front", "kv-m-extra"}


def test_a_shared_secret_is_compared_with_no_other_environments() -> None:
    asked = replace(WANTED, asked=("pre-prod", "eu-1"))
    found = {one.name: one.want.elsewhere for one in each_distinct_secret(asked, asked.environments["eu-1"])}
    assert [other.vault for other in found["kv-front/SESSION_KEY"]] == ["kv-m-web-pp"]
    assert found["kv-m-common/COMMON_TOKEN"] == ()


def test_names_by_environment_are_refused_where_environments_are_made_up() -> None:
    loaded = load(Path(__file__).with_name("several.yaml"), vocabulary())
    with pytest.raises(InputError, match=r"several\.yaml:\d+: .* expected one of e001"):
        enlarged(loaded, 30)


PARTLY = """
version: 1
estate: partly
document: d
environments: {test: {production: false}, live: {production: true}}
places: {default: {group: {live: rg-live}}, hub: rg-hub}
servers:
  main:
    name: sql-partly-{env}
    place: hub
    databases: {orders: {name: orders, migrations: {tool: flyway, version: {live: "12"}}}}
services:
  web: {app: "app-partly-{env}", place: hub, runs: PYTHON|3.12}
resources:
  bus: {type: Microsoft.ServiceBus/namespaces, name: sb-partly, environments: [live]}
  staging: {type: Microsoft.Web/sites/slots, name: staging, parent: web, environments: [live]}
  jobs:
    type: Microsoft.App/jobs
    name: job-partly
    place: hub
    expect: {"properties.configuration.secrets[?name == 'db'].keyVaultUrl | [0]": {present: true}}
expect:
  Microsoft.Sql/servers/databases: {properties.zoneRedundant: true}
  Microsoft.Sql/servers/databases/transparentDataEncryption/current: {properties.state: Enabled}
  Microsoft.Web/sites/slots: {properties.httpsOnly: true}
  Microsoft.Web/sites/config/web: {properties.ftpsState: Disabled}
"""


@pytest.fixture
def partly(tmp_path: Path) -> Desired:
    """A policy whose default place, newest migration and slot are of one environment alone."""
    path = tmp_path / "p.yaml"
    path.write_text(PARTLY, "utf-8")
    return bound(load(path, vocabulary()), "test")


def test_what_one_environment_lacks_is_no_fault(partly: Desired) -> None:
    groups = {env: one.resource_group_id.rpartition("/")[2] for env, one in partly.environments.items()}
    assert groups == {"test": "rg-hub", "live": "rg-live"}
    versions = {env: one.databases[0].version for env, one in partly.environments.items()}
    assert versions == {"test": None, "live": "12"}


def test_what_is_expected_of_a_documented_type_is_asked_of_its_things_alone(partly: Desired) -> None:
    asked = {env: [each.key for each in one.expected if each.facts] for env, one in partly.environments.items()}
    always = {
        "services.web/config/web",
        "databases.orders",
        "databases.orders/transparentDataEncryption/current",
        "jobs",
    }
    assert {env: sorted(keys) for env, keys in asked.items()} == {
        "test": sorted(always),
        "live": sorted(always | {"staging"}),
    }


@pytest.mark.parametrize("expression", ["secrets[0].value", "secrets[?name == 'db'].value | [0]", "secrets[0]"])
def test_the_value_of_a_secret_cannot_be_expected(tmp_path: Path, expression: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(PARTLY.replace("secrets[?name == 'db'].keyVaultUrl | [0]", expression), "utf-8")
    with pytest.raises(PolicyError, match="mzaudit never reads one"):
        load(path, vocabulary())


def test_a_principal_is_in_the_environments_of_its_object_ids() -> None:
    loaded = load(Path(__file__).parents[1] / "estates" / "northwind", vocabulary())
    found = {env: bound(loaded, env).environments[env].principals for env in ("test", "live")}
    assert {env: {one.name: one.object_id[-1] for one in told} for env, told in found.items()} == {
        "test": {"payments team": "1", "release": "3"},
        "live": {"payments team": "2", "release": "4", "cache maintenance": "5"},
    }
