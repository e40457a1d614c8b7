"""What is to be found at the documented apps and their slots, looked at once for all rules that ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from mzaudit.engine.subjects import OtherServices
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import name
from mzaudit.snapshot.web import Site

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Place(Generic[T]):
    """What was found at one service, and where that stands in the order; `gaps` say where more may be."""

    number: int
    service: DesiredService
    found: tuple[T, ...]
    gaps: tuple[Gap, ...]


class _Places(Generic[T]):
    """Places, and what was found there by its keys."""

    def __init__(self, places: Iterable[_Place[T]], keys: Callable[[T], Iterable[str]]) -> None:
        self.places = tuple(places)
        self.gapped = tuple(place for place in self.places if place.gaps)
        self._keys = keys

    @cached_property
    def by_key(self) -> Mapping[str, Sequence[tuple[_Place[T], T]]]:
        """Everything that has a key, with its place, in order."""
        found: dict[str, list[tuple[_Place[T], T]]] = {}
        for place in self.places:
            for one in place.found:
                for each in dict.fromkeys(self._keys(one)):
                    found.setdefault(each, []).append((place, one))
        return found


class Found(Generic[T]):
    """What was found at services but those left out: of a large estate a thousand, so that it is looked up by a key (an
    object id, a client id) and seldom walked through."""

    def __init__(self, *parts: tuple[_Places[T], frozenset[int]]) -> None:
        self._parts = parts  # with the `id`s of the services that are left out

    @cached_property
    def items(self) -> tuple[T, ...]:
        """All of it, in the order of the services."""
        there = [place for part, left_out in self._parts for place in part.places if id(place.service) not in left_out]
        return tuple(each for place in sorted(there, key=_number) for each in place.found)

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Where more may be."""
        there = [place for part, left_out in self._parts for place in part.gapped if id(place.service) not in left_out]
        return tuple(dict.fromkeys(gap for place in sorted(there, key=_number) for gap in place.gaps))

    def beyond(self, keys: Set[str]) -> tuple[T, ...]:
        """What has none of those keys, in the order of the services; each is to have one key."""
        return self._having(lambda part: part.by_key.keys() - keys)

    def having(self, key: str) -> tuple[T, ...]:
        """What has that key, in the order of the services."""
        return self._having(lambda _: (key,))

    def _having(self, keys: Callable[[_Places[T]], Iterable[str]]) -> tuple[T, ...]:
        there = [
            entry
            for part, left_out in self._parts
            for key in keys(part)
            for entry in part.by_key.get(key, ())
            if id(entry[0].service) not in left_out
        ]
        return tuple(one for _, one in sorted(there, key=lambda entry: entry[0].number))


def _number(place: _Place[T]) -> int:
    return place.number


class SiteScan(Generic[T]):
    """What `read` finds at a site of a service, which it is given with words for it, to be looked up by `keys`."""

    def __init__(
        self,
        seen: Snapshot,
        read: Callable[[Site, DesiredService, str], Iterable[T | Gap]],
        keys: Callable[[T], Iterable[str]],
    ) -> None:
        self._seen = seen
        self._read = read
        self._keys = keys
        # Of those last asked about: what is at the apps themselves, and for each environment at its slots too.
        self._everyone: tuple[DesiredService, ...] = ()
        self._apps = _Places[T]((), keys)
        self._with_slots: dict[str, _Places[T]] = {}

    def of(self, services: Sequence[DesiredService] | OtherServices, *, slots_in: str) -> Found[T]:
        """What is at the services' apps and, of the environment `slots_in` and of services that share something with
        another, at their slots."""
        if not isinstance(services, OtherServices):
            places = (self._at(each, n, slots=each.env == slots_in or each.shares) for n, each in enumerate(services))
            return Found((_Places(places, self._keys), frozenset()))
        if services.everyone is not self._everyone:
            self._everyone, self._with_slots = services.everyone, {}
            places = (self._at(each, n, slots=each.shares) for n, each in enumerate(services.everyone))
            self._apps = _Places(places, self._keys)
        if slots_in not in self._with_slots:
            own = ((n, each) for n, each in enumerate(services.everyone) if each.env == slots_in)
            self._with_slots[slots_in] = _Places((self._at(each, n, slots=True) for n, each in own), self._keys)
        here = self._with_slots[slots_in]
        but = frozenset(map(id, services.but))
        return Found((here, but), (self._apps, but.union(id(place.service) for place in here.places)))

    def _at(self, service: DesiredService, number: int, *, slots: bool) -> _Place[T]:
        site = self._seen.site(service.id)
        words = f"{service.key} of {service.env}"
        sites = [(site, words)]
        gaps: list[Gap] = []
        if slots:
            below = sorted(site.slots.items, key=lambda slot: slot.id.casefold())
            sites += [(slot, f"the slot {name(slot.id)} of {words}") for slot in below]
            gaps += [site.slots.gap] if site.slots.gap is not None else []
        seen = [each for one, called in sites for each in self._read(one, service, called)]
        gaps += [each for each in seen if isinstance(each, Gap)]
        return _Place(number, service, tuple(each for each in seen if not isinstance(each, Gap)), tuple(gaps))
