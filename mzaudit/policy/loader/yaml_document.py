"""One YAML file as plain data, with the line of every key and item. The only module that knows the YAML library.

A small YAML: one document of mappings, lists and scalars. Anchors, aliases, tags, directives and duplicate keys are
refused, because each lets a file say something else than what a reader sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from mzaudit.policy.loader.diagnostics import Complaint, Steps, shown, spelled

LARGEST = 1024 * 1024
DEEPEST = 50
MOST_NODES = 20_000
LONGEST_LINE = 10_000  # the library's time for one word grows with the square of its length

_NOT_YAML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,17}")

Tree = dict[str, "Tree"] | list["Tree"] | str | int | float | bool | None


@dataclass(slots=True)
class Document:
    """A file read, or several that make one. `root` is what could be read, and `cut` tells that something could not:
    what it lacks may stand there. `lines` tells file and line of every key and item; `spoilt` are the places whose data
    is lost, of which no more is said."""

    file: str
    root: dict[str, Tree] = field(default_factory=dict)
    cut: bool = False
    lines: dict[Steps, tuple[str, int]] = field(default_factory=dict)
    spoilt: set[Steps] = field(default_factory=set)
    complaints: list[Complaint] = field(default_factory=list)

    def where(self, *steps: str | int) -> str:
        """The `file:line` of that place, or of the closest thing around it that is written down."""
        file, line = self._place(steps)
        return f"{file}:{line}"

    def at(self, *steps: str | int) -> tuple[str, int]:
        """The same, as file and line."""
        return self._place(steps)

    def complain(self, steps: Steps, expected: str, found: str, line: int | None = None) -> None:
        """Note what is wrong at a place."""
        file, known = self._place(steps)
        self.complaints.append(Complaint(file, known if line is None else line, spelled(steps), expected, found))

    def _place(self, steps: Steps) -> tuple[str, int]:
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return self.lines.get(steps, (self.file, 1))

    def is_spoilt(self, steps: Steps) -> bool:
        """Whether the data of that place, or of something around it, is lost."""
        return any(steps[:depth] in self.spoilt for depth in range(len(steps) + 1))


def at(root: Tree, steps: Steps) -> Tree:
    """What is at a place, or None."""
    for step in steps:
        if isinstance(root, dict) and isinstance(step, str):
            root = root.get(step)
        elif isinstance(root, list) and isinstance(step, int) and step < len(root):
            root = root[step]
        else:
            return None
    return root


class _UnreadableError(Exception):
    """The file cannot be read any further; its complaint is made."""


def read(path: Path, name: str) -> Document:
    """Read one file, which complaints call `name`; never raises for what the file holds or that it is not there."""
    document = Document(name)
    text = _text(path, document)
    if text is None:
        document.cut = True
        return document
    builder = _Builder(document, text)
    try:
        root = builder.build()
    except _UnreadableError:
        document.cut = True
        document.root.pop(builder.reading, None)  # where the fault is may be before it shows
        return document
    if not isinstance(root, dict):
        document.cut = True
        if () not in document.spoilt:
            document.complain((), "a mapping", "an empty file" if root is None else shown(root), 1)
    return document


def _text(path: Path, document: Document) -> str | None:
    try:
        if not path.is_file():
            document.complain((), "a regular file", "something else" if path.exists() else "no such file", 1)
            return None
        real = path.resolve()
        if real.name != path.name and real.suffix.lower() != ".yaml":  # a file of the agent, say: not to be shown
            document.complain((), "a .yaml file", "a link to another kind of file", 1)
            return None
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        document.complain((), "a readable file", str(error.strerror or "an error").lower(), 1)
        return None
    if len(raw) > LARGEST:
        document.complain((), "at most 1 MiB", "more", 1)
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        document.complain((), "UTF-8 text", f"the byte 0x{raw[error.start]:02x}", raw.count(b"\n", 0, error.start) + 1)
        text = raw.decode("utf-8-sig", "backslashreplace")  # the rest is text all the same, if in another encoding
    if unfit := _NOT_YAML.search(text):
        line = text.count("\n", 0, unfit.start()) + 1
        if not document.complaints:
            document.complain((), "text without control characters", shown(unfit.group()), line)
        return None
    for number, content in enumerate(text.splitlines(), 1):
        if len(content) > LONGEST_LINE:
            document.complain((), f"at most {LONGEST_LINE} characters in a line", str(len(content)), number)
            return None
    return text


class _Builder:
    """Turns the parser's events into data; depth and number of nodes are bounded while parsing, not after."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events = self._parse(text)
        self._nodes = 0
        self.reading = ""
        """The key of the top-level entry that was read last."""

    def build(self) -> Tree:
        root: Tree = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if event.version or event.tags:
                    self._complain(event, (), "no % directive", "one")
                if documents > 1:
                    self._complain(event, (), "one document", "a second one")
                    self._document.cut = True
                    break
            elif isinstance(event, NodeEvent):
                self._document.lines[()] = self._place(event)
                root = self._node(event, ())
        return root

    def _parse(self, text: str) -> Iterator[Event]:
        try:
            yield from YAML(typ="safe", pure=True).parse(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            problem = shown(str(error.problem or "it cannot be parsed"))
            self._document.complain((), "YAML", f"a syntax error: {problem[1:-1]}", mark.line + 1 if mark else 1)
            raise _UnreadableError from None
        except (YAMLError, ValueError, OverflowError):  # the library lets out ValueError for "\Uffffffff"
            self._document.complain((), "YAML", "a syntax error", 1)
            raise _UnreadableError from None

    def _node(self, event: Event, steps: Steps) -> Tree:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._refused(event, f"at most {MOST_NODES} keys and values", "more")
        if len(steps) > DEEPEST:
            raise self._refused(event, f"at most {DEEPEST} levels", "deeper nesting")
        if isinstance(event, AliasEvent):
            self._spoil(event, steps, "the value itself", "an alias (*)")
            return None
        if getattr(event, "anchor", None) is not None:
            self._complain(event, steps, "no anchor", "an anchor (&)")
        if getattr(event, "tag", None) is not None:
            self._complain(event, steps, "no tag", "a tag (!)")
        match event:
            case MappingStartEvent():
                return self._mapping(steps)
            case SequenceStartEvent():
                return self._sequence(steps)
            case ScalarEvent():
                return self._scalar(event, steps)
            case _:
                raise self._refused(event, "YAML", "a syntax error")

    def _mapping(self, steps: Steps) -> dict[str, Tree]:
        mapping: dict[str, Tree] = {} if steps else self._document.root
        while not isinstance(event := next(self._events), MappingEndEvent):
            merge = isinstance(event, ScalarEvent) and event.value == "<<" and not event.style
            if merge or not isinstance(event, ScalarEvent):
                found = "a merge (<<)" if merge else "an alias, mapping or list as key"
                self._complain(event, steps, "a plain key", found)
                if steps:  # any entry may be meant
                    self._document.spoilt.add(steps)
                else:
                    self._document.cut = True
                self._pass_over(event)
                self._pass_over(next(self._events))
                continue
            if event.anchor is not None or event.tag is not None:
                self._complain(event, steps, "a plain key", "a key with an anchor or tag")
            self._nodes += 1
            key = str(event.value)
            self.reading = self.reading if steps else key
            value_event = next(self._events)
            below = (*steps, key)
            if key in mapping:
                first = self._document.where(*below)
                self._complain(event, below, "each key once", f"it again (first in {first})")
                self._pass_over(value_event)
                continue
            self._document.lines.setdefault(below, self._place(event))
            mapping[key] = self._node(value_event, below)
        return mapping

    def _pass_over(self, event: Event) -> None:
        """Read a node, and keep nothing of it."""
        open_ones = 0
        while True:
            self._nodes += 1
            open_ones += isinstance(event, MappingStartEvent | SequenceStartEvent)
            open_ones -= isinstance(event, MappingEndEvent | SequenceEndEvent)
            if not open_ones:
                return
            event = next(self._events)

    def _sequence(self, steps: Steps) -> list[Tree]:
        items: list[Tree] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            below = (*steps, len(items))
            self._document.lines.setdefault(below, self._place(event))
            items.append(self._node(event, below))
        return items

    def _scalar(self, event: ScalarEvent, steps: Steps) -> Tree:
        text = str(event.value)
        if unfit := _UNFIT.search(text):
            self._spoil(event, steps, "text without control characters", shown(unfit.group()))
            return None
        return text if event.style else _resolved(text)

    def _place(self, event: Event) -> tuple[str, int]:
        return self._document.file, _line(event)

    def _spoil(self, event: Event, steps: Steps, expected: str, found: str) -> None:
        self._document.spoilt.add(steps)
        self._complain(event, steps, expected, found)

    def _complain(self, event: Event, steps: Steps, expected: str, found: str) -> None:
        self._document.complain(steps, expected, found, _line(event))

    def _refused(self, event: Event, expected: str, found: str) -> _UnreadableError:
        self._document.complain((), expected, found, _line(event))
        return _UnreadableError()


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _resolved(text: str) -> Tree:
    """A plain scalar by YAML 1.2, less its octal, hexadecimal and exponent forms: those stay text."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
