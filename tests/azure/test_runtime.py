"""Every form of `linuxFxVersion`."""

from __future__ import annotations

import base64

import pytest

from mzaudit.azure.runtime import parse
from mzaudit.azure.values import Classifier
from mzaudit.snapshot.values import LiteralValue
from mzaudit.snapshot.web import Container, Runtime

FORMS = {
    "docker": (
        "DOCKER|acr.azurecr.io/app:1",
        Runtime("docker", containers=(Container("main", "acr.azurecr.io/app:1", True),)),
    ),
    "lower case": ("docker|nginx", Runtime("docker", containers=(Container("main", "nginx", True),))),
    "digest": ("DOCKER|r/a@sha256:12", Runtime("docker", containers=(Container("main", "r/a@sha256:12", True),))),
    "site containers": ("sitecontainers", Runtime("sitecontainers")),
    "site containers in capitals": ("SITECONTAINERS", Runtime("sitecontainers")),
    "stack": ("NODE|20-lts", Runtime("stack", stack="node")),
    "stack in mixed case": ("Python|3.10", Runtime("stack", stack="python")),
    "empty": ("", Runtime("empty")),
    "null": (None, Runtime("empty")),
    "a single space": (" ", Runtime("empty")),
}


@pytest.mark.parametrize("case", FORMS)
def test_forms(case: str) -> None:
    text, expected = FORMS[case]
    assert parse(text, Classifier()) == expected


def test_kube_says_that_it_is_not_read() -> None:
    read = parse("KUBE|YQ==", Classifier())
    assert (read.form, bool(read.problem)) == ("kube", True)


def encoded(text: str) -> str:
    return "COMPOSE|" + base64.b64encode(text.encode()).decode()


def test_compose() -> None:
    document = """
services:
  web:
    image: acr.azurecr.io/app:1
    environment: {MODE: production, PORT: 80, INHERITED: }
  collector:
    image: otel/collector
    environment:
      - DB_PASSWORD=hunter2
      - INHERITED
"""
    read = parse(encoded(document), Classifier())
    assert read.form == "compose"
    assert not read.problem
    assert read.containers == (
        Container("web", "acr.azurecr.io/app:1", True),
        Container("collector", "otel/collector", False),
    )
    assert [setting.name for setting in read.environment] == ["MODE", "PORT", "DB_PASSWORD"]
    assert all(isinstance(setting.value, LiteralValue) for setting in read.environment)
    assert "hunter2" not in repr(read)


@pytest.mark.parametrize(
    "text",
    [
        "COMPOSE|???",
        "COMPOSE|" + base64.b64encode(b"\xff\xfe").decode(),
        encoded("a: [b"),
        encoded("just text"),
        encoded("services: {}"),
        encoded("services: {web: {build: .}}"),
        encoded("services: {web: {image: x, environment: 3}}"),
        encoded("!!python/object/apply:os.system ['true']"),
        "COMPOSE|",
    ],
)
def test_a_compose_file_that_cannot_be_read_is_a_problem(text: str) -> None:
    read = parse(text, Classifier())
    assert read.form == "compose"
    assert read.problem
    assert read.containers == ()
