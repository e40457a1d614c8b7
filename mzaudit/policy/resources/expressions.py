"""JMESPath expressions as a policy may write them: what is refused, and which path one reads.

An expression names one fact. What could make much of little (lists and mappings made anew, joined text) is refused, so
that each takes time in proportion to the body that it is asked of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

FUNCTIONS: Final = frozenset(
    {
        *("abs", "avg", "ceil", "contains", "ends_with", "floor", "keys", "length", "max", "max_by", "min", "min_by"),
        *("not_null", "reverse", "sort", "sort_by", "starts_with", "sum", "to_number", "to_string", "values"),
    }
)
"""Those of the language that yield no more than they are given."""

_MOST_PARTS: Final = 60
_MADE_ANEW: Final = ("multi_select_list", "multi_select_dict")

Node = dict[str, Any]  # Any: the library's syntax tree, whose nodes hold texts, numbers and literals
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A step to the items of a list that hold each of these values (`[*]`, `[?enabled]`, `[?name=='a']`); to one of
    them where the expression takes the first (`| [0]`)."""

    having: tuple[tuple[Place, Any], ...]  # Any: a JSON value
    one: bool = False


Steps = tuple[str | int | Items, ...]


@lru_cache(maxsize=4096)
def _tree(expression: str) -> Node | None:
    """The syntax tree; None for what is no expression."""
    try:
        tree: Node = jmespath.compile(expression).parsed
    except (JMESPathError, RecursionError, PendingDeprecationWarning):
        return None
    return tree


def complaint(expression: str) -> tuple[str, str] | None:
    """What would be a fit expression, and what is wrong with this one; None for one that is fit."""
    tree = _tree(expression)
    if tree is None:
        hint = ", with double quotes around a name that has a hyphen" if "-" in expression else ""
        return f"a JMESPath expression{hint}", "one that cannot be read"
    nodes = list(_walk(tree))
    if len(nodes) > _MOST_PARTS:
        return f"an expression of at most {_MOST_PARTS} parts", f"{len(nodes)}"
    if any(node["type"] in _MADE_ANEW for node in nodes):
        return "an expression that names one fact", "one that makes a list or a mapping of several"
    for node in nodes:
        if node["type"] == "function_expression" and node["value"] not in FUNCTIONS:
            close = get_close_matches(str(node["value"]), FUNCTIONS, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            return f"one of the functions {', '.join(sorted(FUNCTIONS))}", f"{node['value']}(){hint}"
    if not any(node["type"] in ("field", "value_projection", "current", "function_expression") for node in nodes):
        return "an expression that reads something of the body", "one that reads nothing"
    return None


def members(expression: str) -> tuple[str, ...]:
    """The names of the members that an expression reads, in its order."""
    return tuple(str(node["value"]) for node in _walk(_tree(expression) or {}) if node.get("type") == "field")


def path(expression: str) -> Place:
    """The steps of the one place that an expression reads (`sku.name`, also within `not_null(sku.name, …)`); empty for
    one that reads several, or all of a list."""
    return _plain(steps(expression)) or ()


def steps(expression: str) -> Steps:
    """The steps of what an expression reads, lists among them; empty for one that reads several things."""
    return _steps(_tree(expression) or {}) or ()


def call(expression: str) -> tuple[str, Steps, Any]:  # Any: a JSON value
    """A function of such steps as its name, the steps, and what else it is given if that is written out (else None);
    empty for any other expression."""
    tree = _tree(expression) or {}
    children = tree.get("children") or []
    if tree.get("type") != "function_expression" or not 1 <= len(children) <= 2:
        return "", (), None
    read = _steps(children[0])
    literal = children[1].get("value") if len(children) == 2 and children[1]["type"] == "literal" else None
    return (str(tree["value"]), read, literal) if read else ("", (), None)


def _plain(read: Steps | None) -> Place | None:
    """The steps where none goes to the items of a list."""
    plain = tuple(step for step in read or () if not isinstance(step, Items))
    return plain if plain and plain == read else None


def _steps(node: Node) -> Steps | None:
    children = node.get("children") or []
    match node.get("type"):
        case "field" | "index":
            return (node["value"],)
        case "identity":
            return ()
        case "subexpression" | "index_expression":
            return _joined(*(_steps(child) for child in children))
        case "projection":
            return _joined(_steps(children[0]), (Items(()),), _steps(children[1]))
        case "filter_projection":
            having = _having(children[2])
            return None if having is None else _joined(_steps(children[0]), (Items(having),), _steps(children[1]))
        case "pipe":
            return _first(_steps(children[0]), _steps(children[1]))
        case "function_expression" if node["value"] == "not_null" and len(children) == 2:
            return _steps(children[0]) if children[1]["type"] == "literal" else None
        case _:
            return None


def _joined(*parts: Steps | None) -> Steps | None:
    known = [part for part in parts if part is not None]
    return tuple(step for part in known for step in part) if len(known) == len(parts) else None


def _first(read: Steps | None, then: Steps | None) -> Steps | None:
    """The steps where the first of the items is taken (`[?name=='a'].value | [0]`)."""
    if not read or not then or then[0] != 0:
        return None
    lists = [position for position, step in enumerate(read) if isinstance(step, Items)]
    if len(lists) != 1:
        return None
    filtered = read[lists[0]]
    having = filtered.having if isinstance(filtered, Items) else ()
    return (*read[: lists[0]], Items(having, one=True), *read[lists[0] + 1 :], *then[1:])


def _having(condition: Node) -> tuple[tuple[Place, Any], ...] | None:  # Any: a JSON value
    """What an item holds that a filter lets through; None for a filter that more than one value satisfies."""
    children = condition.get("children") or []
    match condition.get("type"):
        case "and_expression":
            parts = [_having(child) for child in children]
            known = [part for part in parts if part is not None]
            return tuple(each for part in known for each in part) if len(known) == len(parts) else None
        case "comparator" if condition["value"] == "eq" and children[1]["type"] == "literal":
            held, value = _plain(_steps(children[0])), children[1]["value"]
        case _:
            held, value = _plain(_steps(condition)), True
    return None if held is None else ((held, value),)


def _walk(node: Node) -> Iterator[Node]:
    left = [node] if node else []
    while left:
        one = left.pop()
        yield one
        left.extend(child for child in reversed(one.get("children") or []) if isinstance(child, dict))
