"""What mends a fact of a resource: the command for its one place, and the property in Bicep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Fix
from mzaudit.policy.resources.expressions import path
from mzaudit.snapshot.text.ids import type_of

if TYPE_CHECKING:
    from mzaudit.policy.resources.resource_models import Condition, Values

_FIXED: Final = ("id", "name", "type", "location", "kind", "systemData")
_UNKNOWN: Final = "SETTING_VALUE"


def fix_of(resource_id: str, api_version: str, expression: str, condition: Condition) -> Fix:
    """The command that sets the place to what is wanted; where that is not one place, the one that shows it."""
    kind, steps = type_of(resource_id), path(expression)
    role = f"a role with {kind}/write on the resource"
    if not steps or steps[0] in _FIXED:
        shown = az("resource show", ids=resource_id, api_version=api_version, query=expression)
        return Fix(role, (shown,), f"{kind}: {expression}")
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    if condition.absent:
        taken = az("resource update", ids=resource_id, api_version=api_version, remove=place)
        return Fix(role, (taken,), f"{kind}: no {place}")
    value = wanted_value(condition)
    text = _UNKNOWN if value is None else value if isinstance(value, str) else json.dumps(value)
    command = az("resource update", ids=resource_id, api_version=api_version, set=f"{place}={text}")
    if isinstance(value, str) and _reads_as_json(value):
        command += " --force-string"
    return Fix(role, (command,), f"{kind}: {place}" + ("" if value is None else f" = {_bicep(value)}"))


def wanted_value(condition: Condition) -> Values | None:
    """A value with which the condition holds; None where it does not say one."""
    if condition.equal is not None:
        return condition.equal
    if condition.one_of is not None:
        return condition.one_of[0]
    return condition.at_least if condition.at_least is not None else condition.at_most


def _reads_as_json(text: str) -> bool:
    """Whether the Azure CLI would take a text for a number or a word of JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _bicep(value: Values) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_bicep, value))}]"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)
