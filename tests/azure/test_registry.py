"""The tags of a repository, and the manifest behind one, in every form in which a registry tells them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping

import pytest

from mzaudit.azure import ResourceScope
from mzaudit.azure.readers import registry_reader, web_reader
from mzaudit.azure.readers.read import ReadContext
from mzaudit.simulator import Alter, Fault, Simulator, StatusFault, serve
from mzaudit.simulator.estates.compliant import LATEST_COMMIT, commit
from mzaudit.simulator.http_messages import Json
from mzaudit.snapshot.observed import Gap, GapReason, Listing, Observed
from mzaudit.snapshot.registry import Manifest, Tag
from mzaudit.snapshot.text.image_reference import Image, parse
from tests.azure.estates import Names, pinned, read_with, take
from tests.documented_estate import build

REPOSITORY = "cloud-backend"
TAGS = rf"acrmonozu\.azurecr\.io/acr/v1/{REPOSITORY}/_tags$"
HEAD = {"registry": "acrmonozu.azurecr.io", "imageName": REPOSITORY}
ONE = {"name": "v1", "digest": "sha256:" + "0" * 64}
NONE: Observed[Listing[Tag] | None] = Observed(Listing())
SOME: Observed[Listing[Tag] | None] = Observed(Listing((Tag("v1", "sha256:" + "0" * 64, None),)))
MORE = {"Link": f'</acr/v1/{REPOSITORY}/_tags?last=v0&n=100&orderby=>; rel="next"'}
UNKNOWN = {"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]}

ANSWERS: dict[str, tuple[list[StatusFault], Observed[Listing[Tag] | None]]] = {
    "tags": ([StatusFault(200, HEAD | {"tags": [ONE]})], SOME),
    "all deleted: null": ([StatusFault(200, HEAD | {"tags": None})], NONE),
    "all deleted: no member": ([StatusFault(200, HEAD)], NONE),
    "all deleted: an empty list": ([StatusFault(200, HEAD | {"tags": []})], NONE),
    "without the repository's name": ([StatusFault(200, {"tags": [ONE]})], SOME),
    "all deleted: null alone": ([StatusFault(200, {"tags": None})], NONE),
    "an empty page before the last": (
        [StatusFault(200, HEAD | {"tags": []}, MORE), StatusFault(200, HEAD | {"tags": [ONE]})],
        SOME,
    ),
    "null in the last page": (
        [StatusFault(200, HEAD | {"tags": [ONE]}, MORE), StatusFault(200, HEAD | {"tags": None})],
        SOME,
    ),
    "an unknown repository": ([StatusFault(404, UNKNOWN)], Observed(None)),
}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with serve(build("compliant")) as made:
        yield made


def tags(sim: Simulator, *answers: StatusFault) -> Observed[Listing[Tag] | None] | Gap:
    sim.faults[:] = [Fault(TAGS, answer, nth) for nth, answer in enumerate(answers, 1)]
    scope = ResourceScope(Names(sim.subscription_id).registry, (REPOSITORY,))
    try:
        return read_with(sim, lambda run: registry_reader.registry(run, scope)).tags[REPOSITORY]
    finally:
        sim.faults.clear()


@pytest.mark.parametrize("case", ANSWERS)
def test_tags(sim: Simulator, case: str) -> None:
    answers, seen = ANSWERS[case]
    assert tags(sim, *answers) == seen


def test_the_tags_of_another_repository_are_a_gap(sim: Simulator) -> None:
    assert isinstance(tags(sim, StatusFault(200, HEAD | {"imageName": "ingestor", "tags": [ONE]})), Gap)


@pytest.mark.parametrize("body", [{}, {"value": None}, {"registry": "acrmonozu.azurecr.io"}], ids=str)
def test_an_answer_that_tells_of_no_repository_is_a_gap(sim: Simulator, body: Json) -> None:
    seen = tags(sim, StatusFault(200, body))
    assert isinstance(seen, Gap)
    assert seen.reason is GapReason.MALFORMED


@pytest.mark.parametrize("host", ["acrmonozu.azurecr.cn", "acrmonozu.azurecr.io.example.com", "localhost", "a/b"])
def test_no_token_is_sent_to_a_host_outside_the_clouds_own_domain(sim: Simulator, host: str) -> None:
    here = r"registries/acrmonozu$"
    sim.faults[:] = [Fault(here, Alter(lambda body: body | {"properties": body["properties"] | {"loginServer": host}}))]
    before = len(sim.requests)
    scope = ResourceScope(Names(sim.subscription_id).registry, (REPOSITORY,))
    seen = read_with(sim, lambda run: registry_reader.registry(run, scope))
    sim.faults.clear()
    assert isinstance(seen.properties, Gap)
    assert seen.tags[REPOSITORY] == seen.properties
    assert {one.host for one in sim.requests[before:]} == {"management.azure.com", "login.microsoftonline.com"}


def test_a_repository_whose_tags_were_all_deleted() -> None:
    estate = build("compliant")
    estate.images[REPOSITORY].clear()
    with serve(estate) as sim:
        assert tags(sim) == NONE


SHA = commit(REPOSITORY, LATEST_COMMIT)
INDEX = build("compliant").images[REPOSITORY][SHA]
BEHIND = rf"acrmonozu\.azurecr\.io/acr/v1/{REPOSITORY}/_manifests/"
DOCKER, OCI = "application/vnd.docker.distribution.manifest", "application/vnd.oci.image"
ELSEWHERE = "sha256:" + "1" * 64


def described(kind: str, **members: object) -> StatusFault:
    return StatusFault(200, HEAD | {"manifest": {"digest": INDEX.digest, "mediaType": kind} | members})


MANIFESTS: dict[str, tuple[tuple[StatusFault, ...], Observed[Manifest | None] | GapReason]] = {
    "an index, as the simulator tells it": ((), Observed(Manifest(INDEX.platforms))),
    "an index of OCI's": (
        (described(f"{OCI}.index.v1+json", references=[{"digest": ELSEWHERE, "os": "linux"}, None]),),
        Observed(Manifest((ELSEWHERE,))),
    ),
    "an index that may hold another": (
        (described(f"{OCI}.index.v1+json", references=[{"digest": ELSEWHERE, "os": None, "architecture": ""}]),),
        Observed(Manifest((ELSEWHERE,), nested=True)),
    ),
    "an image": ((described(f"{DOCKER}.v2+json"),), Observed(Manifest(()))),
    "an image of OCI's, null": ((described(f"{OCI}.manifest.v1+json", references=None),), Observed(Manifest(()))),
    "an index without its platforms": ((described(f"{DOCKER}.list.v2+json"),), Observed(Manifest(None))),
    "an index of no platforms": ((described(f"{OCI}.index.v1+json", references=[]),), Observed(Manifest(None))),
    "no media type": ((described(""),), Observed(Manifest(None))),
    "gone": ((StatusFault(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]}),), Observed(None)),
    "refused": ((StatusFault(403, {"errors": [{"code": "DENIED"}]}),), GapReason.FORBIDDEN),
    "another manifest": ((described(f"{DOCKER}.v2+json", digest=ELSEWHERE),) * 2, GapReason.CONTRADICTED),
    "a reference without a digest": ((described(f"{DOCKER}.list.v2+json", references=[{}]),), GapReason.MALFORMED),
}


def manifests(sim: Simulator, *references: str) -> Mapping[str, Observed[Manifest | None] | Gap]:
    images = [image for image in map(parse, references) if isinstance(image, Image)]
    assert len(images) == len(references)

    async def read(run: ReadContext) -> Mapping[str, Observed[Manifest | None] | Gap]:
        scope = ResourceScope(Names(sim.subscription_id).registry, (REPOSITORY,))
        reading = asyncio.ensure_future(registry_reader.registry(run, scope))
        return (await registry_reader.with_manifests(run, reading, images)).manifests

    return read_with(sim, read)


@pytest.mark.parametrize("case", MANIFESTS)
def test_the_manifest_behind_a_tag(sim: Simulator, case: str) -> None:
    answers, told = MANIFESTS[case]
    sim.faults[:] = [Fault(BEHIND, answer, nth) for nth, answer in enumerate(answers, 1)]
    try:
        found = manifests(sim, f"acrmonozu.azurecr.io/{REPOSITORY}:{SHA}@{ELSEWHERE}")
    finally:
        sim.faults.clear()
    (seen,) = found.values()
    assert found.keys() == {f"{REPOSITORY}@{INDEX.digest}"}
    assert (seen.reason if isinstance(seen, Gap) else seen) == told
    assert not isinstance(seen, Gap) or f"/acr/v1/{REPOSITORY}/_manifests/sha256" in seen.call


UNASKED = (
    f"acrmonozu.azurecr.io/{REPOSITORY}",
    f"acrmonozu.azurecr.io/{REPOSITORY}:{SHA}",
    f"acrmonozu.azurecr.io/{REPOSITORY}@{ELSEWHERE}",
    f"acrmonozu.azurecr.io/{REPOSITORY}:{SHA}@{INDEX.digest}",
    f"acrmonozu.azurecr.io/{REPOSITORY}:absent@{ELSEWHERE}",
    f"acrmonozu.azurecr.io/other:{SHA}@{ELSEWHERE}",
    f"docker.io/{REPOSITORY}:{SHA}@{ELSEWHERE}",
)


def test_no_manifest_is_read_but_where_tag_and_digest_differ(sim: Simulator) -> None:
    before = len(sim.requests)
    assert manifests(sim, *UNASKED) == {}
    assert not [one.path for one in sim.requests[before:] if "_manifests" in one.path]


def test_a_manifest_is_read_once_for_the_apps_of_every_form() -> None:
    """An app of docker, and one of site containers; in the region's name of the registry too."""
    estate = build("compliant")
    image = pinned(estate)
    names = Names(estate.subscriptions[0])
    estate.site_config("app-monozu-ingest-prd")["linuxFxVersion"] = "sitecontainers"
    held = {"image": image.replace(".azurecr.io", ".westeurope.geo.azurecr.io"), "isMain": True}
    at = f"{names.ingest}/sitecontainers/main"
    estate.site_containers[names.ingest.casefold()] = [
        {"id": at, "name": "main", "type": "Microsoft.Web/sites/sitecontainers", "properties": held}
    ]
    with serve(estate) as sim:
        seen = take(sim)
        assert len([one for one in sim.requests if "_manifests" in one.path]) == 1
    assert [image.host for image in web_reader.images(seen.site(names.ingest))] == [
        "acrmonozu.westeurope.geo.azurecr.io"
    ]
    assert seen.registry(names.registry).manifests == {
        f"{REPOSITORY}@{INDEX.digest}": Observed(Manifest(INDEX.platforms))
    }
