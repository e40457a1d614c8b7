"""What is to be found at the documented apps and their slots, looked at once for all rules that ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap
from mzaudit.snapshot.text.ids import name
from mzaudit.snapshot.web import Site

T = TypeVar("T")


class SiteScan(Generic[T]):
    """What `read` finds at a site of a service, which it is given with words for it. Of one snapshot at a time it is
    kept: for each thing, rules ask for what is at the apps of every other service."""

    def __init__(self, read: Callable[[Site, DesiredService, str], Iterable[T | Gap]]) -> None:
        self._read = read
        self._snapshot: Snapshot | None = None
        self._kept: dict[tuple[int, bool], tuple[DesiredService, tuple[T, ...], tuple[Gap, ...]]] = {}

    def of(
        self, seen: Snapshot, services: Iterable[DesiredService], *, slots_in: str
    ) -> tuple[tuple[T, ...], tuple[Gap, ...]]:
        """What is at the services' apps and, of the environment `slots_in`, at their slots; gaps say where more may
        be."""
        if self._snapshot is not seen:
            self._snapshot, self._kept = seen, {}
        found: list[T] = []
        gaps: list[Gap] = []
        for service in services:
            asked = (id(service), service.env == slots_in)
            kept = self._kept.get(asked)
            if kept is None or kept[0] is not service:
                kept = self._kept[asked] = (service, *self._look(seen.site(service.id), service, slots=asked[1]))
            found += kept[1]
            gaps += kept[2]
        return tuple(found), tuple(dict.fromkeys(gaps))

    def _look(self, site: Site, service: DesiredService, *, slots: bool) -> tuple[tuple[T, ...], tuple[Gap, ...]]:
        words = f"{service.key} of {service.env}"
        sites = [(site, words)]
        gaps: list[Gap] = []
        if slots:
            below = sorted(site.slots.items, key=lambda slot: slot.id.casefold())
            sites += [(slot, f"the slot {name(slot.id)} of {words}") for slot in below]
            gaps += [site.slots.gap] if site.slots.gap is not None else []
        seen = [each for one, called in sites for each in self._read(one, service, called)]
        gaps += [each for each in seen if isinstance(each, Gap)]
        return tuple(each for each in seen if not isinstance(each, Gap)), tuple(gaps)
