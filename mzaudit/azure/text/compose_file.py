"""Reads a compose file as App Service keeps it: images and variables, from the nodes of the YAML as they are written.

Nothing is constructed: a tag (`!!int`) makes no value, an alias no copy. Merge keys are followed, and counted.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_LARGEST: Final = 64 * 1024  # base64; App Service takes a few thousand characters
_MOST_PAIRS: Final = 10_000
_MOST_TEXT: Final = 1024 * 1024  # characters of all variables: an alias repeats what is written once
_MOST_MERGES: Final = 1_000  # each copies what was merged before it
_MOST_BRACKETS: Final = 500
_MERGE: Final = "tag:yaml.org,2002:merge"
_NULL: Final = "tag:yaml.org,2002:null"
_HANDED_ON: Final = re.compile(r"\$(?:\{\w{1,200}\}|\w{1,200})")  # ${NAME}: what the app settings hold


class ComposeError(Exception):
    """A compose file that is not read; the text says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class ComposeService:
    """A container of the file. `environment` leaves out the variables that are inherited or handed on."""

    name: str
    image: str
    environment: tuple[tuple[str, str], ...]


def services(encoded: str) -> tuple[ComposeService, ...]:
    """The services in the order of the file. Raises ComposeError."""
    if len(encoded) > _LARGEST:
        raise ComposeError("the compose file is too large")
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise ComposeError("the compose file is not base64 text") from None
    if text.count("[") + text.count("{") > _MOST_BRACKETS:  # the scanner looks back at each that is open
        raise ComposeError("the compose file has too many brackets")
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
        return _ComposeReader().services(root)
    except (YAMLError, ValueError, LookupError, AssertionError):
        raise ComposeError("the compose file is not YAML") from None
    except RecursionError:
        raise ComposeError("the compose file is nested too deeply") from None


class _ComposeReader:
    def __init__(self) -> None:
        self._left = _MOST_PAIRS
        self._text_left = _MOST_TEXT
        self._merges = 0

    def services(self, root: Node | None) -> tuple[ComposeService, ...]:
        listed = self._members(root).get("services") if isinstance(root, MappingNode) else None
        if not isinstance(listed, MappingNode) or not (named := self._members(listed)):
            raise ComposeError("the compose file names no services")
        return tuple(self._service(name, node) for name, node in named.items())

    def _service(self, name: str, node: Node) -> ComposeService:
        members = self._members(node) if isinstance(node, MappingNode) else {}
        image = members.get("image")
        if not isinstance(image, ScalarNode) or not _text(image):
            raise ComposeError("a service of the compose file names no image")
        variables = tuple(map(self._counted, self._variables(members.get("environment"))))
        return ComposeService(name, image.value, tuple(each for each in variables if not _HANDED_ON.fullmatch(each[1])))

    def _counted(self, variable: tuple[str, str]) -> tuple[str, str]:
        self._text_left -= sum(map(len, variable))
        if self._text_left < 0:
            raise ComposeError("the compose file repeats too much")
        return variable

    def _variables(self, node: Node | None) -> Iterator[tuple[str, str]]:
        match node:
            case None:
                return
            case MappingNode():
                for name, value in self._members(node).items():
                    if not isinstance(value, ScalarNode):
                        raise ComposeError("a variable of the compose file is not a string")
                    if value.tag != _NULL:
                        yield name, value.value
            case SequenceNode():
                for entry in node.value:
                    self._spend()
                    if not isinstance(entry, ScalarNode):
                        raise ComposeError("a variable of the compose file is not a string")
                    name, equals, text = entry.value.partition("=")
                    if equals:
                        yield name.strip(), text
            case ScalarNode() if node.tag == _NULL:
                return
            case _:
                raise ComposeError("an environment of the compose file is neither list nor mapping")

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise ComposeError("the compose file has too many members")

    def _members(self, node: MappingNode) -> Mapping[str, Node]:
        """A mapping's own members, and those that it merges in: its own stand, then the first merged."""
        own: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for name, value in node.value:
            self._spend()
            if name.tag == _MERGE:
                for each in value.value if isinstance(value, SequenceNode) else [value]:
                    if not isinstance(each, MappingNode):
                        raise ComposeError("the compose file merges something that is not a mapping")
                    self._merges += 1
                    if self._merges > _MOST_MERGES:
                        raise ComposeError("the compose file merges too often")
                    merged = {**self._members(each), **merged}
            elif not isinstance(name, ScalarNode):
                raise ComposeError("a name in the compose file is not a string")
            elif name.value in own:
                raise ComposeError("the compose file says one name twice")
            else:
                own[name.value] = value
        return {**merged, **own}


def _text(node: ScalarNode) -> bool:
    return node.tag != _NULL and bool(node.value)
