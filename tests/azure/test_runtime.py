"""Every form of `linuxFxVersion`."""

from __future__ import annotations

import base64

import pytest

from mzaudit.azure.text.linux_fx_version import parse
from mzaudit.azure.text.sealed_values import Classifier
from mzaudit.snapshot.values import LiteralValue
from mzaudit.snapshot.web import Runtime
from tests.written import container_of, stack_of

DIGEST = "sha256:" + "0123456789abcdef" * 4
FORMS = {
    "docker": (
        "DOCKER|acr.azurecr.io/app:1",
        Runtime("docker", containers=(container_of("main", "acr.azurecr.io/app:1", True),)),
    ),
    "lower case": ("docker|nginx", Runtime("docker", containers=(container_of("main", "nginx", True),))),
    "digest": (f"DOCKER|r/a@{DIGEST}", Runtime("docker", containers=(container_of("main", f"r/a@{DIGEST}", True),))),
    "site containers": ("sitecontainers", Runtime("sitecontainers")),
    "site containers in capitals": ("SITECONTAINERS", Runtime("sitecontainers")),
    "stack": ("NODE|20-lts", stack_of("node", "20-lts")),
    "stack in mixed case": ("Python|3.10", stack_of("python", "3.10")),
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
        container_of("web", "acr.azurecr.io/app:1", True),
        container_of("collector", "otel/collector", False),
    )
    assert [setting.name for setting in read.environment] == ["MODE", "PORT", "DB_PASSWORD"]
    assert all(isinstance(setting.value, LiteralValue) for setting in read.environment)
    assert "hunter2" not in repr(read)


def test_a_compose_file_may_be_wrapped() -> None:
    """`base64` breaks its lines, and .NET's decoder takes them."""
    document = f"services: {{web: {{image: acr.azurecr.io/{'app' * 40}:1}}}}"
    wrapped = "COMPOSE|" + base64.encodebytes(document.encode()).decode()
    assert "\n" in wrapped.strip()
    assert parse(wrapped, Classifier()) == parse(encoded(document), Classifier())


def test_a_variable_that_hands_on_an_app_setting_holds_no_value() -> None:
    document = "services: {web: {image: x, environment: {A: $A, B: '${DB_PASSWORD}', C: '${D:-hunter2}', E: 'x$A'}}}"
    assert [setting.name for setting in parse(encoded(document), Classifier()).environment] == ["C", "E"]


def merges(step: str, depth: int) -> str:
    """Each mapping is made of the one before it, in full, twice."""
    steps = (f"x{n}: &a{n} {{{step.format(n - 1)}, k{n}: v}}" for n in range(1, depth))
    last = f"services: {{web: {{image: x, environment: *a{depth - 1}}}}}"
    return "\n".join(("x0: &a0 {k0: v}", *steps, last))


def test_aliases_and_merges_are_read() -> None:
    document = """
x-common: &common
  image: nginx
  environment: &shared {MODE: production, LEVEL: info}
services:
  web: *common
  worker:
    <<: *common
    image: acr.azurecr.io/worker:1
    environment: {<<: *shared, LEVEL: debug}
"""
    read = parse(encoded(document), Classifier())
    assert [(each.name, each.image) for each in read.containers] == [
        ("web", "nginx"),
        ("worker", "acr.azurecr.io/worker:1"),
    ]
    assert [setting.name for setting in read.environment] == ["MODE", "LEVEL", "MODE", "LEVEL"]


@pytest.mark.parametrize(
    "value", ["!!int ''", "!!float ''", "!!bool x", "!!int x", "!!timestamp x", "!!binary '?'", "!x y"]
)
def test_a_tag_makes_no_value(value: str) -> None:
    read = parse(encoded(f"services: {{web: {{image: nginx, environment: {{A: {value}, C: 1}}}}}}"), Classifier())
    assert not read.problem
    assert [setting.name for setting in read.environment] == ["A", "C"]
    assert parse(encoded(f"{{x: {value}, services: {{web: {{image: nginx}}}}}}"), Classifier()).containers


def test_brackets_are_counted_before_the_scanner_looks_back_at_each() -> None:
    """Nineteen hundred took six seconds."""
    document = f"a: {'[' * 501}{']' * 501}\nservices: {{web: {{image: x}}}}"
    assert parse(encoded(document), Classifier()).problem == "the compose file has too many brackets"
    assert parse(encoded(document.replace("[" * 501, "[" * 100).replace("]" * 501, "]" * 100)), Classifier()).containers


def test_aliases_that_would_be_gigabytes_are_not_copied() -> None:
    steps = (f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))
    document = "\n".join(("x0: &a0 [v]", *steps, "services: {web: {image: nginx}}"))
    assert parse(encoded(document), Classifier()).containers == (container_of("web", "nginx", True),)


# A hundred services with one environment, written once.
REPEATED = "x: &e {}\nservices:\n" + "".join(
    f"  s{number}: {{{{image: x, environment: *e}}}}\n" for number in range(100)
)


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
        encoded("services: {web: {image: }}"),
        encoded("services: {web: {image: [x]}}"),
        encoded("services: {web: {image: x, image: y}}"),
        encoded("services: {web: {image: x, environment: {A: {B: c}}}}"),
        encoded("services: {web: {image: x, environment: [[A]]}}"),
        encoded("services: {? [web] : {image: x}}"),
        encoded("services: {web: {<<: x, image: y}}"),
        encoded("services: &s {<<: *s, web: {image: y}}"),
        encoded("services: *nowhere"),
        encoded("a: 1\n---\nb: 2"),
        encoded("%YAML 9.9\n---\na: 1"),
        encoded("services: " + "[" * 40_000),
        encoded("services: " + "{a: " * 10_000),
        encoded("- " * 20_000),
        encoded("services: {web: {image: x}}" + " " * 100_000),
        encoded(merges("<<: [*a{0}, *a{0}]", 60)),
        encoded(REPEATED.format(f"[{'A=1, ' * 1_000}]")),
        encoded(REPEATED.format(f"{{A: {'x' * 20_000}}}")),
        encoded(f"a: &a {{}}\nb: &b {{<<: [{'*a,' * 7_500}]}}\nservices: {{<<: [{'*b,' * 7_500}], web: {{image: x}}}}"),
        "COMPOSE|",
    ],
)
def test_a_compose_file_that_cannot_be_read_is_a_problem(text: str) -> None:
    read = parse(text, Classifier())
    assert read.form == "compose"
    assert read.problem
    assert read.containers == ()
