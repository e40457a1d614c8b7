"""Recorded answers of the real Azure: each is read, or is a gap with a name; never an exception, never a default."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mzaudit.azure.client.call import Answer
from mzaudit.azure.readers.keyvault_reader import _SecretMembers  # the only reader of a secret's attributes
from mzaudit.azure.readers.web_wire_models import Config, SiteMembers, WirePlan
from mzaudit.azure.text.linux_fx_version import parse
from mzaudit.azure.text.sealed_values import Classifier
from mzaudit.simulator import Simulator, serve
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from tests.corpus.reading import CORPUS, Recorded, Wireside, names, recorded, sent_as, wireside
from tests.documented_estate import build
from tests.promises.conftest import evidence
from tests.simulator.wires import arm, ask

__all__ = ["evidence"]

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of recorded answers is not here")

# whole answers that are gaps, and why
GAPS = {"sql/server_get_mintls_None_string": "the recorder shortened the name in the URL and not in the id"}


# answers to what is never asked, by the reason
NOT_SENT = {
    "the repositories and images of a registry are asked for by name": (
        "acr/dataplane_catalog_page1_link_header",
        "acr/dataplane_catalog_page2",
        "acr/dataplane_manifests",
    ),
    "mzaudit writes nothing": ("appinsights/component_put_flow_bluefield",),
    "no rule asks how an app signs its users in or publishes, or which settings stay with a slot": (
        "appservice-config/authsettings_disabled_c7n",
        "appservice-config/authsettings_v1",
        "appservice-config/basic_publishing_credentials_policy",
        "appservice-config/slotconfignames_null",
        "appservice-config/slotconfignames_set",
        "spec-examples/authsettingsv2",
    ),
    "plans and vaults are listed by subscription": (
        "appservice-plans/plans_list_empty_bare",
        "appservice-plans/plans_list_empty_id_null",
        "keyvault-mgmt/vaults_list_empty",
    ),
    "no managed HSM is read": (
        "authorization/managedhsm_roledefinitions",
        *(f"mined/assignments/0{number}" for number in range(1, 6)),
    ),
    "tokens are the Azure SDK's to ask for": (
        "identity/appservice_msi_token_2017",
        "identity/imds_token",
        "identity/openid_configuration_v2",
        "identity/token_v1_client_credentials",
    ),
    "secrets are listed by Resource Manager, which needs no right to their values": (
        "keyvault-data/secrets_list_200_after_challenge",
        "keyvault-data/secrets_list_certificate_backed",
        "keyvault-data/secrets_list_empty",
        "keyvault-data/secrets_list_page1_nextlink_port443",
    ),
    "a list of all resources is cut to what the caller may read of any": (
        "resources/resourcegroups_list_265",
        "resources/resourcegroups_list_one",
        "resources/resourcegroups_list_top2_nextlink",
        "resources/resources_list_273_with_identity",
        "resources/resources_list_EMPTY_page_with_nextlink",
        "resources/resources_list_last_page",
        "resources/resources_list_tagname_filter",
        "resources/tenants_list_2019",
    ),
    "references are asked for all at once, and not of slots": (
        "spec-examples/configreferences_appsettings_list_slot",
        "spec-examples/configreferences_appsettings_one",
    ),
    "the administrator stands in the server's own answer, and whether Entra alone is let in is asked by name": (
        "spec-examples/sql_azureadonlyauthentications_list",
        "sql/administrators_empty",
        "sql/azureadonlyauthentications_managed_instance",
    ),
    "no rule asks for auditing, encryption or a firewall of SQL": (
        "sql/auditingsettings",
        "sql/firewallrules_list",
        "sql/tde_current",
    ),
    "containers are asked for by name": (
        "storage/blobservices_default",
        "storage/containers_list_maxpagesize_1",
        "storage/containers_list_two",
    ),
}
UNASKED = [name for those in NOT_SENT.values() for name in those]


@pytest.fixture(scope="module")
def azure() -> Iterator[Wireside]:
    with wireside() as made:
        yield made


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with serve(build("compliant")) as made:
        yield made


def gap_of(facet: object) -> Gap | None:
    return facet if isinstance(facet, Gap) else facet.gap if isinstance(facet, Listing) else None


def test_what_is_never_asked_is_named_with_its_reason() -> None:
    assert sorted(UNASKED) == [name for name in names() if sent_as(recorded(name)) is None]


@pytest.mark.parametrize("name", [name for name in names() if name not in UNASKED])
def test_a_recorded_answer_is_read_or_is_a_named_gap(
    azure: Wireside, name: str, evidence: Callable[[str, int], None]
) -> None:
    what = recorded(name)
    facet = azure.read(what)
    evidence("recorded responses read", 1)
    gap = gap_of(facet)
    assert gap is None or (gap.reason is not GapReason.INTERNAL and gap.call and gap.detail)
    if what.status == 200:
        assert (isinstance(facet, Gap)) is (name in GAPS), facet
        if isinstance(facet, Listing):
            assert len(facet.items) == len(what.json.get("value", [what.json]))
            # of the rights behind a list nothing was recorded
            assert gap is None or gap.reason is GapReason.PARTIAL
        elif isinstance(facet, Observed):
            assert facet.value is not None
            assert getattr(facet.value, "name", what.body.get("name")) in names_of(what)
    elif what.status == 404 and gap is None:
        assert isinstance(facet, Observed)
        assert facet.value in (None, False)
        assert what.json["error"]["code"] in ("ResourceNotFound", "ParentResourceNotFound", "ResourceGroupNotFound")
    else:
        assert gap is not None


def names_of(what: Recorded) -> tuple[Any, ...]:
    return (what.body.get("name"), None)


def value(facet: object) -> Any:
    assert isinstance(facet, Observed), facet
    return facet.value


def test_collector_1_an_empty_page_is_not_the_end(azure: Wireside) -> None:
    for empty in ("resources/resources_list_EMPTY_page_with_nextlink", "keyvault-mgmt/vaults_list_paged_2_EMPTY_page"):
        last = recorded("resources/resources_list_last_page")
        listing = azure.pages(recorded(empty), last)
        assert listing.gap is None
        assert len(listing.items) == len(last.json["value"]) > 0


@pytest.mark.parametrize(
    "end",
    [
        "appservice-plans/plans_list_empty_bare",
        "appservice-plans/plans_list_empty_id_null",
        "appservice-plans/plans_list_c7n_windows_detailed",
        "keyvault-mgmt/vaults_list_empty",
        "resources/resources_list_last_page",
    ],
)
def test_collector_2_a_list_ends_in_several_spellings(azure: Wireside, end: str) -> None:
    page = recorded(end)
    listing = azure.pages(page)
    assert (len(listing.items), listing.gap) == (len(page.json["value"]), None)


def test_collector_3_what_a_list_leaves_out_is_read_where_it_is(azure: Wireside) -> None:
    plans = recorded("appservice-plans/plans_list_c7n_windows_detailed").json["value"]
    assert all(WirePlan.model_validate_json(json_of(plan)).sku for plan in plans)
    assert "linux_fx_version" in Config.model_fields["properties"].annotation.model_fields  # type: ignore[union-attr]
    assert not {"site_config", "linux_fx_version"} & SiteMembers.model_fields.keys()
    assert value(azure.read(recorded("appservice-config/config_web_linux_docker"))).runtime.form == "docker"


def json_of(body: object) -> str:
    import json

    return json.dumps(body)


def test_collector_4_absent_is_a_state_of_its_own(azure: Wireside) -> None:
    silent = recorded("keyvault-mgmt/vault_get_many_policies")
    assert "enableRbacAuthorization" not in silent.json["properties"]
    assert value(azure.read(silent)).rbac is None
    assert value(azure.read(recorded("keyvault-mgmt/vault_get_rbac_false_2023-07-01"))).rbac is False
    account = recorded("storage/storageaccount_get_2023-01-01")
    told = account.json["properties"].get("allowBlobPublicAccess")
    assert value(azure.read(account)).public_blobs is told
    assert value(azure.read(recorded("storage/storageaccount_get_allowblobpublicaccess_true"))).public_blobs


def test_collector_5_one_concept_has_many_spellings(azure: Wireside) -> None:
    flex = value(azure.read(recorded("appservice-sites/site_get_flex_consumption_uami_2025-05-01")))
    assert (flex.identity.types, flex.kind) == (("userassigned",), ("functionapp", "linux"))
    assert flex.plan_id.split("/")[3].casefold() == "resourcegroups"
    assert value(azure.read(recorded("acr/registry_get_identity_lowercase"))).login_server
    for name, form, stack in (
        ("appservice-config/config_web_linux_python", "stack", "python"),
        ("appservice-config/config_web_linux_docker", "docker", ""),
        ("appservice-config/config_web_windows_basic", "empty", ""),
    ):
        runtime = value(azure.read(recorded(name))).runtime
        assert (runtime.form, runtime.stack) == (form, stack)
    space = recorded("appservice-sites/site_get_linuxfx_single_space").json["properties"]["siteConfig"]
    for text in (space["linuxFxVersion"], "", None):
        assert parse(text, Classifier()).form == "empty"
    assert {parse(text, Classifier()).stack for text in ("PYTHON|3.7", "python|3.8", "Python|3.10")} == {"python"}


def test_collector_6_type_and_name_of_a_child_are_not_trusted(azure: Wireside) -> None:
    slot = recorded("appservice-slots/slot_config_web")
    assert slot.json["type"] == "Microsoft.Web/sites/config"
    assert slot.json["name"] not in slot.path.rsplit("/slots/", 1)[1]
    assert value(azure.read(slot)) is not None


def test_collector_7_a_reference_identity_is_no_identity(azure: Wireside) -> None:
    site = value(azure.read(recorded("appservice-sites/site_get_webapp_httpsonly_2025-05-01")))
    assert site.key_vault_reference_identity == "SystemAssigned"
    assert (site.identity.types, site.identity.principal_id) == ((), None)


def test_collector_8_members_come_and_go_within_one_version(azure: Wireside) -> None:
    older = recorded("appservice-sites/site_get_stopped")
    newer = recorded("appservice-sites/site_get_aso_webapp_2022-03-01")
    assert newer.json["properties"].keys() - older.json["properties"].keys()
    assert value(azure.read(older)).state == "Stopped"
    assert value(azure.read(newer)).name == newer.json["name"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("appservice-sites/site_get_404_resourcenotfound", "ResourceNotFound"),
        ("appservice-plans/plan_put_401_quota_web_rp", "Unauthorized"),
        ("quoted/kv_secret_403_forbiddenbyrbac", "ForbiddenByRbac"),
        ("acr/dataplane_tag_404", "TAG_UNKNOWN"),
        ("arm-errors/503_html_front_door", ""),
        ("arm-errors/400_error_code_null", ""),
    ],
)
def test_collector_9_errors_come_in_several_shapes(name: str, code: str) -> None:
    what = recorded(name)
    text = what.body if isinstance(what.body, str) else json_of(what.body)
    assert Answer(what.status, {}, text.encode()).code() == code


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("appservice-sites/site_get_404_resourcenotfound", None),
        ("storage/container_get_404", None),
        ("quoted/arm_404_subscriptionnotfound", GapReason.NOT_VISIBLE),
        ("arm-errors/404_invalidresourcetype", GapReason.MALFORMED),
        ("arm-errors/429_retryableerror_network", GapReason.THROTTLED),
        ("quoted/arm_429_resourcerequeststhrottled", GapReason.THROTTLED),
        ("arm-errors/403_authorizationfailed_rg", GapReason.FORBIDDEN),
        ("quoted/kv_secret_403_forbiddenbyrbac", GapReason.FORBIDDEN),
        ("quoted/kv_secret_403_forbiddenbyconnection", GapReason.PRIVATE_ONLY),
        ("quoted/kv_secret_403_forbiddenbyfirewall_nsp", GapReason.FIREWALL),
        ("quoted/kv_secret_403_accesspolicy_missing_get", GapReason.ACCESS_POLICY),
        ("arm-errors/503_html_front_door", GapReason.SERVER_ERROR),
    ],
)
def test_collector_10_the_code_and_not_the_status_is_the_meaning(
    azure: Wireside, name: str, reason: GapReason | None
) -> None:
    gap = gap_of(azure.read(recorded(name)))
    assert (None if gap is None else gap.reason) is reason


def test_collector_11_a_secret_without_a_date_has_none() -> None:
    listed = [
        item
        for name in ("secrets_list_certificate_backed", "secrets_list_200_after_challenge")
        for item in recorded(f"keyvault-data/{name}").json["value"]
    ]
    for item in listed:
        read = _SecretMembers.model_validate_json(json_of(item))
        assert read.attributes is not None
        assert (read.attributes.exp is None) is ("exp" not in item["attributes"])
        assert read.managed is item.get("managed")
    assert any(item.get("managed") for item in listed)


def test_simulator_1_a_vault_challenges_as_recorded(sim: Simulator) -> None:
    real = recorded("keyvault-data/secret_get_401_challenge_2023")
    heard = ask(sim, "https://kv-mz-cloud-prd.vault.azure.net/secrets/SECRET-KEY?api-version=2026-04-01", audience=None)
    assert (heard.status, heard.body["error"]) == (real.status, real.json["error"])
    tenant = "54826b22-38d6-4fb2-bad9-b7b93a3e9c5a"
    assert heard.headers["www-authenticate"] == real.headers["www-authenticate"].replace(tenant, sim.tenant_id)


def test_simulator_2_resource_manager_challenges_as_recorded(sim: Simulator) -> None:
    real = recorded("arm-errors/401_authenticationfailed_cae_claims_challenge")
    url = f"https://management.azure.com/subscriptions/{sim.subscription_id}?api-version=2022-12-01"
    for heard in (ask(sim, url, audience=None), ask(sim, url, bearer="x.y.z")):
        assert heard.status == real.status
        for part in ('Bearer authorization_uri="https://login.', 'error="invalid_token"', "error_description="):
            assert part in heard.headers["www-authenticate"]
            assert part in real.headers["www-authenticate"]
        assert heard.headers["x-ms-failure-cause"] == real.headers["x-ms-failure-cause"]


def test_simulator_3_headers_are_those_recorded(sim: Simulator) -> None:
    real = recorded("keyvault-data/secret_get_401_challenge_2023")
    heard = ask(sim, "https://kv-mz-cloud-prd.vault.azure.net/secrets/SECRET-KEY?api-version=2026-04-01", audience=None)
    sent = {name for name in real.headers if name.startswith("x-ms-keyvault")}
    assert len(sent) == 3
    assert sent <= heard.headers.keys()


def test_simulator_4_a_404_says_what_was_recorded(sim: Simulator) -> None:
    real = recorded("appservice-sites/site_get_404_resourcenotfound")
    heard = arm(sim, "/resourceGroups/rg-monozu-prd/providers/Microsoft.Web/sites/aso-sample-webapp")
    assert heard.status == real.status
    assert heard.body["error"]["code"] == real.json["error"]["code"]
    said = real.json["error"]["message"].replace("asotest-rg-kmqazv", "rg-monozu-prd")
    assert heard.body["error"]["message"] == said
