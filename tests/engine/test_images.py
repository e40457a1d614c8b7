"""Image references, by Docker's grammar, and commit tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mzaudit.facts.image_tags import is_of, is_short_commit
from mzaudit.snapshot.text.image_reference import Image, parse

SHA = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "ab" * 32
REFERENCES: dict[str, Image | None] = {
    f"acrmonozu.azurecr.io/cloud-backend:{SHA}": Image("acrmonozu.azurecr.io", "cloud-backend", SHA, None),
    "ACRMonozu.azurecr.io/team/cloud-backend:1": Image("acrmonozu.azurecr.io", "team/cloud-backend", "1", None),
    "acrmonozu.azurecr.io:443/a:1": Image("acrmonozu.azurecr.io", "a", "1", None),
    "acrmonozu.azurecr.io:5000/a:1": Image("acrmonozu.azurecr.io:5000", "a", "1", None),
    "acrmonozu-a1b2.azurecr.io/a": Image("acrmonozu-a1b2.azurecr.io", "a", None, None),
    f"acrmonozu.azurecr.io/a@{DIGEST}": Image("acrmonozu.azurecr.io", "a", None, DIGEST),
    f"acrmonozu.azurecr.io/a:v1@{DIGEST}": Image("acrmonozu.azurecr.io", "a", "v1", DIGEST),
    "localhost/a:1": Image("localhost", "a", "1", None),
    "localhost:5000/a/b:1": Image("localhost:5000", "a/b", "1", None),
    "nginx": Image("docker.io", "library/nginx", None, None),
    "nginx:1": Image("docker.io", "library/nginx", "1", None),
    "monozu/ingestor:1": Image("docker.io", "monozu/ingestor", "1", None),
    "docker.io/monozu/ingestor:1": Image("docker.io", "monozu/ingestor", "1", None),
    "docker.io/nginx": Image("docker.io", "library/nginx", None, None),
    "index.docker.io/nginx": Image("docker.io", "library/nginx", None, None),
    "registry-1.docker.io/library/nginx": Image("docker.io", "library/nginx", None, None),
    "acrmonozu.azurecr.io/a_b/c--d:T.a-g_1": Image("acrmonozu.azurecr.io", "a_b/c--d", "T.a-g_1", None),
    "": None,
    "acrmonozu.azurecr.io/": None,
    "acrmonozu.azurecr.io/a:": None,
    "acrmonozu.azurecr.io/a@": None,
    "acrmonozu.azurecr.io/a@sha256:short": None,
    "acrmonozu.azurecr.io/Upper:1": None,
    "https://acrmonozu.azurecr.io/a:1": None,
    "acrmonozu.azurecr.io/a:1:2": None,
    "acrmonozu.azurecr.io/a b:1": None,
    f"acrmonozu.azurecr.io/a:{'x' * 129}": None,
    "acrmonozu.azurecr.io//a:1": None,
    "nginx:1\n": None,
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_parse(reference: str) -> None:
    assert parse(reference) == REFERENCES[reference]


@pytest.mark.parametrize(
    ("tag", "whole", "short"),
    [
        (SHA, True, False),
        (SHA.upper(), False, False),
        (SHA + "0", False, False),
        (SHA[:39], False, True),
        (SHA[:7], False, True),
        ("1234567", False, True),
        (SHA[:6], False, False),
        ("latest", False, False),
        (SHA + "\n", False, False),
    ],
)
def test_commit(tag: str, whole: bool, short: bool) -> None:
    assert (is_of("commit", tag), is_short_commit(tag)) == (whole, short)


@pytest.mark.slow
@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    image = parse(text)
    assert image is None or (image.host and image.repository)
