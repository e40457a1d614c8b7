"""What a document would say if the fields without shape had one: so that contradictions between the others are told
beside the complaints about those, all at once.

Each wrong field gets a stand-in, and twice: what is then said of both policies alike does not hang on it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from mzaudit.policy.complaints import Steps
from mzaudit.policy.document import Document, Tree
from mzaudit.policy.expected import Schema, described

M = TypeVar("M", bound=BaseModel)

_GUIDS = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
# By the pattern that a text must have: two that do, and that no document is likely to say.
_TEXTS: Mapping[str, tuple[str, str]] = {
    r"\S": ("a stand-in", "another one"),
    r"^[^\s/]+$": ("standin{env}", "anotherone"),
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$": _GUIDS,
    r"^[a-z][a-z0-9]*$": ("standin", "anotherone"),
    r"^[A-Za-z_][A-Za-z0-9_.:-]*$": ("STAND_IN", "ANOTHER_ONE"),
    r"^[a-z0-9]+([._/-][a-z0-9]+)*$": ("stand-in", "another-one"),
    r"^\w+\.\w+$": ("stand.in", "another.one"),
    r"^[0-9]+([._][0-9]+)*$": ("9999.0", "9999.1"),
    r"^[A-Z]+-[0-9]{3}$": ("ZZ-000", "ZY-000"),
    r"^[*?/]*[^\s*?/]\S*$": ("stand-in", "another-one"),
}


def stand_ins(
    wrong: ValidationError, model: type[M], document: Document
) -> tuple[tuple[M, M], frozenset[Steps]] | None:
    """Two models that say what the document says, except at the places given, which have no shape there.

    None where that cannot be: a key, or a whole list or mapping of entries, is what is wrong.
    """
    schema: Schema = model.model_json_schema()
    pair = copy.deepcopy(document.root), copy.deepcopy(document.root)
    places: set[Steps] = set()
    for error in wrong.errors(include_url=False, include_context=False, include_input=False):
        steps: Steps = error["loc"]
        extra = error["type"] == "extra_forbidden"
        values = None if extra else _values(schema, steps)
        if values is None and not extra:
            return None
        for number, root in enumerate(pair):
            _put(root, steps, None if values is None else values[number])
        places.add(steps)
    try:
        one, other = (model.model_validate_json(json.dumps(root)) for root in pair)
    except ValidationError:
        return None
    return (one, other), frozenset(places)


def _values(schema: Schema, steps: Steps) -> tuple[Tree, Tree] | None:
    """Two values for a place, which differ where its kind has more than one; none for a list or mapping of entries."""
    node = described(schema, steps)
    required = node.get("required")
    if choices := _words(node):
        return choices[0], choices[-1]
    match node.get("type"):
        case "boolean":
            return False, True
        case "integer":
            lowest, highest = node.get("minimum"), node.get("maximum")
            return (lowest, highest) if isinstance(lowest, int) and isinstance(highest, int) else None
        case "string" if node.get("format") == "date":
            return "2000-01-01", "2000-01-02"
        case "string":
            return _TEXTS.get(str(node.get("pattern")))
        case "object" if isinstance(required, list):
            parts = {name: _values(schema, (*steps, name)) for name in required}
            known = {name: part for name, part in parts.items() if part is not None}
            if len(known) < len(parts):
                return None
            return {name: part[0] for name, part in known.items()}, {name: part[1] for name, part in known.items()}
        case _:
            return None


def _words(node: Schema) -> list[str | int]:
    """What a place may say, where that is a closed list."""
    choices = node.get("enum", [node["const"]] if "const" in node else [])
    return [each for each in choices if isinstance(each, str | int)] if isinstance(choices, list) else []


def _put(root: Tree, steps: Steps, value: Tree) -> None:
    """Set a place; take it out where there is no value."""
    *above, last = steps
    for step in above:
        root = root[step]  # type: ignore[index]  # the validator found its error there
    if isinstance(root, list) and isinstance(last, int):
        root[last] = value
    elif isinstance(root, dict) and isinstance(last, str):
        root[last] = value
        if value is None:
            del root[last]
