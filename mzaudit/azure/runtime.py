"""Parses `linuxFxVersion`: which containers an app runs, in any of the forms that App Service knows."""

from __future__ import annotations

import base64
import binascii

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mzaudit.azure.values import Classifier, Sealed
from mzaudit.snapshot.web import Container, Runtime, Setting

_LARGEST = 256 * 1024


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
            return Runtime("docker", containers=(Container("main", rest.strip(), True),))
        case "compose" if pipe:
            return _compose(rest.strip(), classifier)
        case "kube" if pipe:
            return Runtime("kube", problem="Kubernetes configurations are not read")
        case _:
            return Runtime("stack", stack=prefix.casefold())


def _compose(encoded: str, classifier: Classifier) -> Runtime:
    if len(encoded) > _LARGEST:
        return Runtime("compose", problem="the compose file is too large")
    try:
        decoded = base64.b64decode(encoded, validate=True).decode("utf-8")
        document: object = YAML(typ="safe", pure=True).load(decoded)
    except (binascii.Error, UnicodeDecodeError):
        return Runtime("compose", problem="the compose file is not base64 text")
    except (YAMLError, ValueError, RecursionError):
        return Runtime("compose", problem="the compose file is not YAML")
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, dict) or not services:
        return Runtime("compose", problem="the compose file names no services")
    containers: list[Container] = []
    environment: list[Setting] = []
    for position, (name, service) in enumerate(services.items()):
        image = service.get("image") if isinstance(service, dict) else None
        if not isinstance(service, dict) or not isinstance(image, str):
            return Runtime("compose", problem="a service of the compose file names no image")
        containers.append(Container(str(name), image, position == 0))
        variables = _variables(service.get("environment"))
        if variables is None:
            return Runtime("compose", problem="an environment of the compose file is neither list nor mapping")
        environment.extend(Setting(variable, classifier.setting(value)) for variable, value in variables)
    return Runtime("compose", containers=tuple(containers), environment=tuple(environment))


def _variables(node: object) -> list[tuple[str, Sealed]] | None:
    """Names and sealed values of a service's environment; a variable without a value is inherited, and left out."""
    if node is None:
        return []
    if isinstance(node, dict):
        return [(str(name), Sealed(str(value))) for name, value in node.items() if value is not None]
    if not isinstance(node, list):
        return None
    pairs = [str(entry).partition("=") for entry in node]
    return [(name.strip(), Sealed(value)) for name, equals, value in pairs if equals]
