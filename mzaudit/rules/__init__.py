"""One rule, one file: a rule exists because its file does, an area because its folder does."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from mzaudit.engine.rule import AnyRule, Area, Rule
from mzaudit.policy.desired import Desired
from mzaudit.policy.rule_vocabulary import Vocabulary
from mzaudit.rules.parity._parity_facts import NAMES
from mzaudit.snapshot.text.secret_members import is_secret_member


def load() -> tuple[AnyRule, ...]:
    """Every rule, sorted by code.

    Raises `ValueError` for a defect: a code used twice, or another prefix than that of the rule's area.
    """
    found: dict[str, AnyRule] = {}
    for folder, area in areas().items():
        for module in pkgutil.iter_modules(importlib.import_module(folder).__path__, f"{folder}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Rule) and value.module == module.name:
                    if value.code in found:
                        raise ValueError(f"{value.code} is defined in {found[value.code].module} and {value.module}")
                    if value.area != area.prefix:
                        raise ValueError(f"{value.module}: expected a code {area.prefix}-..., found {value.code}")
                    found[value.code] = value
    return tuple(found[code] for code in sorted(found))


def areas() -> dict[str, Area]:
    """The area of each folder of rules, by the name of its package, in the order of the folders' names.

    Raises `ValueError` for a folder that does not say what its area is.
    """
    found: dict[str, Area] = {}
    for module in pkgutil.iter_modules(__path__, __name__ + "."):
        area = getattr(importlib.import_module(module.name), "AREA", None)
        if not isinstance(area, Area):
            raise ValueError(f"{module.name}: expected AREA = Area(prefix, about) in its __init__.py, found none")
        found[module.name] = area
    return found


@functools.cache
def vocabulary() -> Vocabulary:
    """The words that a policy may use of the rules."""
    from mzaudit.engine.waive import matches  # loads the models of a policy, which the catalogue does without

    return Vocabulary(tuple(rule.code for rule in load()), tuple(sorted(NAMES)), is_secret_member, _subjects, matches)


def _subjects(wanted: Desired, code: str, env: str) -> tuple[str, ...] | None:
    rule = next((rule for rule in load() if rule.code == code), None)
    return None if rule is None else tuple(one.name for one in rule.over(wanted, wanted.environments[env]))
