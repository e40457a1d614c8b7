"""IMG-005, case by case."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.image.latest_deployed import latest_deployed
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.registry import Manifest, Tag
from tests.built_estate import SHA, TAKEN, Bend, ask, bent, gap, image, registry, said, service, site

CLOUD = service("cloud")
REPOSITORY = "acrmonozu.azurecr.io/cloud-backend"
NEXT = "f" * 40


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def pushed(name: str, day: int | None, number: int) -> Tag:
    return Tag(name, digest(number), None if day is None else TAKEN + timedelta(days=day))


def tags(*items: Tag, cut: bool = False) -> Bend:
    return repository(Observed(Listing(items, gap() if cut else None)))


def repository(facet: Observed[Listing[Tag] | None] | Gap) -> Bend:
    return registry(CLOUD, tags={CLOUD.repository: facet})


def behind(number: int, *platforms: int) -> dict[str, Observed[Manifest | None] | Gap]:
    return {f"{CLOUD.repository}@{digest(number)}": Observed(Manifest(tuple(digest(each) for each in platforms)))}


def pinned(tag: str, *items: Tag, manifests: dict[str, Observed[Manifest | None] | Gap]) -> tuple[Bend, ...]:
    """The tag runs with the digest 3, which is no tag's own."""
    return image(CLOUD, f"{REPOSITORY}:{tag}@{digest(3)}"), tags(*items), registry(CLOUD, manifests=manifests)


RUNNING = pushed(SHA, -9, 1)


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "older ones before it": ((tags(pushed(NEXT, -10, 2), RUNNING),), Pass, ""),
    "a later one, listed first": ((tags(pushed(NEXT, -8, 2), RUNNING),), Fail, f"{NEXT} was pushed later"),
    "a later one, listed last": ((tags(RUNNING, pushed(NEXT, -8, 2)),), Fail, f"{NEXT} was pushed later"),
    "a later one, list cut short": ((tags(RUNNING, pushed(NEXT, -8, 2), cut=True),), Fail, "was pushed later"),
    "pushed at the same time": ((tags(RUNNING, pushed(NEXT, -9, 2)),), Pass, ""),
    "a later commit of the same image": ((tags(RUNNING, pushed(NEXT, -8, 1)),), Pass, ""),
    "a later tag that is no commit": ((tags(RUNNING, pushed("latest", -8, 2), pushed("1234567", -8, 3)),), Pass, ""),
    "shortened, the last": ((image(CLOUD, f"{REPOSITORY}:abcdef0"), tags(pushed("abcdef0", -1, 1), RUNNING)), Pass, ""),
    "shortened, a later shortened one": (
        (image(CLOUD, f"{REPOSITORY}:abcdef0"), tags(pushed("abcdef0", -2, 1), pushed("abcdef1", -1, 2))),
        Fail,
        "abcdef1 was pushed later",
    ),
    "by digest, the last": ((image(CLOUD, f"{REPOSITORY}@{digest(1)}"), tags(RUNNING, pushed(NEXT, -10, 2))), Pass, ""),
    "by digest, not the last": (
        (image(CLOUD, f"{REPOSITORY}@{digest(1)}"), tags(RUNNING, pushed("latest", -7, 1), pushed(NEXT, -8, 2))),
        Fail,
        f"{NEXT} was pushed later",
    ),
    "by digest, which no commit has": (
        (image(CLOUD, f"{REPOSITORY}@{digest(3)}"), tags(RUNNING)),
        Inconclusive,
        "one platform's image",
    ),
    "one platform's of the tag's index, the last": (
        pinned(SHA, RUNNING, pushed(NEXT, -10, 2), manifests=behind(1, 4, 3)),
        Pass,
        "",
    ),
    "one platform's of the tag's index, not the last": (
        pinned(SHA, RUNNING, pushed(NEXT, -8, 2), manifests=behind(1, 3, 4)),
        Fail,
        f"{NEXT} was pushed later",
    ),
    "one platform's of latest, which is a commit's index": (
        pinned("latest", pushed("latest", -9, 1), RUNNING, manifests=behind(1, 3)),
        Pass,
        "",
    ),
    "the tag was moved": (pinned(SHA, RUNNING, manifests=behind(1, 4)), Inconclusive, "no commit's tag is known"),
    "the tag's manifest refused": (
        pinned(SHA, RUNNING, manifests={f"{CLOUD.repository}@{digest(1)}": gap()}),
        Inconclusive,
        "forbidden",
    ),
    "by digest, without any commit": ((image(CLOUD, f"{REPOSITORY}@{digest(3)}"), tags()), Fail, "no tag of"),
    "by digest, list cut short": (
        (image(CLOUD, f"{REPOSITORY}@{digest(1)}"), tags(RUNNING, cut=True)),
        Inconclusive,
        "forbidden",
    ),
    "the digest counts, not the tag before it": (
        (image(CLOUD, f"{REPOSITORY}:{NEXT}@{digest(1)}"), tags(RUNNING, pushed(NEXT, -8, 2))),
        Fail,
        f"{NEXT} was pushed later",
    ),
    "latest": (
        (image(CLOUD, f"{REPOSITORY}:latest"), tags(pushed("latest", -1, 1), RUNNING)),
        Fail,
        "tag is not a commit",
    ),
    "not in the registry": ((tags(pushed(NEXT, -8, 2)),), Fail, "no tag of the registry points at it"),
    "no repository": ((repository(Observed(None)),), Fail, "does not know its repository"),
    "from another registry": ((image(CLOUD, f"docker.io/a/b:{SHA}"),), Fail, "is not one of"),
    "list cut short": ((tags(RUNNING, cut=True),), Inconclusive, "forbidden"),
    "not in the part seen": ((tags(pushed(NEXT, -8, 2), cut=True),), Inconclusive, "forbidden"),
    "Azure silent on a time": ((tags(RUNNING, pushed(NEXT, None, 2)),), Inconclusive, f"when {NEXT} was pushed"),
    "tags refused": ((repository(gap()),), Inconclusive, "forbidden"),
    "registry refused": ((registry(CLOUD, properties=gap()),), Inconclusive, "forbidden"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_latest_deployed(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(latest_deployed, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


# The style, the running tag, all tags; pushed by day.
STYLED: dict[str, tuple[str, str, tuple[Tag, ...], type, str]] = {
    "the highest version": ("semver", "1.10.0", (pushed("1.9.0", -1, 1), pushed("1.10.0", -5, 2)), Pass, ""),
    "a higher version": (
        "semver",
        "1.9.0",
        (pushed("1.9.0", -1, 1), pushed("v1.10.0", -5, 2)),
        Fail,
        "does not run the newest image: v1.10.0 is a higher version",
    ),
    "a higher version of the same image": (
        "semver",
        "1.9.0",
        (pushed("1.9.0", -1, 1), pushed("2.0.0", -1, 1)),
        Pass,
        "",
    ),
    "a pre-release beside a release": (
        "semver",
        "1.9.0",
        (pushed("1.9.0", -1, 1), pushed("2.0.0-rc.1", 0, 2)),
        Pass,
        "",
    ),
    "a pre-release, and the next": (
        "semver",
        "2.0.0-rc.2",
        (pushed("2.0.0-rc.2", -1, 1), pushed("2.0.0-rc.10", 0, 2)),
        Fail,
        "2.0.0-rc.10 is a higher version",
    ),
    "a pre-release, and its release": (
        "semver",
        "2.0.0-rc.2",
        (pushed("2.0.0-rc.2", -1, 1), pushed("2.0.0", -9, 2)),
        Fail,
        "2.0.0 is a higher version",
    ),
    "a commit among versions": ("semver", "1.9.0", (pushed("1.9.0", -5, 1), RUNNING), Pass, ""),
    "the last like the pattern": ("v*", "v3", (pushed("v2", -5, 2), pushed("v3", -3, 1), RUNNING), Pass, ""),
    "a later one like the pattern": (
        "v*",
        "v2",
        (pushed("v2", -5, 2), pushed("v3", -3, 1)),
        Fail,
        "v3 was pushed later",
    ),
    "any": ("any", "latest", (RUNNING,), NotApplicable, ""),
}


@pytest.mark.parametrize("case", STYLED)
def test_the_newest_of_the_documented_style(case: str) -> None:
    style, running, held, kind, words = STYLED[case]
    assert CLOUD.image is not None
    want = replace(CLOUD, image=replace(CLOUD.image, tags=style))
    verdict = latest_deployed.check(want, bent(image(CLOUD, f"{REPOSITORY}:{running}"), tags(*held)))
    assert type(verdict) is kind
    assert words in said(verdict)


def test_the_one_image_has_no_newer_one() -> None:
    assert CLOUD.image is not None
    want = replace(CLOUD, image=replace(CLOUD.image, digest=digest(1)))
    assert isinstance(latest_deployed.check(want, bent(tags(RUNNING, pushed(NEXT, -8, 2)))), NotApplicable)
