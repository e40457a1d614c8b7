"""Whose object id that is: the managed identities of the documented services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

from mzaudit.policy.wanted import WantedService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.ids import name
from mzaudit.snapshot.observed import Gap, GapReason
from mzaudit.snapshot.web import Site, UserAssigned


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """A managed identity of a documented service; `words` name it."""

    principal_id: str
    service: WantedService
    words: str
    oid: str = field(init=False, repr=False, compare=False)  # casefolded

    def __post_init__(self) -> None:
        object.__setattr__(self, "oid", self.principal_id.casefold())


@dataclass(frozen=True, slots=True)
class ServiceIdentities:
    """The identities found; `gaps` say where more may be."""

    items: tuple[ServiceIdentity, ...]
    gaps: tuple[Gap, ...]
    _ids: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ids", frozenset(item.oid for item in self.items))

    def owns(self, principal_id: str) -> bool:
        """Whether that object id is one of these identities."""
        return principal_id.casefold() in self._ids

    def without(self, principal_ids: Set[str]) -> ServiceIdentities:
        """These identities but for those of the casefolded object ids given."""
        items = tuple(i for i in self.items if i.oid not in principal_ids)
        return ServiceIdentities(items, self.gaps)


def identities_of(seen: Snapshot, services: Iterable[WantedService], *, slots_in: str) -> ServiceIdentities:
    """The system-assigned and the attached user-assigned identities of the services' apps, and, of the environment
    `slots_in`, those of their slots too: of another environment's apps only the app itself is read."""
    if not _kept_of or _kept_of[0] is not seen:
        _kept.clear()
        _kept_of[:] = [seen]
    found: list[ServiceIdentity] = []
    gaps: list[Gap] = []
    for service in services:
        asked = (id(service), service.env == slots_in)
        kept = _kept.get(asked)
        if kept is None or kept[0] is not service:
            kept = _kept[asked] = (service, *_look(seen.site(service.id), service, service.env == slots_in))
        found += kept[1]
        gaps += kept[2]
    return ServiceIdentities(tuple(found), tuple(dict.fromkeys(gaps)))


# The identities of each app, of one snapshot at a time: for each thing, rules ask for those of every other service.
_kept: dict[tuple[int, bool], tuple[WantedService, tuple[ServiceIdentity, ...], tuple[Gap, ...]]] = {}
_kept_of: list[Snapshot] = []


def _look(site: Site, service: WantedService, with_slots: bool) -> tuple[tuple[ServiceIdentity, ...], tuple[Gap, ...]]:
    words = f"{service.key} of {service.env}"
    sites = [(site, words)]
    gaps: list[Gap] = []
    if with_slots:
        sites += [(slot, f"the slot {name(slot.id)} of {words}") for slot in sorted(site.slots.items, key=_id)]
        gaps += [site.slots.gap] if site.slots.gap is not None else []
    seen = [identity for one, called in sites for identity in _identities(one, service, called)]
    gaps += [each for each in seen if isinstance(each, Gap)]
    return tuple(each for each in seen if isinstance(each, ServiceIdentity)), tuple(gaps)


def _identities(site: Site, service: WantedService, words: str) -> Iterator[ServiceIdentity | Gap]:
    if isinstance(site.properties, Gap):
        yield site.properties
        return
    if site.properties.value is None:
        return
    identity = site.properties.value.identity
    if identity.principal_id is not None:
        yield ServiceIdentity(identity.principal_id, service, f"the identity of {words}")
    for attached in sorted(identity.user_assigned, key=_id):
        if attached.principal_id is not None:
            yield ServiceIdentity(
                attached.principal_id, service, f"the user-assigned identity {name(attached.id)} of {words}"
            )
        else:
            yield Gap(GapReason.MALFORMED, f"GET {site.id}", attached.id, detail="an identity without a principal id")


def caller_of(seen: Snapshot) -> frozenset[str]:
    """The casefolded object id of who read the estate, if it is known."""
    return frozenset((seen.caller.object_id.casefold(),)) if seen.caller is not None else frozenset()


def may_be_managed_identity(principal_type: str | None) -> bool:
    """Whether a principal of that type can be a managed identity: Azure calls those service principals."""
    return principal_type is None or principal_type.casefold() in ("serviceprincipal", "unknown")


def is_gone(principal_type: str | None) -> bool:
    """Whether Azure itself says that the principal is no longer there."""
    return principal_type is not None and principal_type.casefold() == "unknown"


def _id(thing: Site | UserAssigned) -> str:
    return thing.id.casefold()
