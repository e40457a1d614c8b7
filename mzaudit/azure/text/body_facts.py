"""What JMESPath expressions make of a body: plain facts. Secrets are taken out first, so that no expression, whatever
it compares or measures, learns anything of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import jmespath
from jmespath.exceptions import ArityError, JMESPathTypeError

from mzaudit.azure.text.credential_shapes import credentials
from mzaudit.snapshot.resources import LONGEST_TEXT, FactKind, ResourceFact, fact_of
from mzaudit.snapshot.text.secret_members import is_secret_member
from mzaudit.snapshot.text.shown import is_key

_SECURE: Final = ("securestring", "secureobject")  # types of a template's parameters
_SHORTEST_SECRET: Final = 6
_SHORTEST_WORD: Final = 16  # of letters alone, that could be one
_BY_NAME: Final = "secret by its name"
_OF_A_SETTING: Final = frozenset({"name", "key"})
_NAMES: Final = _OF_A_SETTING | {"displayname", "header", "headername", "parametername", "variable"}
# Members of JSON in a text, and XML that has values beside names, as where a policy of API Management sets a header.
_DOCUMENT: Final = re.compile(r"\s*(?:[{\[](?=.*\"\s*:)|<(?=.*(?:<value\b|\bvalue\s*=)))", re.IGNORECASE | re.DOTALL)
# What an entry of `secrets` has in Azure Container Apps: its own value, or where it is kept.
# https://learn.microsoft.com/azure/container-apps/manage-secrets
_OF_A_SECRET: Final = frozenset({"name", "value", "keyvaulturl", "identity"})
_OF_A_PAIR: Final = frozenset({"value", "val", "currentvalue"})
_VALUES: Final = _OF_A_PAIR | {"values", "defaultvalue", "content", "data", "text"}

Json = Any  # a JSON value as the parser makes it; the library takes and gives nothing narrower


class HiddenValueError(Exception):
    """An expression compared or measured a text that is not shown."""


class _Hidden:
    """Stands in a body for a text that is not shown, and holds nothing of it."""

    __slots__ = ("looks",)

    def __init__(self, *looks: str) -> None:
        self.looks = looks

    def _refuse(self, *_: object) -> NoReturn:
        raise HiddenValueError

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __str__ = __len__ = __bool__ = _refuse
    __hash__ = _refuse


class _ResourceTags(dict[str, Json]):
    """The tags of a resource. Azure keeps their names as they were written, and takes them without case."""

    def get(self, name: str, default: Json = None) -> Json:
        """As of any mapping, the same spelling first."""
        return (
            super().get(name)
            if name in self
            else next((value for each, value in self.items() if each.casefold() == name.casefold()), default)
        )


_ResourceTags.__name__ = dict.__name__  # by which the library tells what a function is given


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:  # the library's own type, which it does not tell
    return jmespath.compile(expression)


def without_secrets(body: Json) -> Json:
    """The body with a stand-in for each text that is a secret by its name, its neighbour or its shape."""
    cleared = _cleared(body, "")
    if isinstance(cleared, dict) and isinstance(cleared.get("tags"), dict):
        cleared["tags"] = _ResourceTags(cleared["tags"])
    return cleared


def fact(expression: str, body: Json) -> ResourceFact | str:
    """What an expression makes of a body without secrets; why it makes nothing of it, in words without values."""
    try:
        found: Json = _compiled(expression).search(body)
    except HiddenValueError:
        return "the expression compares a text that is not shown: it looks like a secret"
    except JMESPathTypeError as error:
        return f"the expression does not fit the answer: {error.function_name}() got {error.actual_type}"
    except ArityError as error:
        return f"the expression calls {error.function_name}() with another number of arguments than it takes"
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        return f"the expression does not fit the answer ({type(error).__name__})"
    return _fact(found)


def _fact(found: Json) -> ResourceFact | str:
    if isinstance(found, _Hidden):
        return ResourceFact(FactKind.HIDDEN, looks=found.looks)
    if isinstance(found, list) and not all(map(_may_be_shown, found)):
        return ResourceFact(FactKind.ENTRIES, size=len(found))
    if isinstance(found, str) and isinstance(told := _shown(found, ""), _Hidden):
        return ResourceFact(FactKind.HIDDEN, looks=told.looks)
    fact = fact_of(found)
    if fact is None and isinstance(found, str):
        return ResourceFact(FactKind.HIDDEN, looks=("long" if len(found) > LONGEST_TEXT else "unprintable",))
    return fact or "the answer has a value that cannot be represented, such as an overflowing number"


def _may_be_shown(value: Json) -> bool:
    """Names of members are texts too, once `keys()` has made a list of them."""
    return not isinstance(value, str) or isinstance(_shown(value, ""), str)


def _cleared(node: Json, name: str, owner: str = "") -> Json:
    """What may be seen of a node that a name stands for; `owner` is the name of the resource whose properties it is."""
    match node:
        case str():
            return _shown(node, name)
        case bool() | None:
            return node
        case int() | float():
            return _Hidden(_BY_NAME) if is_secret_member(name) else node
        case list():
            before = ("", *map(_option, node))  # a value may stand behind the name of its option
            return [
                _named_secret(each)
                if name.casefold() == "secrets" and _is_named_secret(each)
                else _cleared(each, name if is_secret_member(name) else option)
                for each, option in zip(node, before, strict=False)
            ]
        case dict():
            named = {key: text for key, text in node.items() if key.casefold() in _NAMES and isinstance(text, str)}
            beside = named or {"": owner}
            if any(key.casefold() == "type" and str(each).casefold() in _SECURE for key, each in node.items()):
                beside = {**beside, "type": "secret"}
            return {
                key: _cleared(
                    value,
                    _known_by(key, name, beside),
                    next((named[each] for each in named if each.casefold() == "name"), "")
                    if key.casefold() == "properties"
                    else "",
                )
                for key, value in node.items()
            }
        case _:
            return node


def _is_named_secret(entry: Json) -> bool:
    return isinstance(entry, dict) and {key.casefold() for key in entry} <= _OF_A_SECRET


def _named_secret(entry: dict[str, Json]) -> Json:
    """The entry without its value: its name and where it is kept are no secret."""
    return {key: _cleared(value, "secret" if key.casefold() == "value" else key) for key, value in entry.items()}


def _known_by(key: str, above: str, beside: Mapping[str, str]) -> str:
    """The name by which a member is judged: one above it that is secret, or one beside it in a pair of a name and a
    value. Of a pair as settings and variables are written, nobody knows what its value is."""
    if is_secret_member(above):
        return above
    if key.casefold() in _OF_A_PAIR and any(each.casefold() in _OF_A_SETTING for each in beside):
        return "secret"
    if key.casefold() in _VALUES:
        return next(filter(is_secret_member, beside.values()), key)
    return key


def _option(word: Json) -> str:
    """The name of a command line's option whose value is the word behind it."""
    return word.lstrip("-") if isinstance(word, str) and word.startswith("-") and "=" not in word else ""


def _shown(text: str, name: str) -> str | _Hidden:
    if not text:
        return text
    if is_secret_member(name):
        return _Hidden(_BY_NAME)
    if len(text) < _SHORTEST_SECRET or (len(text) < _SHORTEST_WORD and text.isalpha()):
        return text
    looks = credentials(text)
    if not looks and _DOCUMENT.match(text):
        looks = ("document",)
    if not looks and is_key(text):
        looks = ("key",)
    if not looks and "://" in text and (what := _beside_a_place(text)):
        looks = (what,)
    return _Hidden(*looks) if looks else text


def _beside_a_place(text: str) -> str:
    """What a URL has beside its place that may be a secret."""
    try:
        url = urlsplit(text)
    except ValueError:
        return "url-with-query"
    return "url-userinfo" if "@" in url.netloc else "url-with-query" if url.query or url.fragment else ""


def facts(expressions: Iterable[str], body: Json) -> dict[str, ResourceFact | str]:
    """What each expression makes of a body as Azure sent it."""
    cleared = without_secrets(body)
    return {each: fact(each, cleared) for each in expressions}
