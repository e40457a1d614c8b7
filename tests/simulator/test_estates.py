"""The estates themselves: what conforms, what each drift breaks, and which values are watched for."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace
from typing import Any

import pytest

from mzaudit.simulator import CANARY, Estate, serve
from mzaudit.simulator.arm.reference_resolution import listing
from mzaudit.simulator.estates.estate_plan import EstatePlan
from tests.documented_estate import DRIFTS, ESTATES, build, documented_environment, plant
from tests.simulator.wires import arm, everything


def _state(estate: Estate) -> dict[str, Any]:
    return {one.name: copy.deepcopy(getattr(estate, one.name)) for one in fields(estate)}


@pytest.mark.parametrize("name", ESTATES)
def test_every_estate_is_wire_json_and_served(name: str) -> None:
    estate = build(name)
    json.dumps(list(estate.resources.values()))
    with serve(estate) as sim:
        groups = everything(sim, "/resourcegroups")
        assert len(groups) == (0 if name == "empty" else 5)


def test_unknown_estate() -> None:
    with pytest.raises(ValueError, match="compliant, drifted, blind, empty"):
        build("other")


def test_every_reference_of_the_conforming_estate_resolves() -> None:
    estate = build("compliant")
    statuses = [
        item["properties"]["status"]
        for key, settings in estate.settings.items()
        for item in listing(estate, estate.resource(key), "appsettings", settings)
    ]
    assert statuses == ["Resolved"] * (6 * 8 + 8)


def test_shared_secrets_are_equal_and_all_others_distinct() -> None:
    estate = build("compliant")
    values: dict[str, set[str]] = {}
    for vault, held in estate.secrets.items():
        for name, secret in held.items():
            values.setdefault(secret.current.value, set()).add(f"{vault}/{name}")
    repeated = {frozenset(one.rsplit("/", 1)[1] for one in places) for places in values.values() if len(places) > 1}
    assert repeated == {
        frozenset({name})
        for name in (
            "CLOUD-INTERNAL-API-TOKEN",
            "CLOUD-WEBHOOK-HMAC-SECRET",
            "APPLICATIONINSIGHTS-CONNECTION-STRING",
        )
    }
    assert all(len(places) == 2 for places in values.values() if len(places) > 1)


def test_ids_are_stable_but_secrets_are_not() -> None:
    one, two = build("compliant"), build("compliant")
    assert one.resources == two.resources
    assert one.role_assignments == two.role_assignments
    opaque = "SECRET-KEY"
    assert one.secrets["kv-mz-cloud-prd"][opaque] != two.secrets["kv-mz-cloud-prd"][opaque]


@pytest.mark.parametrize("name", DRIFTS)
def test_a_drift_changes_something_and_only_in_its_environment(name: str) -> None:
    estate = build("compliant")
    before = _state(estate)
    plant(estate, name)
    after = _state(estate)
    assert before != after
    for table in ("resources", "settings", "secrets"):
        for key, value in before[table].items():
            if "prd" not in key:
                assert after[table][key] == value


def test_drifted_estate_has_every_drift_at_once() -> None:
    assert len(DRIFTS) == 24
    estate = build("drifted")
    assert estate.site("app-monozu-manage-prd")["identity"] == {"type": "None"}
    assert estate.secrets["kv-mz-manage-prd"]["SECRET-KEY"].current.value == "changeme"
    with serve(estate) as sim:
        path = "/resourceGroups/rg-monozu-prd/providers/Microsoft.Web/sites/app-monozu-manage-prd"
        found = everything(sim, f"{path}/config/configreferences/appsettings")
        assert {one["properties"]["status"] for one in found} == {"MSINotEnabled"}
        assert arm(sim, f"{path}/providers/Microsoft.ManagedIdentity/identities/default").status == 404


def test_canaries_are_every_secret_value_and_no_plain_setting() -> None:
    estate = build("drifted")
    canaries = estate.canaries()
    assert estate.auditor.secret in canaries
    assert estate.site_settings("app-monozu-ingest-prd")["DATABASE_URL"] in canaries
    assert estate.site_settings("app-monozu-cloud-prd")["STRIPE_API_KEY"] in canaries
    held = {v.value for vault in estate.secrets.values() for s in vault.values() for v in s.versions}
    assert held - set(canaries) == {"changeme"}
    assert sum(CANARY in one for one in canaries) > len(canaries) / 2
    assert not [one for one in canaries if one.startswith("@")]


def test_no_canary_is_in_any_body_but_those_that_hold_secrets() -> None:
    estate = build("drifted")
    assert CANARY not in json.dumps(list(estate.resources.values()))
    assert CANARY not in json.dumps(estate.role_assignments)


def test_a_server_that_two_environments_name_is_one() -> None:
    qa, uat = documented_environment("qa", sku="P1v3"), documented_environment("uat", sku="S2")
    (server,) = qa.servers
    shared = replace(uat, servers=(replace(server, databases=(replace(server.databases[0], id=f"{server.id}/x"),)),))
    estate = build("compliant", EstatePlan((qa, replace(shared, apps=()))))
    assert estate.site("app-monozu-cloud-qa")["properties"]["sku"] == "PremiumV3"
    servers = [one for one in estate.resources.values() if str(one["id"]).count("/servers/") == 1]
    assert len({str(one["id"]).split("/")[8] for one in servers}) == 1
    with pytest.raises(LookupError):
        estate.site("app-monozu-cloud-prd")
