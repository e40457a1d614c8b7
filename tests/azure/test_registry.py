"""The tags of a repository in every form in which a registry tells them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mzaudit.azure import RegistryScope, registry
from mzaudit.simulator import Alter, Fault, Simulator, Status, build, serve
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.registry import Tag
from tests.azure.estates import Names, read_with

REPOSITORY = "cloud-backend"
TAGS = rf"acrmonozu\.azurecr\.io/acr/v1/{REPOSITORY}/_tags$"
HEAD = {"registry": "acrmonozu.azurecr.io", "imageName": REPOSITORY}
ONE = {"name": "v1", "digest": "sha256:" + "0" * 64}
NONE: Observed[Listing[Tag] | None] = Observed(Listing())
SOME: Observed[Listing[Tag] | None] = Observed(Listing((Tag("v1", "sha256:" + "0" * 64, None),)))
MORE = {"Link": f'</acr/v1/{REPOSITORY}/_tags?last=v0&n=100&orderby=>; rel="next"'}
UNKNOWN = {"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]}

ANSWERS: dict[str, tuple[list[Status], Observed[Listing[Tag] | None]]] = {
    "tags": ([Status(200, HEAD | {"tags": [ONE]})], SOME),
    "all deleted: null": ([Status(200, HEAD | {"tags": None})], NONE),
    "all deleted: no member": ([Status(200, HEAD)], NONE),
    "all deleted: an empty list": ([Status(200, HEAD | {"tags": []})], NONE),
    "without the repository's name": ([Status(200, {"tags": [ONE]})], SOME),
    "an empty page before the last": (
        [Status(200, HEAD | {"tags": []}, MORE), Status(200, HEAD | {"tags": [ONE]})],
        SOME,
    ),
    "null in the last page": ([Status(200, HEAD | {"tags": [ONE]}, MORE), Status(200, HEAD | {"tags": None})], SOME),
    "an unknown repository": ([Status(404, UNKNOWN)], Observed(None)),
}


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with serve(build("compliant")) as made:
        yield made


def tags(sim: Simulator, *answers: Status) -> Observed[Listing[Tag] | None] | Gap:
    sim.faults[:] = [Fault(TAGS, answer, nth) for nth, answer in enumerate(answers, 1)]
    scope = RegistryScope(Names(sim.subscription_id).registry, (REPOSITORY,))
    try:
        return read_with(sim, lambda run: registry.registry(run, scope)).tags[REPOSITORY]
    finally:
        sim.faults.clear()


@pytest.mark.parametrize("case", ANSWERS)
def test_tags(sim: Simulator, case: str) -> None:
    answers, seen = ANSWERS[case]
    assert tags(sim, *answers) == seen


def test_the_tags_of_another_repository_are_a_gap(sim: Simulator) -> None:
    assert isinstance(tags(sim, Status(200, HEAD | {"imageName": "ingestor", "tags": [ONE]})), Gap)


@pytest.mark.parametrize("host", ["acrmonozu.azurecr.cn", "acrmonozu.azurecr.io.example.com", "localhost", "a/b"])
def test_no_token_is_sent_to_a_host_outside_the_clouds_own_domain(sim: Simulator, host: str) -> None:
    here = r"registries/acrmonozu$"
    sim.faults[:] = [Fault(here, Alter(lambda body: body | {"properties": body["properties"] | {"loginServer": host}}))]
    before = len(sim.requests)
    scope = RegistryScope(Names(sim.subscription_id).registry, (REPOSITORY,))
    seen = read_with(sim, lambda run: registry.registry(run, scope))
    sim.faults.clear()
    assert isinstance(seen.properties, Gap)
    assert seen.tags[REPOSITORY] == seen.properties
    assert {one.host for one in sim.requests[before:]} == {"management.azure.com", "login.microsoftonline.com"}


def test_a_repository_whose_tags_were_all_deleted() -> None:
    estate = build("compliant")
    estate.images[REPOSITORY].clear()
    with serve(estate) as sim:
        assert tags(sim) == NONE
