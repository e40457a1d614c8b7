"""Deny assignments: which surely keep a principal from an action, whatever it was granted, and which may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mzaudit.access.permission_matching import ActionTarget, all_of, any_of
from mzaudit.access.role_condition import lets_pass
from mzaudit.engine.az_cli import az
from mzaudit.engine.verdict import Fix
from mzaudit.snapshot.authorization import Denied, DenyAssignment
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
