"""IMG-004, case by case."""

from __future__ import annotations

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules import load
from mzaudit.rules.image.tag_exists import tag_exists
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.registry import Manifest, Tag
from tests.built_estate import SHA, TAKEN, Bend, ask, findings, gap, image, registry, said, service, site

CLOUD = service("cloud")
REPOSITORY = "acrmonozu.azurecr.io/cloud-backend"
DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


def tags(*names: str, digest: str | None = DIGEST, cut: bool = False) -> Bend:
    listing = Listing(tuple(Tag(name, digest, TAKEN) for name in names), gap() if cut else None)
    return repository(Observed(listing))


def behind(*platforms: str, listed: str = OTHER) -> Bend:
    return manifest(Observed(Manifest(platforms)), listed)


def manifest(facet: Observed[Manifest | None] | Gap, listed: str = OTHER) -> Bend:
    return registry(CLOUD, manifests={f"{CLOUD.repository}@{listed}": facet})


def repository(facet: Observed[Listing[Tag] | None] | Gap) -> Bend:
    return registry(CLOUD, tags={CLOUD.repository: facet})


PINNED = (image(CLOUD, f"{REPOSITORY}:{SHA}@{DIGEST}"), tags(SHA, digest=OTHER))

CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "among others": ((tags("old", SHA, "latest"),), Pass, ""),
    "seen before the list ends": ((tags(SHA, cut=True),), Pass, ""),
    "deleted": ((tags("old"),), Fail, f"The tag {SHA} that app-monozu-cloud-prd runs is not in"),
    "no tag left": ((tags(),), Fail, "is not in the repository"),
    "in another case": ((tags(SHA.upper()),), Fail, "is not in the repository"),
    "no tag means latest": ((image(CLOUD, REPOSITORY), tags("latest")), Pass, ""),
    "no tag and no latest": ((image(CLOUD, REPOSITORY), tags(SHA)), Fail, "The tag latest"),
    "tag and digest agree": ((image(CLOUD, f"{REPOSITORY}:{SHA}@{DIGEST}"),), Pass, ""),
    "the digest is one platform's of the tag's index": ((*PINNED, behind("sha256:" + "ef" * 32, DIGEST)), Pass, ""),
    "the digest is none of the tag's index: moved": (
        (*PINNED, behind("sha256:" + "ef" * 32)),
        Fail,
        f"The tag {SHA} was moved",
    ),
    "the digest is not the image's that the tag names: moved": ((*PINNED, behind()), Fail, f"The tag {SHA} was moved"),
    "no tag is latest, moved": (
        (image(CLOUD, f"{REPOSITORY}:latest@{DIGEST}"), tags("latest", digest=OTHER), behind()),
        Fail,
        "The tag latest was moved",
    ),
    "the manifest of another digest was seen": (
        (*PINNED, behind(DIGEST, listed="sha256:" + "ef" * 32)),
        Inconclusive,
        f"not-collected GET manifest cloud-backend@{OTHER}",
    ),
    "an index that holds another": (
        (*PINNED, manifest(Observed(Manifest(("sha256:" + "ef" * 32,), nested=True)))),
        Inconclusive,
        "the index may hold another one",
    ),
    "an index that holds another, and the digest": (
        (*PINNED, manifest(Observed(Manifest((DIGEST,), nested=True)))),
        Pass,
        "",
    ),
    "the manifest refused": ((*PINNED, manifest(gap())), Inconclusive, "forbidden"),
    "the manifest gone": ((*PINNED, manifest(Observed(None))), Inconclusive, f"GET manifest cloud-backend@{OTHER}"),
    "Azure silent on an index' platforms": (
        (*PINNED, manifest(Observed(Manifest(None)))),
        Inconclusive,
        "has no references",
    ),
    "Azure silent on the tag's digest": (
        (image(CLOUD, f"{REPOSITORY}:{SHA}@{DIGEST}"), tags(SHA, digest=None)),
        Inconclusive,
        f"at what {SHA} points",
    ),
    "by digest only": ((image(CLOUD, f"{REPOSITORY}@{DIGEST}"),), NotApplicable, "no tag to look for"),
    "the repository is not there": ((repository(Observed(None)),), Fail, "has no repository cloud-backend"),
    "from a host of a region": ((image(CLOUD, f"acrmonozu.westeurope.geo.azurecr.io/cloud-backend:{SHA}"),), Pass, ""),
    "from a host of a region, deleted": (
        (image(CLOUD, f"acrmonozu.westeurope.geo.azurecr.io/cloud-backend:{SHA}"), tags("old")),
        Fail,
        "is not in the repository",
    ),
    "from another registry": (
        (image(CLOUD, f"docker.io/a/b:{SHA}"),),
        Fail,
        "is not one of acrmonozu.azurecr.io/cloud",
    ),
    "not seen, and the list cut short": ((tags("old", cut=True),), Inconclusive, "forbidden"),
    "tags refused": ((repository(gap()),), Inconclusive, "forbidden"),
    "tags not asked for": ((registry(CLOUD, tags={}),), Inconclusive, "not-collected"),
    "registry refused": ((registry(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_tag_exists(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(tag_exists, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


def test_a_deleted_tag_is_one_finding() -> None:
    failed = [f.rule for f in findings(load(), tags()) if f.status.value == "fail"]
    assert failed == ["IMG-004"]
