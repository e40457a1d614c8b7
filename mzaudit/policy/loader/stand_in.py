"""What a document would say if all that has no shape had one: so that contradictions between the rest are told beside
the complaints about it, all at once.

Whatever is wrong gets a stand-in, and twice, as differently as can be: what is then said of both alike does not hang on
it. Where entries are lost, there is once none that anything names, and once each that the places like it hold.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mzaudit.policy.loader.diagnostics import Contradiction, Steps, written
from mzaudit.policy.loader.messages import Schema, described, errors_of, key_in, key_pattern, schema_of
from mzaudit.policy.loader.yaml_document import LARGEST, Document, Tree, at

M = TypeVar("M", bound=BaseModel)

_MOST = 100
_GUIDS = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
# By the pattern that a text must have: two that do, and that no document is likely to say.
_TEXTS: Mapping[str, tuple[str, str]] = {
    r"\S": ("a stand-in", "another one"),
    r"^[^\s/]+$": ("standin{env}", "anotherone"),
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$": _GUIDS,
    r"^[a-z][a-z0-9]*$": ("standin", "anotherone"),
    r"^[A-Za-z_][A-Za-z0-9_.:-]*$": ("STAND_IN", "ANOTHER_ONE"),
    r"^[^\s/]+/[A-Za-z_][A-Za-z0-9_.:-]*$": ("standin/STAND_IN", "anotherone/ANOTHER_ONE"),
    r"^[a-z0-9]+([._/-][a-z0-9]+)*$": ("stand-in", "another-one"),
    r"^\w+\.\w+$": ("stand.in", "another.one"),
    r"^[0-9]+([._][0-9]+)*$": ("9999.0", "9999.1"),
    r"^[a-z0-9.-]+\.[a-z]+(:[0-9]+)?/[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$": (
        "registry.example/stand-in",
        "registry.example/another-one",
    ),
    r"^[A-Za-z]{1,3}[0-9]+(m?v[0-9]+)?$": ("Z1v9", "Y1mv9"),
    r"^[A-Z]+-[0-9]{3}$": ("ZZ-000", "ZY-000"),
    r"^[A-Z][A-Z0-9]{0,9}-[0-9]{1,5}$": ("ZZ-00", "ZZ-99"),
    r"^[*?/]*[^\s*?/]\S*$": ("stand-in", "another-one"),
}


def agreed(said: Iterable[Iterable[Contradiction]]) -> set[Contradiction]:
    """What is said in every case; nothing where there is no case."""
    cases = [set(each) for each in said]
    return set.intersection(*cases) if cases else set()


@dataclass(frozen=True, slots=True)
class Readings(Generic[M]):
    """What to look for contradictions in: the document as a model, or as two where things stand in for what is `lost`;
    `keys` are, for each, the stand-ins of keys by where they are, and what the document says there."""

    models: tuple[M, ...]
    lost: frozenset[Steps] = frozenset()
    keys: tuple[Mapping[Steps, str], ...] = ({},)

    def alike(self, find: Callable[[M], Iterable[Contradiction]]) -> set[Contradiction]:
        """What is found in each reading, less what is about something lost."""
        found = agreed(
            ((written(steps, keys), expected, said) for steps, expected, said in find(model))
            for model, keys in zip(self.models, self.keys, strict=True)
        )
        renamed = {(*place[:-1], key) for keys in self.keys for place, key in keys.items()}
        return {
            each
            for each in found
            if each[0] not in renamed and not any(each[0][:depth] in self.lost for depth in range(len(each[0]) + 1))
        }


def readings(wrong: ValidationError | None, model: type[M], document: Document) -> Readings[M]:
    """The document read twice, with stand-ins for what is wrong, what is spoilt and what is said twice.

    Not at all where that is more than a hundred places, or doubles the largest file: it costs time, and nobody mends so
    many at once.
    """
    schema = schema_of(model)
    keys: set[Steps] = set()
    extra: set[Steps] = set()
    lost = document.spoilt | document.twice
    for steps, kind in errors_of(wrong, document) if wrong else ():
        if kind == "extra_forbidden":
            extra.add(steps)
        elif (key := key_in(steps, document)) is not None:
            keys.add(key)
        else:
            lost.add(steps)
    if len(keys) + len(lost) > _MOST:
        return Readings((), keys=())
    made: list[M] = []
    stands_for: list[Mapping[Steps, str]] = []
    for number in (0, 1):
        root, renamed = copy.deepcopy(document.root), dict[Steps, str]()
        # What is inside comes first, for what is around it may go altogether; a value comes before its key.
        for steps in sorted(lost - extra, key=len, reverse=True):
            _put(root, steps, schema, number)
        for steps in sorted(keys - extra, key=len, reverse=True):
            renamed |= _rename(root, steps, schema, number)
        for steps in extra:
            _take_out(root, steps)
        if number:
            for steps in (*lost, *(steps[:-1] for steps in keys)):
                _fill(root, steps, schema)
        text = json.dumps(root)
        if len(text) > 2 * LARGEST:
            return Readings((), keys=())
        try:
            made.append(model.model_validate_json(text))
        except ValidationError:
            return Readings((), keys=())
        stands_for.append(renamed)
    return Readings(tuple(made), frozenset(lost), tuple(stands_for))


def _values(schema: Schema, steps: Steps) -> tuple[Tree, Tree]:
    """Two values for a place, which differ where its kind has more than one: as little as it may hold, and all."""
    node = described(schema, steps)
    if choices := _words(node):
        return choices[0], choices[-1]
    match node.get("type"):
        case "boolean":
            return False, True
        case "integer" | "number":
            return int(str(node["minimum"])), int(str(node["maximum"]))
        case "string" if node.get("format") == "date":
            return "2000-01-01", "2000-01-02"
        case "string":
            return _TEXTS[str(node.get("pattern"))]
        case "array":
            one, other = _values(schema, (*steps, 0))
            few = int(str(node.get("minItems", 0)))
            return [one, other][:few], [other, one][: max(few, 1)]
        case _ if (named := node.get("properties")) is not None and isinstance(named, dict):
            parts = {name: _values(schema, (*steps, name)) for name in named}
            required = node.get("required")
            least = required if isinstance(required, list) else ()
            return {name: parts[name][0] for name in least}, {name: part[1] for name, part in parts.items()}
        case _:
            name, another = _TEXTS[key_pattern(node)]
            one, other = _values(schema, (*steps, name))
            return {name: one} if "minProperties" in node else {}, {another: other}


def _words(node: Schema) -> list[str | int]:
    """What a place may say, where that is a closed list."""
    choices = node.get("enum", [node["const"]] if "const" in node else [])
    return [each for each in choices if isinstance(each, str | int)] if isinstance(choices, list) else []


def _put(root: Tree, steps: Steps, schema: Schema, number: int) -> None:
    """Set a place that the schema knows, where what is around it is there to hold it."""
    if not steps or not described(schema, steps):
        return
    around, last = at(root, steps[:-1]), steps[-1]
    if (isinstance(around, dict) and isinstance(last, str)) or (isinstance(around, list) and isinstance(last, int)):
        around[last] = _values(schema, steps)[number]  # type: ignore[index]  # each with a step of its own kind


def _rename(root: Tree, steps: Steps, schema: Schema, number: int) -> dict[Steps, str]:
    """Give an entry a key with shape, as the last of its mapping; tells where it is now, and the key that it had."""
    around, key = at(root, steps[:-1]), str(steps[-1])
    if not isinstance(around, dict) or key not in around:
        return {}
    name = _TEXTS[key_pattern(described(schema, steps[:-1]))][number]
    while name in around:  # of two bad keys each keeps its entry; every pattern of a key allows its first letter twice
        name = name[0] + name
    around[name] = around.pop(key)
    return {(*steps[:-1], name): key}


def _take_out(root: Tree, steps: Steps) -> None:
    around, key = at(root, steps[:-1]), steps[-1]
    if isinstance(around, dict) and isinstance(key, str):
        around.pop(key, None)


def _fill(root: dict[str, Tree], steps: Steps, schema: Schema) -> None:
    """Add to a mapping of entries, or to those inside a place, what the mappings like it hold."""
    here, node = at(root, steps), described(schema, steps)
    if not isinstance(here, dict):
        return
    if isinstance(named := node.get("properties"), dict):
        for name in named:
            _fill(root, (*steps, name), schema)
        return
    beside = at(root, steps[:-2]) if len(steps) > 2 else None
    for other in beside.values() if isinstance(beside, dict) else ():
        like = at(other, steps[-1:])
        for key, value in like.items() if isinstance(like, dict) else ():
            here.setdefault(key, value)
