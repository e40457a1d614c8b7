"""Names of a draft: short keys of things, and templates of their names in Azure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from mzaudit.policy.enums import SecretStyle
from mzaudit.policy.spec_values import stored_name
from mzaudit.snapshot.text.ids import name

_WORDS: Final = re.compile(r"[^a-z0-9]+")
# https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-abbreviations
_KINDS: Final = frozenset({"app", "func", "kv", "cr", "acr", "sql", "sqldb", "db", "st", "appi", "id", "rg", "web"})
_SECRET: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")


def words(text: str) -> tuple[str, ...]:
    """The words of a name, in lower case."""
    return tuple(word for word in _WORDS.split(text.casefold()) if word)


def template(text: str, env: str) -> str:
    """The name as a template, if the environment's name stands in it once."""
    return text.replace(env, "{env}") if text.count(env) == 1 else text


def named(found: str | None, called: str, env: str, noun: str) -> tuple[str, str]:
    """The name of a thing as a template, and why it is guessed, which it is where the thing is not there."""
    missing = f"no such {noun} is in the subscriptions that were read; read its own as well"
    return template(called, env), "" if found is not None else missing


def own(resource_id: str | None) -> str:
    """The name of a thing as its own id spells it; empty where there is none."""
    return name(resource_id) if resource_id is not None else ""


def keys(names: Iterable[str], env: str) -> Mapping[str, str]:
    """A key for each name: the words that tell it from the others, without the environment's and the kind's."""
    held = list(dict.fromkeys(names))
    split = {each: words(each) for each in held}
    shared = set.intersection(*map(set, split.values())) if len(held) > 1 else set()
    found: dict[str, str] = {}
    for each in held:
        left = [word for word in split[each] if word not in shared and word != env]
        left = [word for word in left if word not in _KINDS] or left or list(split[each])
        drafted = "-".join(left)
        found[each] = drafted if drafted not in found.values() else each
    return found


def secret_style(pairs: Sequence[tuple[str, str]], stored: Iterable[str]) -> SecretStyle:
    """How settings' names become secrets' names, by most of the pairs of a setting and the secret that it refers to. A
    style under which a stored name could not be written at all is none."""
    every = list(stored)
    possible = [style for style in SecretStyle if all(stored_name(style, each) == each for each in every)]
    ranked = sorted(
        possible or [SecretStyle.AS_IS],
        key=lambda style: -sum(stored_name(style, setting) == held for setting, held in pairs),
    )
    return ranked[0]


def documented(style: SecretStyle, stored: str, settings: Iterable[str]) -> str | None:
    """What the document may call a secret: the name of a setting that refers to it, if the style makes that its stored
    name, else its stored name; None where a policy cannot hold it."""
    for setting in settings:
        if stored_name(style, setting) == stored:
            return setting
    return stored if _SECRET.fullmatch(stored) and stored_name(style, stored) == stored else None
