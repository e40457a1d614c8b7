"""Deny assignments: which surely keep a principal from an action, whatever it was granted, and which may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mzaudit.access.permission_matching import ActionTarget, all_of, any_of
from mzaudit.access.role_condition import lets_pass
from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Fix
from mzaudit.snapshot.authorization import Denied, DenyAssignment, Permission
from mzaudit.snapshot.observed import Gap, GapReason, Listing
from mzaudit.snapshot.text.ids import covers, same

EVERYONE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, order=True)
class Denial:
    """A deny assignment that surely applies."""

    name: str
    scope: str
    id: str

    def __str__(self) -> str:
        return f"{self.name} at {self.scope}"


LIFT = (
    "Exclude the identity from the deny assignment where it is made (deployment stack, managed application), or remove"
    " the deny assignment; no role helps against it."
)


def lift(denials: Iterable[Denial]) -> Fix:
    """Take away deny assignments that somebody made; those that Azure makes refuse, and change where they are made."""
    return Fix(
        "Owner or User Access Administrator of the deny assignment's scope",
        tuple(az("rest", method="delete", url=f"{each.id}?api-version=2024-07-01-preview") for each in denials),
        "Microsoft.Authorization/denyAssignments: properties.excludePrincipals",
    )


def denied(
    denies: Listing[DenyAssignment], principal_id: str, groups: frozenset[str], target: ActionTarget
) -> tuple[tuple[Denial, ...], list[Gap]]:
    """The deny assignments that surely apply; and why others may."""
    sure: list[Denial] = []
    doubt: list[Gap] = [denies.gap] if denies.gap is not None else []
    for deny in sorted(denies.items, key=lambda deny: (deny.id, deny.scope)):
        answer = _applies(deny, principal_id, groups, target)
        if answer:
            sure.append(Denial(deny.name, deny.scope, deny.id))
        elif answer is None:
            call = f"membership and conditions of the deny assignment {deny.name}"
            doubt.append(Gap(GapReason.UNDECIDED, call, deny.scope, detail="it may apply to this principal"))
    return tuple(sure), doubt


def may_hide(denies: Listing[DenyAssignment], caller: str | None, group: str) -> list[Gap]:
    """Why the list of what a resource group holds may lack something, whatever the caller's roles are: deny assignments
    that may keep it from reading there. `caller` is its object id; its groups are not known."""
    doubt: list[Gap] = [denies.gap] if denies.gap is not None else []
    for deny in sorted(denies.items, key=lambda deny: (deny.id, deny.scope)):
        above = covers(deny.scope, group) and not deny.not_below
        inside = covers(group, deny.scope) and not same(group, deny.scope)
        listed = any(_named(who, caller or EVERYONE, frozenset()) is not False for who in deny.principals)
        spared = caller is not None and any(_named(who, caller, frozenset()) for who in deny.excluded)
        if (above or inside) and (listed or caller is None) and not spared and any(map(_reading, deny.permissions)):
            detail = f"the deny assignment {deny.name} may keep something there from the auditing identity"
            doubt.append(Gap(GapReason.DENIED, f"GET {group}/resources", deny.scope, "*/read", detail))
    return doubt


def _reading(block: Permission) -> bool:
    """Whether a block of a deny assignment may deny to read something. Those of managed applications spare `*/read`,
    those of deployment stacks name what writes and deletes."""
    if block.not_actions is not None and not {"*", "*/read"}.isdisjoint(map(str.casefold, block.not_actions)):
        return False
    return block.actions is None or any(one.casefold().endswith(("*", "/read")) for one in block.actions)


def _applies(deny: DenyAssignment, principal_id: str, groups: frozenset[str], target: ActionTarget) -> bool | None:
    if not (same(deny.scope, target.scope) if deny.not_below else covers(deny.scope, target.scope)):
        return False
    answers = [
        any_of(lets_pass(block, target) for block in deny.permissions),
        any_of(_named(who, principal_id, groups) for who in deny.principals),
        _not(any_of(_named(who, principal_id, groups) for who in deny.excluded)),
    ]
    return all_of(answers)


def _named(who: Denied, principal_id: str, groups: frozenset[str]) -> bool | None:
    """Whether that is the principal, or a group of it; of a group that is not among those seen it cannot be told."""
    oid = who.id.casefold()
    if oid == EVERYONE or oid == principal_id.casefold() or oid in groups:
        return True
    return None if who.type is None or who.type.casefold() == "group" else False


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
