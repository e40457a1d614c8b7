"""The registry's data plane, through the real client and its token exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from azure.containerregistry import ArtifactTagOrder, ContainerRegistryClient
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from mzaudit.simulator import Estate, SimulatedManifest, Simulator, serve
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from tests.documented_estate import build
from tests.simulator.wires import ask, credential, way

HOST = "https://acrmonozu.azurecr.io"
NEWEST = commit("cloud-backend", LATEST_COMMIT)


@contextmanager
def _client(sim: Simulator) -> Iterator[ContainerRegistryClient]:
    # An audience of the client's choice: both that of the registry and that of ARM are accepted.
    with ContainerRegistryClient(HOST, credential(sim), audience="https://management.azure.com", **way(sim)) as client:
        yield client


def test_tags_and_manifests(sim: Simulator) -> None:
    with _client(sim) as client:
        tags = list(client.list_tag_properties("cloud-backend", order_by=ArtifactTagOrder.LAST_UPDATED_ON_DESCENDING))
        assert [tag.name for tag in tags][:2] in ([NEWEST, "latest"], ["latest", NEWEST])
        assert len(tags) == LATEST_COMMIT + 2
        assert tags[-1].last_updated_on < tags[0].last_updated_on
        one = client.get_tag_properties("cloud-backend", NEWEST)
        assert client.get_manifest_properties("cloud-backend", one.digest).tags == sorted([NEWEST, "latest"])
        listed = list(client.list_manifest_properties("cloud-backend"))
        assert len(listed) == 3 * (LATEST_COMMIT + 1)  # an index, and the images of two platforms
        assert list(client.list_repository_names()) == ["cloud-backend", "ingestor", "management-backend"]
        assert client.get_repository_properties("ingestor").tag_count == LATEST_COMMIT + 2


def test_what_is_missing(sim: Simulator) -> None:
    with _client(sim) as client:
        with pytest.raises(ResourceNotFoundError, match="TAG_UNKNOWN"):
            client.get_tag_properties("cloud-backend", "absent")
        with pytest.raises(ResourceNotFoundError, match="NAME_UNKNOWN"):
            list(client.list_tag_properties("absent"))
        with pytest.raises(HttpResponseError, match="UNSUPPORTED"):
            client.delete_tag("cloud-backend", NEWEST)


def test_default_audience_is_the_registrys(sim: Simulator) -> None:
    with ContainerRegistryClient(HOST, credential(sim), **way(sim)) as client:
        assert client.get_tag_properties("cloud-backend", NEWEST).name == NEWEST


def test_nested_names_and_pages() -> None:
    estate = build("compliant")
    stamp = "2026-01-01T00:00:00.0000000Z"
    estate.images["team/app"] = {f"v{number}": SimulatedManifest(f"sha256:{number:064}", stamp) for number in range(7)}
    with serve(estate) as sim, _client(sim) as client:
        assert [tag.name for tag in client.list_tag_properties("team/app")] == [f"v{number}" for number in range(7)]
        pages = [one for one in sim.requests if one.path.endswith("/_tags") and one.status == 200]
        assert len(pages) == 3


def test_challenge(sim: Simulator) -> None:
    answer = ask(sim, f"{HOST}/acr/v1/cloud-backend/_tags", audience=None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == (
        f'Bearer realm="{HOST}/oauth2/token",service="acrmonozu.azurecr.io",'
        'scope="repository:cloud-backend:metadata_read",error="invalid_token"'
    )
    assert answer.body["errors"][0]["code"] == "UNAUTHORIZED"


def _without_right(estate: Estate) -> None:
    estate.revoke(estate.auditor.oid, "Reader")


def _abac(estate: Estate) -> None:
    registry = estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")
    registry["properties"]["roleAssignmentMode"] = "AbacRepositoryPermissions"


def _no_arm_tokens(estate: Estate) -> None:
    policies = estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")["properties"]["policies"]
    policies["azureADAuthenticationAsArmPolicy"]["status"] = "disabled"


@pytest.mark.parametrize("change", [_without_right, _abac, _no_arm_tokens])
def test_no_right_no_tags(change: object) -> None:
    estate = build("compliant")
    assert callable(change)
    change(estate)
    with serve(estate) as sim, _client(sim) as client, pytest.raises(ClientAuthenticationError):
        client.get_tag_properties("cloud-backend", NEWEST)


def test_repository_reader_in_abac_mode() -> None:
    estate = build("compliant")
    _abac(estate)
    registry = str(estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")["id"])
    estate.assign(estate.auditor.oid, "Container Registry Repository Reader", registry)
    with serve(estate) as sim, _client(sim) as client:
        assert client.get_tag_properties("cloud-backend", NEWEST).name == NEWEST


def test_firewall() -> None:
    estate = build("compliant")
    estate.named("Microsoft.ContainerRegistry/registries", "acrmonozu")["properties"]["publicNetworkAccess"] = (
        "Disabled"
    )
    with serve(estate) as sim, _client(sim) as client, pytest.raises(HttpResponseError, match="DENIED"):
        client.get_tag_properties("cloud-backend", NEWEST)
