"""Which thing of an existing estate each name of a policy may mean: a proposal, for a person to review."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from mzaudit.kinds import ACCOUNT, NAMED, SITE, VAULT
from mzaudit.policy.bind import filled, group_of, in_environment, is_in
from mzaudit.policy.documented_names import documented_names
from mzaudit.policy.models import Policy
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, Listing, Observed
from mzaudit.snapshot.text.ids import key, name, segment

Path = tuple[str, ...]
Inventory = Mapping[str, Listing[str]]
_WORDS = re.compile(r"[^a-z0-9]+")


class MatchBasis(StrEnum):
    """How sure a binding is."""

    DOCUMENTED = "there as documented"
    MOVED = "there, but in another resource group"
    LIKELY = "a guess from the name"
    MISSING = "nothing of this name is there"
    UNSEEN = "could not be looked for"


@dataclass(frozen=True, slots=True)
class NameMatch:
    """One name of the policy at its place: what the document calls it, what it is called here as a template in
    `{env}`, and the ids that were found for it; several where none of them is the likeliest. `place` is that of the
    policy, and `group` the resource group that it stands for."""

    path: Path
    kind: str
    documented: str
    template: str
    place: str
    group: str
    how: MatchBasis
    ids: tuple[str, ...] = ()
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class _Slot:
    path: Path
    kind: str
    template: str
    place: str
    group: str
    word: str  # what a name must hold to be guessed; empty where the estate has one such thing


def bind_names(policy: Policy, env: str, inventory: Inventory) -> tuple[NameMatch, ...]:
    """Every name of the policy that Azure holds at the top of a subscription, looked for in an environment.

    The documented name is taken where it is there. Else a thing is guessed only if it alone has the service's own word
    and, where several environments share the subscription, this environment's.
    """
    slots = tuple(_slots(policy, env))
    others = frozenset(policy.environments) - {env}
    taken = {
        key(found)
        for slot in slots
        for found in _of(inventory, slot.kind).items
        if name(found).casefold() == _named(slot.template, env)
    }
    return tuple(_bound(slot, env, others, _of(inventory, slot.kind), taken) for slot in slots)


def groups_of(bound: Iterable[NameMatch], place: str) -> Counter[str]:
    """How many of the things of a place were found in which resource group."""
    found = [one.ids[0] for one in bound if one.place == place and len(one.ids) == 1]
    return Counter(group for group in (segment(each, "resourceGroups") for each in found) if group)


def beyond(bound: Iterable[NameMatch], inventory: Inventory) -> tuple[str, ...]:
    """The ids in the inventory that no name was bound to."""
    used = {key(each) for one in bound for each in one.ids if len(one.ids) == 1}
    return tuple(sorted(each for listing in inventory.values() for each in listing.items if key(each) not in used))


def inventory_of(seen: Snapshot) -> Inventory:
    """What a snapshot saw to be there: never more than it was told to look for."""
    held = {
        kind.type: {one.id: getattr(one, kind.facet) for one in getattr(seen, kind.held_in).values()} for kind in NAMED
    }
    return {
        kind: Listing(
            tuple(found for found, facet in facets.items() if isinstance(facet, Observed) and facet.value),
            next((facet for facet in facets.values() if isinstance(facet, Gap)), None),
        )
        for kind, facets in held.items()
    }


def _slots(policy: Policy, env: str) -> Iterator[_Slot]:
    there = [one for one in documented_names(policy) if is_in(one.thing.environments, env)]
    several = Counter(one.section for one in there)
    for one in there:
        place = in_environment(one.thing.place, env)
        group = filled(group_of(policy.places[place]), env, one.key if one.kind is SITE else "")
        told_apart = one.kind in (SITE, VAULT) or (several[one.section] > 1 and one.kind is not ACCOUNT)
        template, word = in_environment(one.name, env), one.key if told_apart else ""
        yield _Slot(one.path, one.kind.type, template, place, group, word)


def _bound(slot: _Slot, env: str, others: frozenset[str], there: Listing[str], taken: set[str]) -> NameMatch:
    group = slot.group
    named = [found for found in there.items if name(found).casefold() == _named(slot.template, env)]
    named.sort(key=lambda found: (segment(found, "resourceGroups") or "").casefold() != group.casefold())
    if named:
        in_place = (segment(named[0], "resourceGroups") or "").casefold() == group.casefold()
        how = MatchBasis.DOCUMENTED if in_place else MatchBasis.MOVED
        return NameMatch(slot.path, slot.kind, slot.template, slot.template, slot.place, group, how, (named[0],))
    free = [each for each in there.items if key(each) not in taken]
    likely = [each for each in free if slot.word in name(each).casefold() and not _of_another(each, env, others)]
    here = [each for each in likely if env in name(each).casefold()]
    chosen = here or likely
    if len(chosen) == 1:
        template = _template(name(chosen[0]), env)
        how = MatchBasis.LIKELY
        return NameMatch(
            slot.path, slot.kind, slot.template, template, slot.place, group, how, tuple(chosen), there.gap
        )
    how = MatchBasis.UNSEEN if there.gap is not None and not chosen else MatchBasis.MISSING
    documented = slot.template
    return NameMatch(slot.path, slot.kind, documented, documented, slot.place, group, how, tuple(chosen), there.gap)


def _of(inventory: Inventory, kind: str) -> Listing[str]:
    return inventory.get(kind, Listing())


def _named(template: str, env: str) -> str:
    return template.replace("{env}", env).casefold()


def _of_another(found: str, env: str, others: frozenset[str]) -> bool:
    words = {*_WORDS.split(name(found).casefold()), *_WORDS.split((segment(found, "resourceGroups") or "").casefold())}
    return bool(words & others) and env not in words


def _template(found: str, env: str) -> str:
    """The name as a template, if this environment's name stands in it once."""
    return found.replace(env, "{env}") if found.count(env) == 1 else found
