"""What a model wants at a place, in words: read off its JSON Schema, so that words and schema cannot disagree."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from difflib import get_close_matches

from pydantic import BaseModel, ValidationError

from mzaudit.policy.loader.diagnostics import Steps, shown
from mzaudit.policy.loader.yaml_document import Document, at
from mzaudit.policy.strict import ENVIRONMENTS, MAPPING, TEXT

Schema = dict[str, object]

PATTERNS = {
    r"\S": "text that is not empty",
    r"^[^\s/]+$": "a name without white space or slash",
    r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$": "a GUID",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case letters, digits and inner hyphens, a letter first",
    r"^[A-Za-z_][A-Za-z0-9_.:-]*$": "a setting name (letters, digits and _ . : -)",
    r"^[^\s/]+/[A-Za-z_][A-Za-z0-9_.:-]*$": "vault/secret, by their keys in this policy",
    r"^[a-z0-9]+([._/-][a-z0-9]+)*$": "a repository name (lower-case letters and digits, joined by . _ / or -)",
    r"^\w+\.\w+$": "schema.table",
    r"^(system|none|user:[^\s/:]+)$": "system, none, or user: and an entry of identities",
    r"^(container|[A-Za-z][A-Za-z-]*\|[\w.-]+)$": "container, or a stack and its version such as PYTHON|3.12",
    r"^[\w.*-]+$": "commit, semver, any or a pattern of letters, digits and _ . - *",
    r"^sha256:[0-9a-f]{64}$": "a digest: sha256: and 64 lower-case hexadecimal digits",
    r"^[\w.-]+$": "a migration's version or id such as 1.4.2 or ae1027a6acf, in quotes",
    r"^[a-z0-9.-]+\.[a-z]+(:[0-9]+)?/[a-z0-9._/-]+(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?$": (
        "an image with its registry's host, such as mcr.microsoft.com/azure-functions/base:4"
    ),
    r"^[A-Za-z]{1,3}[0-9]+(m?v[0-9]+)?$": "the name of a SKU such as P1mv3",
    r"^[A-Z]+-[0-9]{3}$": "a rule code such as AB-123",
    r"^[A-Z][A-Z0-9]{0,9}-[0-9]{1,5}$": "a requirement id such as ABC-12",
    r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+$": "a resource type such as Microsoft.Cache/redis",
    r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9._-]+)+$": (
        "a resource type, or the path of a part such as Microsoft.Web/sites/config/web"
    ),
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z]+)?$": "an api-version such as 2024-11-01",
    r"^[^\s/]+(/[^\s/]+)*$": "a name, or names joined by slashes, without white space",
    r"^[*?/]*[^\s*?/](.*\S)?$": "a subject, not wildcards alone",
}


@functools.cache
def _schema_of(model: type[BaseModel]) -> Schema:
    """The JSON Schema of a model."""
    return model.model_json_schema()


def _errors_of(wrong: ValidationError, document: Document) -> list[tuple[Steps, str]]:
    """The place and the type of each error of a validation; of a value that has two forms the place is its own."""
    found = []
    for error in wrong.errors(include_url=False, include_context=False, include_input=False):
        steps: Steps = ()
        for step in error["loc"]:
            form = step in (TEXT, MAPPING, ENVIRONMENTS) and (*steps, step) not in document.lines
            steps = steps if form else (*steps, step)
        found.append((steps, error["type"]))
    return found


def _key_in(steps: Steps, document: Document) -> Steps | None:
    """The place of the entry whose key a validation's error is about; None if the error is about a value."""
    return steps[:-1] if steps[-1:] == ("[key]",) and steps not in document.lines else None


def complain(wrong: ValidationError, model: type[BaseModel], document: Document) -> None:
    """Turn every error of a document's validation into a complaint, in our own words."""
    schema = _schema_of(model)
    errors = _errors_of(wrong, document)
    unknown = [steps for steps, kind in errors if kind == "extra_forbidden"]
    meant = {(*steps[:-1], key) for steps in unknown for key in _close(steps[-1], _fields(model, steps))}
    for steps, kind in errors:
        key = _key_in(steps, document)
        steps = steps if key is None else key
        if document.is_spoilt(steps) or (kind == "missing" and steps in meant):  # said at the misspelt key
            continue
        if kind == "extra_forbidden":
            _complain_of_key(steps, model, document)
        elif key is not None:
            document.complain(steps, f"as key {_key(_described(schema, steps[:-1]), str(steps[-1]))}", shown(steps[-1]))
        else:
            node = _described(schema, steps)
            missing = kind == "missing"
            found = None if missing else at(document.root, steps)
            if kind == "too_short" and _is_long_enough(node, found):
                continue  # pydantic counts what is right in it; what is wrong has its own complaint
            words = _words(node, found)
            if node.get("type") == "array" and "properties" in _described(schema, steps, mapping=True):
                words = "a mapping, or a list of them"
            document.complain(steps, words, "no such key" if missing else shown(found) + _hint(node, found))


def _is_long_enough(node: Schema, found: object) -> bool:
    least = node.get("minItems", node.get("minProperties"))
    return isinstance(found, list | dict) and isinstance(least, int) and len(found) >= least


def _fields(model: type[BaseModel], steps: Steps) -> Schema:
    """The keys that are known where that one is not."""
    return _map(_described(_schema_of(model), steps[:-1], mapping=True).get("properties"))


def _complain_of_key(steps: Steps, model: type[BaseModel], document: Document) -> None:
    known = _fields(model, steps)
    document.complain(steps, f"one of {_listed(known)}", shown(steps[-1]) + _asked(_close(steps[-1], known)))


def _described(schema: Schema, steps: Steps, *, mapping: bool = False) -> Schema:
    """The part of a schema that describes a place; of one that has a short form, or is a mapping, `mapping` says which
    is meant."""
    node = schema
    for depth, step in enumerate(steps, 1):
        if isinstance(step, int):
            node = _map(node.get("items"))
        else:
            patterns = list(_map(node.get("patternProperties")).values())
            named = _map(node.get("properties"))
            node = _map(named[step] if step in named else patterns[0] if patterns else node.get("additionalProperties"))
        then = steps[depth] if depth < len(steps) else None
        short = not mapping if then is None else isinstance(then, int)
        whole = _plain(schema, node, form=0 if short else -1)
        if isinstance(then, str) and then not in _map(whole.get("properties")) and len(_items(node.get("oneOf"))) > 2:
            whole = _plain(schema, node, form=1)  # one for each environment
        node = whole
    return node


def _plain(schema: Schema, node: Schema, form: int) -> Schema:
    """What a part of a schema refers to; of one that has several forms, that one (0: short, 1: by environment where
    there are three, -1: mapping)."""
    while True:
        if forms := _items(node.get("oneOf")):
            node = _map(forms[form])
        elif branches := [one for one in _items(node.get("anyOf")) if _map(one).get("type") != "null"]:
            node = _map(branches[0])
        elif "$ref" in node:
            node = _map(_map(schema.get("$defs")).get(str(node["$ref"]).rsplit("/", 1)[-1]))
        else:
            return node


def _words(node: Schema, found: object) -> str:
    if "const" in node:
        return "true" if node["const"] is True else str(node["const"])
    if "enum" in node:
        return _listed(str(item) for item in _items(node["enum"]))
    match node.get("type"):
        case "boolean":
            return "true or false"
        case "integer":
            return f"a whole number from {node.get('minimum')} to {node.get('maximum')}"
        case "number":
            return f"a number from {node.get('minimum')} to {node.get('maximum')}"
        case "array":
            return f"a list of at least {node['minItems']}" if "minItems" in node else "a list"
        case list():
            return "text, a number, true or false"
        case "object":
            required = [str(item) for item in _items(node.get("required"))]
            if required:
                return f"a mapping with {', '.join(required)}"
            return "a mapping with at least one entry" if "minProperties" in node else "a mapping"
        case _:
            return _text(node, found)


def _text(node: Schema, found: object) -> str:
    longest = node.get("maxLength")
    if isinstance(longest, int) and isinstance(found, str) and len(found) > longest:
        return f"at most {longest} characters"
    if node.get("format") == "date":
        return "a date (YYYY-MM-DD)"
    return PATTERNS.get(str(node.get("pattern")), "another value")


_RENAMED = {"connection-string": "application-insights"}
"""Words of an earlier policy that have another name now, too far from it to be guessed."""


def _key(node: Schema, found: str) -> str:
    pattern = next(iter(_map(node.get("patternProperties"))), "")
    return _text(_map(node.get("propertyNames")) | {"pattern": pattern}, found)


def _hint(node: Schema, found: object) -> str:
    if node.get("type") == "boolean" and isinstance(found, str) and found.casefold() in ("yes", "no", "on", "off"):
        return f" (write {'true' if found.casefold() in ('yes', 'on') else 'false'})"
    if node.get("type") == "string" and isinstance(found, bool | int | float):
        return " (put it in quotes)"
    known = [str(item) for item in _items(node.get("enum"))]
    renamed = _RENAMED.get(found) if isinstance(found, str) else None
    return _asked([renamed] if renamed in known else _close(found, known))


def _asked(meant: list[str]) -> str:
    return "".join(f" (did you mean {word}?)" for word in meant)


def _close(found: object, known: Iterable[str]) -> list[str]:
    if not isinstance(found, str) or len(found) > 60:  # a comparison costs time, and nobody misspells so much
        return []
    return get_close_matches(found.casefold(), list(known), n=1)


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _map(node: object) -> Schema:
    return node if isinstance(node, dict) else {}


def _items(node: object) -> list[object]:
    return node if isinstance(node, list) else []
