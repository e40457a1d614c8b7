"""Parses `linuxFxVersion`: which containers an app runs, in any of the forms that App Service knows."""

from __future__ import annotations

from mzaudit.azure.text import compose_file
from mzaudit.azure.text.sealed_values import Classifier, Sealed
from mzaudit.snapshot.text import shown
from mzaudit.snapshot.web import Container, Runtime, Setting


def parse(text: str | None, classifier: Classifier) -> Runtime:
    """The runtime that a configuration names; white space alone counts as empty."""
    bare = (text or "").strip()
    prefix, pipe, rest = bare.partition("|")
    match prefix.casefold():
        case "":
            return Runtime("empty", problem="text without a form" if pipe else "")
        case "sitecontainers":
            return Runtime("sitecontainers")
        case "docker" if pipe:
            return Runtime("docker", containers=(Container(shown.name("main"), shown.image(rest.strip()), True),))
        case "compose" if pipe:
            return _compose(rest.strip(), classifier)
        case "kube" if pipe:
            return Runtime("kube", problem="Kubernetes configurations are not read")
        case _:
            return stack(prefix, rest)


def stack(name: str, version: str) -> Runtime:
    """A runtime stack and its version."""
    told = shown.name(version.strip()) if version.strip() else shown.NOTHING
    return Runtime("stack", stack=shown.stack(name), version=told)


def _compose(encoded: str, classifier: Classifier) -> Runtime:
    try:
        found = compose_file.services(encoded)
    except compose_file.ComposeError as error:
        return Runtime("compose", problem=str(error))
    containers = tuple(
        Container(shown.name(each.name), shown.image(each.image), number == 0) for number, each in enumerate(found)
    )
    variables = [pair for each in found for pair in each.environment]
    return Runtime(
        "compose",
        containers=containers,
        environment=tuple(Setting(shown.name(name), classifier.setting(Sealed(value))) for name, value in variables),
    )
