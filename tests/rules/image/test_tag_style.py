"""IMG-003, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.rules.image.tag_style import tag_style
from mzaudit.snapshot.observed import Listing
from mzaudit.snapshot.web import Runtime, SiteContainer
from tests.built_estate import SHA, Bend, ask, bent, gap, image, said, service, site, site_config
from tests.written import container_of

CLOUD = service("cloud")
REPOSITORY = "acrmonozu.azurecr.io/cloud-backend"
DIGEST = "sha256:" + "ab" * 32


def contained(*, cut: bool) -> tuple[Bend, ...]:
    main = SiteContainer(container_of("main", f"{REPOSITORY}:{SHA}", True), False, None)
    side = SiteContainer(container_of("otel", "acrmonozu.azurecr.io/otel:latest", False), False, None)
    return (
        site_config(CLOUD, runtime=Runtime("sitecontainers")),
        site(CLOUD, containers=Listing((side, main), gap() if cut else None)),
    )


def composed(*images: str, problem: str = "") -> Bend:
    named = tuple(container_of(f"c{number}", text, number == 0) for number, text in enumerate(images))
    return site_config(CLOUD, runtime=Runtime("compose", containers=named, problem=problem))


CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "as documented": ((), Pass, ""),
    "from anywhere": ((image(CLOUD, f"docker.io/a/b:{SHA}"),), Pass, ""),
    "with a digest": ((image(CLOUD, f"{REPOSITORY}:{SHA}@{DIGEST}"),), Pass, ""),
    "a side-car is not asked": (contained(cut=False), Pass, ""),
    "compose: the own image's tag": ((composed("nginx:latest", f"{REPOSITORY}:{SHA}"),), Pass, ""),
    "compose: the own image's tag is latest": ((composed(f"nginx:{SHA}", f"{REPOSITORY}:latest"),), Fail, "tag latest"),
    "compose: none is the own": ((composed(f"a:{SHA}", f"b:{SHA}"),), Fail, "no container that is identifiable"),
    "latest": ((image(CLOUD, f"{REPOSITORY}:latest"),), Fail, "the tag latest, which is no commit. "),
    "a branch": ((image(CLOUD, f"{REPOSITORY}:main"),), Fail, "the tag main, which is no commit. "),
    "no tag": ((image(CLOUD, REPOSITORY),), Fail, "no tag, which means latest. "),
    "in capitals": ((image(CLOUD, f"{REPOSITORY}:{SHA.upper()}"),), Fail, "which is no commit. "),
    "41 digits": ((image(CLOUD, f"{REPOSITORY}:{SHA}0"),), Fail, "which is no commit. "),
    "six digits": ((image(CLOUD, f"{REPOSITORY}:{SHA[:6]}"),), Fail, "which is no commit. "),
    "seven digits": ((image(CLOUD, f"{REPOSITORY}:{SHA[:7]}"),), Fail, "or a build number. low"),
    "39 digits": ((image(CLOUD, f"{REPOSITORY}:{SHA[:39]}"),), Fail, "or a build number. low"),
    "a digest only": ((image(CLOUD, f"{REPOSITORY}@{DIGEST}"),), Fail, "does not say the commit. low"),
    "no image reference": ((image(CLOUD, f"{REPOSITORY}:"),), Fail, "not an image reference"),
    "no container": ((site_config(CLOUD, runtime=Runtime("empty")),), Fail, "runs no container"),
    "compose: unreadable": ((composed(problem="the compose file is not YAML"),), Inconclusive, "is not YAML"),
    "site containers cut short": (contained(cut=True), Inconclusive, "forbidden"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_tag_style(case: str) -> None:
    bends, kind, words = CASES[case]
    verdict = ask(tag_style, "cloud", *bends)
    assert type(verdict) is kind
    assert words in said(verdict)


STYLED: dict[str, tuple[str, str | None, str, type, str]] = {
    "a version": ("semver", None, ":1.4.2", Pass, ""),
    "a version with its v": ("semver", None, ":v1.4.2", Pass, ""),
    "a pre-release": ("semver", None, ":2.0.0-rc.1", Pass, ""),
    "a version of two numbers": ("semver", None, ":1.4", Fail, "the tag 1.4, which is no semantic version. "),
    "a number with a zero before it": ("semver", None, ":01.4.2", Fail, "no semantic version"),
    "a commit for a version": ("semver", None, f":{SHA}", Fail, "no semantic version"),
    "a version's digest alone": ("semver", None, f"@{DIGEST}", Fail, "which does not say the version. low"),
    "like the pattern": ("release-*", None, ":release-7", Pass, ""),
    "not like the pattern": ("release-*", None, ":main", Fail, "the tag main, which is no tag like release-*. "),
    "no tag for a pattern": ("release-*", None, "", Fail, "no tag, which means latest"),
    "any": ("any", None, ":latest", NotApplicable, ""),
    "the one image": ("commit", DIGEST, f":latest@{DIGEST}", Pass, ""),
    "another image": ("commit", DIGEST, f":{SHA}", Fail, "does not run the documented image sha256:abab"),
}


@pytest.mark.parametrize("case", STYLED)
def test_the_documented_style(case: str) -> None:
    style, digest, tail, kind, words = STYLED[case]
    assert CLOUD.image is not None
    want = replace(CLOUD, image=replace(CLOUD.image, tags=style, digest=digest))
    verdict = tag_style.check(want, bent(image(CLOUD, REPOSITORY + tail)))
    assert type(verdict) is kind
    assert words in said(verdict)
