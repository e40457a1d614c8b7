"""The simulator's own evaluation of Azure RBAC: what a principal may do at a scope.

A conditional assignment counts as a grant: no condition language is evaluated here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mzaudit.simulator.estates.simulated_estate import Estate
from mzaudit.simulator.http_messages import Json, inside

_EVERYONE = "00000000-0000-0000-0000-000000000000"
_MANAGEMENT_GROUPS = "/providers/microsoft.management/managementgroups/"


def covers(upper: str, scope: str) -> bool:
    """Whether `upper` is the scope itself or above it; the root and management groups are above everything."""
    above, below = upper.rstrip("/").casefold(), scope.rstrip("/").casefold()
    return above == "" or above.startswith(_MANAGEMENT_GROUPS) or below == above or below.startswith(above + "/")


def identities(estate: Estate, oid: str) -> set[str]:
    """The principal and every group that it is in, transitively (casefolded object ids)."""
    found = {oid.casefold()}
    grown = True
    while grown:
        more = {g.casefold() for g, members in estate.group_members.items() if {m.casefold() for m in members} & found}
        grown = not more <= found
        found |= more
    return found


def role_guid(assignment: Json) -> str:
    """The GUID at the end of the role definition's id."""
    return str(assignment["properties"]["roleDefinitionId"]).rsplit("/", 1)[-1].casefold()


def permissions_at(estate: Estate, oid: str, scope: str) -> list[Json]:
    """The permission blocks of every role that the principal holds at a scope, inherited and by group."""
    who = identities(estate, oid)
    blocks: list[Json] = []
    for assignment in estate.held_by(who):
        guid = role_guid(assignment)
        if covers(str(assignment["properties"]["scope"]), scope) and guid in estate.role_definitions:
            blocks += inside(estate.role_definitions[guid], "properties").get("permissions") or []
    return blocks


def may(estate: Estate, oid: str, action: str, scope: str, *, data: bool = False) -> bool:
    """Whether the principal may perform an action (a data action with `data`) at a scope."""
    kind = "dataActions" if data else "actions"
    return denial(estate, oid, action, scope, data=data) is None and _grants(
        permissions_at(estate, oid, scope), kind, action
    )


def denial(estate: Estate, oid: str, action: str, scope: str, *, data: bool = False) -> Json | None:
    """The deny assignment that keeps the principal from the action, whatever roles it holds."""
    kind = "dataActions" if data else "actions"
    denied = (
        one
        for one in _denied_at(estate, oid, scope)
        if _grants(one["properties"].get("permissions") or [], kind, action)
    )
    return next(denied, None)


def sees(estate: Estate, oid: str, subscription: str) -> bool:
    """Whether a subscription is there for the principal: any role at it, above it or below it shows it."""
    if subscription.casefold() not in estate.subscriptions:
        return False
    who, top = identities(estate, oid), f"/subscriptions/{subscription}"
    held = (str(one["properties"]["scope"]) for one in estate.held_by(who))
    return any(covers(scope, top) or covers(top, scope) for scope in held)


def _denied_at(estate: Estate, oid: str, scope: str) -> Iterator[Json]:
    who = identities(estate, oid)
    for deny in estate.deny_assignments:
        properties = deny["properties"]
        at = str(properties["scope"])
        if not covers(at, scope):
            continue
        if properties.get("doNotApplyToChildScopes") and at.rstrip("/").casefold() != scope.rstrip("/").casefold():
            continue
        named = {str(one["id"]).casefold() for one in properties.get("principals") or []}
        spared = {str(one["id"]).casefold() for one in properties.get("excludePrincipals") or []}
        if (_EVERYONE in named or who & named) and not who & spared:
            yield deny


def _grants(blocks: Iterable[Json], kind: str, action: str) -> bool:
    excluded = "not" + kind[0].upper() + kind[1:]
    return any(
        _matches(block.get(kind) or [], action) and not _matches(block.get(excluded) or [], action) for block in blocks
    )


def _matches(patterns: Iterable[str], action: str) -> bool:
    return any(_pattern(pattern).fullmatch(action) for pattern in patterns)


@lru_cache(maxsize=2048)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*"), re.IGNORECASE)
