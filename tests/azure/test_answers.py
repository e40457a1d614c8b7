"""Which answers are about what was asked, and what an odd one costs: read over the wire, from one served estate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from mzaudit.azure.readers.response_identity import item_id, names_another
from mzaudit.simulator import Alter, Fault, Simulator, serve
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed, need
from mzaudit.snapshot.web import Site
from tests.azure.estates import Names, take
from tests.documented_estate import build

Json = dict[str, Any]
Change = Callable[[Json], Json]

SITE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites/a"
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v"
IDENTITY = "/providers/Microsoft.ManagedIdentity/identities/default"


@pytest.mark.parametrize(
    ("asked", "told", "another"),
    [
        (SITE, SITE, False),
        (SITE, SITE.upper() + "/", False),
        (SITE, "", False),
        (SITE, "scope", False),
        (SITE, SITE + "b", True),
        (SITE, SITE.replace("/g/", "/other/"), True),
        (SITE, SITE.replace("/s/", "/other/", 1), True),
        (SITE, VAULT, True),
        (f"{SITE}/config/azurestorageaccounts", f"{SITE}/config/appsettings", False),
        (f"{SITE}/config/azurestorageaccounts", f"{SITE}b/config/appsettings", True),
        (f"{SITE}/slots/x/config/web", f"{SITE}/config/web", False),
        (f"{SITE}/slots/x/config/web", f"{SITE}/slots/y/config/web", True),
        (SITE + IDENTITY, SITE, False),
        (SITE + IDENTITY, "/subscriptions/s/resourceGroups/g" + IDENTITY, False),
        (SITE + IDENTITY, f"{SITE}b{IDENTITY}", True),
        (SITE + IDENTITY, VAULT + IDENTITY, True),
        (f"{VAULT}/secrets/x", VAULT, False),
        (f"{VAULT}/secrets/x", f"{VAULT}/secrets/y", True),
        ("https://v.vault.azure.net/secrets/x", "https://V.vault.azure.net:443/secrets/X/123", False),
        ("https://v.vault.azure.net/secrets/x", "https://v.vault.azure.net/secrets/y/123", True),
        ("https://v.vault.azure.net/secrets/x", "https://w.vault.azure.net/secrets/x/123", True),
        (f"{SITE}/sitecontainers", f"{SITE}/sitecontainers/main", False),
        (f"{SITE}/sitecontainers", f"{SITE}b/sitecontainers/main", True),
        ("/subscriptions/s/providers/Microsoft.Web/sites", SITE, False),
    ],
)
def test_an_id_names_another_thing_or_it_does_not(asked: str, told: str, another: bool) -> None:
    assert names_another(asked, told) is another


@pytest.mark.parametrize(
    ("asked", "told", "called", "another"),
    [
        (f"{VAULT}/secrets/x", VAULT, "x", False),
        (f"{VAULT}/secrets/x", VAULT, "", False),
        (f"{VAULT}/secrets/x", VAULT, "v", True),
        (f"{SITE}/slots/b", SITE, "a/b", False),
        (f"{SITE}/slots/b", SITE, "a", True),
        (f"{SITE}/config/web", SITE, "a", False),
        (f"{SITE}/slots/b/config/web", f"{SITE}/slots/b", "b", False),
    ],
)
def test_the_body_of_the_owner_is_not_that_of_what_it_owns(asked: str, told: str, called: str, another: bool) -> None:
    assert names_another(asked, told, called) is another


@pytest.mark.parametrize(
    ("told", "called", "id_"),
    [
        (f"{SITE}/sitecontainers/main", "x", f"{SITE}/sitecontainers/main"),
        (SITE, "main", f"{SITE}/sitecontainers/main"),
        ("", "a/main", f"{SITE}/sitecontainers/main"),
    ],
)
def test_an_item_has_an_id_of_its_own(told: str, called: str, id_: str) -> None:
    assert item_id(f"{SITE}/sitecontainers", told, called) == id_


def test_an_item_that_says_nothing_of_itself_is_none() -> None:
    with pytest.raises(ValueError, match="does not say which"):
        item_id(f"{SITE}/sitecontainers", SITE, "")


def told(**members: object) -> Change:
    """The usual body with other members."""
    return lambda body: {**body, **members}


def without(*members: str) -> Change:
    """The usual body without some members."""
    return lambda body: {name: value for name, value in body.items() if name not in members}


def each(change: Change) -> Change:
    """A list whose items are changed."""
    return lambda body: {**body, "value": [change(item) for item in body["value"]]}


def with_item(item: object) -> Change:
    """A list that holds one more item, first."""
    return lambda body: {**body, "value": [item, *body["value"]]}


SECRET = {"id": f"{VAULT}/secrets/odd", "name": "odd", "properties": {"attributes": {"enabled": "perhaps"}}}
ALERT = {"id": "/x", "name": "odd", "properties": "nothing"}
APP, KV, CLOUD = "/sites/app-monozu-cloud-prd", "/vaults/kv-mz-cloud-prd", "kv-mz-cloud-prd.vault.azure.net"

# what is asked for, how its answer is odd: nothing is lost
HARMLESS: Mapping[str, tuple[str, Change]] = {
    "app: no id, no name": (rf"{APP}$", without("id", "name")),
    "app: members null": (rf"{APP}$", told(id=None, name=None, location=None, tags=None)),
    "config: no id": (rf"{APP}/config/web$", without("id", "name", "type")),
    "settings: the app's id": (rf"{APP}/config/appsettings/list$", told(id="…")),
    "slots: null": (rf"{APP}/slots/staging/config/connectionstrings/list$", told(properties=None)),
    "slot's mounts: null": (rf"{APP}/slots/staging/config/azurestorageaccounts/list$", told(properties=None, id=None)),
    "identity: null": (rf"{APP}{IDENTITY}$", told(id=None, name=None)),
    "references: no ids": (rf"{APP}/config/configreferences/appsettings$", each(without("id", "type"))),
    "references: no names": (rf"{APP}/config/configreferences/appsettings$", each(without("name"))),
    "vault: no id, no URI": (rf"{KV}$", lambda b: {"properties": {**b["properties"], "vaultUri": None}}),
    "secrets: parent's id": (rf"{KV}/secrets$", each(told(id=None))),
    "value: no id": (rf"{CLOUD}/secrets/SECRET-KEY$", without("id")),
    "value: port": (
        rf"{CLOUD}/secrets/SECRET-KEY$",
        lambda b: {**b, "id": b["id"].replace(".net/", ".net:443/")},
    ),
    "tags: no imageName": (r"/acr/v1/cloud-backend/_tags$", without("imageName")),
    "server: null": (r"/servers/sql-monozu-prd$", told(id=None, name=None)),
    "Entra-only: server's id": (r"/azureADOnlyAuthentications/Default$", lambda b: {**b, "id": None, "name": None}),
    "databases: null status": (r"/servers/sql-monozu-prd/databases$", each(lambda b: {**b, "id": None})),
    "container: account's id": (r"/containers/snaps$", told(id=None, name="snaps")),
    "component: null": (r"/components/appi-monozu-prd$", told(id=None, tags=None)),
}


@pytest.fixture(scope="module")
def usual() -> Iterator[tuple[Simulator, Snapshot]]:
    with serve(build("compliant")) as sim:
        yield sim, take(sim)


def bent(sim: Simulator, *changes: tuple[str, Change], nth: int | None = None) -> Snapshot:
    """A snapshot while some answers are odd; of a list every page, or one."""
    sim.faults[:] = [Fault(match, Alter(change), nth) for match, change in changes]
    try:
        return take(sim)
    finally:
        sim.faults.clear()


def test_oddities_on_which_no_verdict_rests_leave_no_gap(usual: tuple[Simulator, Snapshot]) -> None:
    """All at once, but for those of one address."""
    sim, snapshot = usual
    rounds: list[dict[str, Change]] = []
    for match, change in HARMLESS.values():
        place = next((each for each in rounds if match not in each), None)
        if place is None:
            rounds.append(place := {})
        place[match] = change
    assert len(rounds) == 2
    for odd in rounds:
        seen = bent(sim, *odd.items())
        assert {read.outcome for read in seen.reads} == {"ok"}, [read for read in seen.reads if read.outcome != "ok"]
        assert [each.casefold() for each in ids(seen)] == [each.casefold() for each in ids(snapshot)]


def ids(snapshot: Snapshot) -> list[str]:
    """Every id, setting and secret of the snapshot of production."""
    names = Names(snapshot.environments["prd"])
    site, vault, server = snapshot.site(names.cloud), snapshot.vault(names.cloud_vault), snapshot.server(names.server)
    body, component = need(site.properties), need(snapshot.component(names.component).properties)
    assert body is not None
    assert component is not None
    return [
        body.id,
        body.name,
        component.id,
        *sorted(each.setting for each in site.references.items),
        *sorted(each.id for each in site.slots.items),
        *sorted(each.name for each in vault.secrets.items),
        *sorted(each.id for each in server.databases.items),
    ]


def tags(snapshot: Snapshot, names: Names) -> Listing[Any]:
    listing = need(snapshot.registry(names.registry).tags["cloud-backend"])
    assert listing is not None
    return listing


def facet(sim: Simulator, snapshot: Snapshot, name: str) -> object:
    return getattr(snapshot.site(Names(sim.subscription_id).cloud), name)


@pytest.mark.parametrize(
    ("what", "below"),
    [
        ("settings", "/config/appsettings/list"),
        ("config", "/config/web"),
        ("mounts", "/config/azurestorageaccounts/list"),
    ],
)
def test_an_id_of_another_app_refuses_the_answer(usual: tuple[Simulator, Snapshot], what: str, below: str) -> None:
    sim, _ = usual
    other = Names(sim.subscription_id).manage + "/config/appsettings"
    gap = facet(sim, bent(sim, (rf"{APP}{below}$", told(id=other))), what)
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.detail.split(",")[0]) == (GapReason.MALFORMED, "the answer is about another resource")


def test_an_item_that_cannot_be_read_is_a_gap_of_that_item(usual: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = usual
    names = Names(sim.subscription_id)
    foreign = {"id": f"{names.manage}/slots/theirs", "name": "app-monozu-manage-prd/theirs", "properties": {}}
    seen = bent(
        sim,
        (rf"{KV}/secrets$", with_item({**SECRET, "id": f"{names.cloud_vault}/secrets/odd"})),
        (r"/providers/Microsoft.Insights/metricAlerts$", with_item(ALERT)),
        (r"/cloud-backend/_tags$", lambda body: {**body, "tags": [{"name": 5}, {"name": 6}, *body["tags"]]}),
        (rf"{APP}/slots$", with_item(foreign)),
        nth=1,
    )
    listings: dict[str, tuple[Listing[Any], Listing[Any]]] = {
        "odd cannot be read: the answer is not as documented at properties.attributes.enabled": (
            seen.vault(names.cloud_vault).secrets,
            snapshot.vault(names.cloud_vault).secrets,
        ),
        "odd cannot be read: the answer is not as documented at properties": (
            seen.component(names.component).alerts,
            snapshot.component(names.component).alerts,
        ),
        "theirs cannot be read: the answer is about another resource": (
            seen.site(names.cloud).slots,
            snapshot.site(names.cloud).slots,
        ),
        "item 1 and 1 more cannot be read": (
            tags(seen, names),
            tags(snapshot, names),
        ),
    }
    for detail, (odd, whole) in listings.items():
        assert odd.gap is not None, detail
        assert odd.gap.reason is GapReason.MALFORMED
        assert odd.gap.detail.startswith(detail)
        assert [getattr(each, "name", None) for each in odd.items] == [
            getattr(each, "name", None) for each in whole.items
        ]


def test_a_null_item_is_a_gap_of_that_item(usual: tuple[Simulator, Snapshot]) -> None:
    """No recording holds one: nothing shows that it stands for nothing."""
    sim, snapshot = usual
    names = Names(sim.subscription_id)
    lists = (rf"{KV}/secrets$", r"/providers/Microsoft.Insights/metricAlerts$", rf"{APP}/slots$", REFERENCES)
    seen = bent(
        sim,
        *((each, with_item(None)) for each in lists),
        (r"/cloud-backend/_tags$", lambda body: {**body, "tags": [None, *body["tags"]]}),
        nth=1,
    )

    def listings(of: Snapshot) -> list[Listing[Any]]:
        site, component = of.site(names.cloud), of.component(names.component)
        return [of.vault(names.cloud_vault).secrets, component.alerts, site.slots, site.references, tags(of, names)]

    for odd, whole in zip(listings(seen), listings(snapshot), strict=True):
        assert len(odd.items) == len(whole.items) > 0
        assert odd.gap is not None
        assert (odd.gap.reason, odd.gap.detail) == (
            GapReason.MALFORMED,
            "item 1 cannot be read: the answer is not as documented at its root (model_type)",
        )


UNTOLD: dict[str, object] = {
    "no policies": None,
    "no policy": [None],
    "no principal": [{"objectId": None, "permissions": {"secrets": ["get"]}}],
    "no permissions": [{"objectId": "00000000-0000-0000-0000-00000000000a"}],
}


@pytest.mark.parametrize("policies", UNTOLD.values(), ids=UNTOLD)
def test_a_policy_that_is_not_told_may_be_anybodys_and_grant_anything(
    usual: tuple[Simulator, Snapshot], policies: object
) -> None:
    sim, _ = usual
    more = {"enableRbacAuthorization": False, "accessPolicies": policies}
    seen = bent(sim, (rf"{KV}$", lambda body: {**body, "properties": {**body["properties"], **more}}))
    properties = need(seen.vault(Names(sim.subscription_id).cloud_vault).properties)
    assert properties is not None
    assert (properties.rbac, properties.access_policies) == (False, None)


def test_a_mounted_share_tells_its_key_or_is_of_nfs(usual: tuple[Simulator, Snapshot]) -> None:
    sim, _ = usual
    shares = {"smb": {"protocol": "Smb"}, "null": {"accessKey": None}, "nfs": {"protocol": "Nfs"}}
    seen = bent(sim, (rf"{APP}/config/azurestorageaccounts/list$", told(properties=shares)))
    mounts = need(seen.site(Names(sim.subscription_id).cloud).mounts)
    assert mounts is not None
    assert {each.name: each.credential is None for each in mounts} == {"smb": True, "null": True, "nfs": False}


def test_null_is_none_where_app_service_says_it(usual: tuple[Simulator, Snapshot]) -> None:
    sim, _ = usual
    null = told(value=None)
    site: Site = bent(sim, (rf"{APP}/(slots|config/configreferences/appsettings)$", null)).site(
        Names(sim.subscription_id).cloud
    )
    assert (site.slots, site.references, site.containers) == (Listing(), Listing(), Listing())
    assert site.connection_strings == Observed(())


@pytest.mark.parametrize("part", ["appsettings", "connectionstrings", "azurestorageaccounts"])
def test_what_app_service_leaves_out_is_not_none(part: str, usual: tuple[Simulator, Snapshot]) -> None:
    """Of an app without settings every recording has `"properties": {}`; an empty object says nothing."""
    sim, _ = usual
    site: Site = bent(sim, (rf"{APP}/config/{part}/list$", lambda _: {})).site(Names(sim.subscription_id).cloud)
    held = {"appsettings": site.settings, "connectionstrings": site.connection_strings}.get(part, site.mounts)
    assert isinstance(held, Gap)
    assert held.reason is GapReason.MALFORMED


def test_a_list_elsewhere_that_is_null_was_not_seen(usual: tuple[Simulator, Snapshot]) -> None:
    sim, _ = usual
    alerts = bent(sim, (r"/metricAlerts$", told(value=None))).component(Names(sim.subscription_id).component).alerts
    assert alerts.gap is not None
    assert alerts.gap.reason is GapReason.MALFORMED


def test_a_registry_that_tells_no_login_server_is_there_all_the_same(usual: tuple[Simulator, Snapshot]) -> None:
    sim, _ = usual
    names = Names(sim.subscription_id)
    silent = bent(
        sim, (r"/registries/acrmonozu$", lambda b: {**b, "properties": {**b["properties"], "loginServer": None}})
    )
    registry = silent.registry(names.registry)
    properties, tags = need(registry.properties), registry.tags["cloud-backend"]
    assert properties is not None
    assert (properties.login_server, properties.admin_user) == (None, False)
    assert isinstance(tags, Gap)
    assert (tags.call, tags.detail) == (f"GET {names.registry}", "the answer has no loginServer")


REFERENCES = rf"{APP}/config/configreferences/appsettings$"


def prefixed(item: Json) -> Json:
    return {**item, "id": None, "name": f"app-monozu-cloud-prd/{item['name']}"}


def as_map(body: Json) -> Json:
    """The body as the portal reads it; one page of several."""
    told = {item["name"]: item["properties"] for item in body["value"]}
    return {"id": "x", "properties": {"keyToReferenceStatuses": told}, "nextLink": body.get("nextLink")}


@pytest.mark.parametrize(
    "shape", [each(prefixed), as_map, each(lambda item: {"name": item["name"], "properties": item["properties"]})]
)
def test_reference_statuses_are_read_in_every_shape(usual: tuple[Simulator, Snapshot], shape: Change) -> None:
    sim, snapshot = usual
    cloud = Names(sim.subscription_id).cloud
    seen = bent(sim, (REFERENCES, shape)).site(cloud).references
    assert seen == snapshot.site(cloud).references
    assert seen.items


def test_an_empty_version_is_none(usual: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = usual

    def unpinned(item: Json) -> Json:
        return {**item, "properties": {**item["properties"], "secretVersion": ""}}

    def silent(item: Json) -> Json:
        return {**item, "properties": {**item["properties"], "secretVersion": "", "activeVersion": ""}}

    cloud = Names(sim.subscription_id).cloud
    assert bent(sim, (REFERENCES, each(unpinned))).site(cloud).references == snapshot.site(cloud).references
    items = bent(sim, (REFERENCES, each(silent))).site(cloud).references.items
    assert {(one.version, one.active_version) for one in items} == {(None, None)}


@pytest.mark.parametrize("status", ["absent", None])
def test_a_reference_without_a_status_has_none(usual: tuple[Simulator, Snapshot], status: str | None) -> None:
    """The example of Microsoft's own specification."""
    sim, _ = usual

    def silent(item: Json) -> Json:
        kept = {"vaultName": "kv-x", "secretName": "s", "secretVersion": "1"}
        return {"id": item["id"], "properties": kept if status else {**kept, "status": None, "activeVersion": None}}

    found = bent(sim, (REFERENCES, each(silent))).site(Names(sim.subscription_id).cloud).references
    assert found.gap is None
    assert {(each.status, each.vault, each.secret, each.active_version) for each in found.items} == {
        ("", "kv-x", "s", None)
    }
    assert "SECRET_KEY" in {each.setting for each in found.items}


def test_a_reference_that_says_nothing_is_known_by_its_name(usual: tuple[Simulator, Snapshot]) -> None:
    sim, snapshot = usual
    cloud = Names(sim.subscription_id).cloud
    null = bent(sim, (REFERENCES, each(told(properties=None)))).site(cloud).references
    assert [each.setting for each in null.items] == [each.setting for each in snapshot.site(cloud).references.items]
    assert {each.status for each in null.items} == {""}
