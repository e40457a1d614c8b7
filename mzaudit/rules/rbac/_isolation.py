"""No foreign identity reaches a thing: the verdict that vaults and blob containers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mzaudit.access.documented_grant import revoke_fix
from mzaudit.access.effective_access import Access, Holder
from mzaudit.access.managed_identities import ServiceIdentities, may_be_group, may_be_managed_identity
from mzaudit.engine.verdict import Evidence, Fail, Inconclusive, Pass, Verdict
from mzaudit.snapshot.observed import Gap, Listing


@dataclass(frozen=True, slots=True)
class Guarded:
    """The thing, whose it is, and everyone who holds access to it. `named` are principals, by casefolded object id,
    that are accounted for otherwise."""

    scope: str
    thing: str
    own: ServiceIdentities
    others: ServiceIdentities
    holders: Listing[Holder]
    named: frozenset[str]


def isolated(guarded: Guarded, reach: Callable[[str], Access]) -> Verdict:
    """Fails if one of the others reaches the thing. Identities of theirs that could not be read leave it open while
    somebody who holds access might be one: a service principal unaccounted for, or a group."""
    gaps: list[Gap] = []
    exposed = []
    for other in guarded.others.items:
        access = reach(other.principal_id)
        gaps += access.gaps
        if access.allowed:
            exposed.append((other, access.grants))
    if exposed:
        first, ways = exposed[0]
        return Fail(
            tuple(
                Evidence(
                    grant.id,
                    "no access",
                    f"{other.words}: {grant.words(guarded.scope)}",
                    principal=other.principal_id,
                )
                for other, grants in exposed
                for grant in grants
            ),
            f"{first.words[0].upper()}{first.words[1:]} can reach {guarded.thing}: {ways[0].words(guarded.scope)}.",
            "Remove the role assignment that gives the other service access. If it is inherited, assign the role only "
            "where it is needed.",
            revoke_fix(tuple(grant for _, grants in exposed for grant in grants)),
        )
    cut = guarded.holders.gap
    if guarded.others.gaps and (cut is not None or any(_unattributed(guarded, one) for one in guarded.holders.items)):
        gaps += [*guarded.others.gaps, *([cut] if cut is not None else [])]
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    shown = tuple(sorted({f"{one.type or 'principal'} {one.principal_id}" for one in guarded.holders.items}))
    return Pass((Evidence(guarded.scope, "no other service's identity", shown),))


def _unattributed(guarded: Guarded, holder: Holder) -> bool:
    if holder.type is not None and may_be_group(holder.type):
        return True
    known = (
        holder.principal_id.casefold() in guarded.named
        or guarded.own.owns(holder.principal_id)
        or guarded.others.owns(holder.principal_id)
    )
    return may_be_managed_identity(holder.type) and not known
