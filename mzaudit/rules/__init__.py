"""One rule, one file: a rule exists because its file does. `load` walks the package and collects them by code."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from mzaudit.engine.rule import AnyRule, Rule
from mzaudit.policy.rule_vocabulary import Vocabulary
from mzaudit.rules.parity._parity_facts import NAMES


def load() -> tuple[AnyRule, ...]:
    """Every rule, sorted by code; a code used twice is a defect and raises `ValueError`."""
    found: dict[str, AnyRule] = {}
    for module in pkgutil.walk_packages(__path__, __name__ + "."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Rule) and value.module == module.name:
                if value.code in found:
                    raise ValueError(f"{value.code} is defined in {found[value.code].module} and {value.module}")
                found[value.code] = value
    return tuple(found[code] for code in sorted(found))


@functools.cache
def vocabulary() -> Vocabulary:
    """The words that a policy may use of the rules."""
    return Vocabulary(tuple(rule.code for rule in load()), tuple(sorted(NAMES)))
