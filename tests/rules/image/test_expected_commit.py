"""IMG-006, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mzaudit.engine import Fail, Inconclusive, NotApplicable, Pass
from mzaudit.engine.evaluate import verdict_of
from mzaudit.engine.subjects import Subject
from mzaudit.rules.image.expected_commit import expected_commit
from tests.built_estate import SHA, Bend, bent, gap, image, said, service, site, site_config
from tests.written import stack_of

CLOUD = service("cloud")
REPOSITORY = "acrmonozu.azurecr.io/cloud-backend"
OTHER = "f" * 40
DIGEST = "sha256:" + "ab" * 32
# each case runs with --expect-image cloud=SHA
CASES: dict[str, tuple[tuple[Bend, ...], type, str]] = {
    "the expected one": ((), Pass, ""),
    "with a digest": ((image(CLOUD, f"{REPOSITORY}:{SHA}@{DIGEST}"),), Pass, ""),
    "from anywhere": ((image(CLOUD, f"docker.io/a/b:{SHA}"),), Pass, ""),
    "shortened": ((image(CLOUD, f"{REPOSITORY}:{SHA[:8]}"),), Pass, "the expected commit, shortened"),
    "another": ((image(CLOUD, f"{REPOSITORY}:{OTHER}"),), Fail, f"runs {OTHER}, not the expected commit {SHA}"),
    "another, shortened": ((image(CLOUD, f"{REPOSITORY}:{OTHER[:8]}"),), Fail, "not the expected commit"),
    "too short": ((image(CLOUD, f"{REPOSITORY}:{SHA[:6]}"),), Fail, "not the expected commit"),
    "latest": ((image(CLOUD, f"{REPOSITORY}:latest"),), Fail, "runs latest, not the expected"),
    "by digest only": ((image(CLOUD, f"{REPOSITORY}@{DIGEST}"),), Fail, "runs no tag"),
    "no container": ((site_config(CLOUD, runtime=stack_of("node")),), Fail, "runs no container"),
    "configuration refused": ((site(CLOUD, config=gap()),), Inconclusive, "forbidden"),
}


@pytest.mark.parametrize("case", CASES)
def test_expected_commit(case: str) -> None:
    bends, kind, words = CASES[case]
    want = replace(CLOUD, expected_commit=SHA)
    verdict = verdict_of(expected_commit, Subject("prd", "service", "cloud", want.id, want, want.where), bent(*bends))
    assert type(verdict) is kind
    assert words in said(verdict)


def test_not_applicable_without_a_commit() -> None:
    verdict = verdict_of(expected_commit, Subject("prd", "service", "cloud", CLOUD.id, CLOUD, CLOUD.where), bent())
    assert isinstance(verdict, NotApplicable)
    assert "--expect-image SERVICE=TAG" in said(verdict)
