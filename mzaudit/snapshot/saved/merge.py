"""Snapshots of parts of one estate, taken apart, as one: refused where they overlap or contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Final, NoReturn, TypeVar

from mzaudit.errors import SnapshotError
from mzaudit.kinds import NAMED, REGISTRY, SITE, NamedKind
from mzaudit.snapshot.authorization import Authorization
from mzaudit.snapshot.clock import by_azure
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.inventory import InventoryItem
from mzaudit.snapshot.observed import Gap, GapReason, Listing
from mzaudit.snapshot.registry import Registry
from mzaudit.snapshot.web import Site

T = TypeVar("T")

LONGEST: Final = timedelta(days=1)
"""Parts that lie further apart are not of one night."""


@dataclass(frozen=True)
class MergedSnapshot(Snapshot):
    """Several snapshots as one. `parts` holds the environments whose labels are of one key: a label says which values
    of one run, or of several that were given one key, are equal, and nothing about those of another."""

    parts: tuple[frozenset[str], ...] = ()

    def comparable(self, one: str, other: str) -> bool:
        """Whether the values of two environments were labelled under one key."""
        return any({one, other} <= part for part in self.parts)


def merge(named: Sequence[tuple[str, Snapshot]]) -> Snapshot:
    """The parts, each with the name that errors call it. Raises SnapshotError for parts that overlap or contradict.

    The clock is the one that was furthest from Azure's, else that of the latest part. An app that one part read whole
    and another only for its identity counts as read whole; both must have seen the same identity.
    """
    if len(named) == 1:
        return named[0][1]
    _of_one_night(named)
    first = max((part for _, part in named), key=lambda part: (abs(part.skew), part.taken))
    held = {each.name: getattr(first, each.name) for each in fields(Snapshot)}
    held["environments"] = _disjoint("the environment", [(name, part.environments) for name, part in named])
    held |= {kind.held_in: _of(kind, named) for kind in NAMED if kind not in (SITE, REGISTRY)}
    held |= {
        "api_versions": _same("the api-version of", [(name, part.api_versions) for name, part in named]),
        "reads": tuple(sorted({read for _, part in named for read in part.reads}, key=lambda r: (r.call, r.outcome))),
        "sites": _sites(named),
        "plans": _same("the plan", [(name, part.plans) for name, part in named]),
        "registries": _registries(named),
        "databases": _disjoint("the database", [(name, part.databases) for name, part in named]),
        "bodies": _same("the resource", [(name, part.bodies) for name, part in named]),
        "inventories": _inventories(named),
        "authorization": _access(named),
        "permissions": _same("the caller's permissions at", [(name, part.permissions) for name, part in named]),
    }
    return MergedSnapshot(**held, parts=tuple(_labelled_alike([part for _, part in named])))


def _labelled_alike(parts: Sequence[Snapshot]) -> Iterator[frozenset[str]]:
    """The environments of each part whose key nobody else has, and those of all parts that share one."""
    shared: dict[str, set[str]] = {}
    for part in parts:
        if part.label_key:
            shared.setdefault(part.label_key, set()).update(part.environments)
        else:
            yield frozenset(part.environments)
    yield from map(frozenset, shared.values())


def _of_one_night(named: Sequence[tuple[str, Snapshot]]) -> None:
    name, first = named[0]
    for other, part in named[1:]:
        for what in ("source", "cloud", "tool_version"):
            if getattr(part, what) != getattr(first, what):
                _contradict(what.replace("_", " "), name, other)
        tenants = {one.caller.tenant_id for one in (first, part) if one.caller is not None}
        if len(tenants) > 1:
            _contradict("the tenant", name, other)
        if abs(by_azure(part.taken, part.skew) - by_azure(first.taken, first.skew)) > LONGEST:
            raise SnapshotError(f"{other}: taken more than a day apart from {name}: collect the parts in one night")


def _of(kind: NamedKind, named: Sequence[tuple[str, Snapshot]]) -> Mapping[str, object]:
    parts: list[tuple[str, Mapping[str, object]]] = [(name, getattr(part, kind.held_in)) for name, part in named]
    return (_same if kind.shared else _disjoint)(f"the {kind.noun}", parts)


def _disjoint(what: str, parts: Iterable[tuple[str, Mapping[str, T]]]) -> dict[str, T]:
    found: dict[str, T] = {}
    whose: dict[str, str] = {}
    for name, part in parts:
        for key, value in part.items():
            if key in found:
                raise SnapshotError(f"{name}: {what} {key} is in {whose[key]} too: each part is to be collected once")
            found[key], whose[key] = value, name
    return found


def _same(what: str, parts: Iterable[tuple[str, Mapping[str, T]]]) -> dict[str, T]:
    """What may be in several parts, if they agree; one that was not seen says nothing against one that was."""
    found: dict[str, T] = {}
    whose: dict[str, str] = {}
    for name, part in parts:
        for key, value in part.items():
            if key in found and not isinstance(value, Gap) and not isinstance(found[key], Gap) and found[key] != value:
                _contradict(f"{what} {key}", whose[key], name)
            if key not in found or isinstance(found[key], Gap):
                found[key], whose[key] = value, name
    return found


def _sites(named: Sequence[tuple[str, Snapshot]]) -> dict[str, Site]:
    found: dict[str, Site] = {}
    whose: dict[str, str] = {}
    for name, part in named:
        for key, site in part.sites.items():
            before = found.get(key)
            if before is None:
                found[key], whose[key] = site, name
                continue
            if _whole(site) and _whole(before):
                raise SnapshotError(f"{name}: the app {key} is in {whose[key]} too: each part is to be collected once")
            seen = [one.properties for one in (before, site) if not isinstance(one.properties, Gap)]
            if len(seen) > 1 and seen[0] != seen[1]:
                _contradict(f"the app {key}", whose[key], name)
            if _whole(site) or isinstance(before.properties, Gap):
                found[key], whose[key] = site, name
    return found


def _whole(site: Site) -> bool:
    """Whether more than the identity was asked for."""
    return not (isinstance(site.settings, Gap) and site.settings.reason is GapReason.NOT_COLLECTED)


def _registries(named: Sequence[tuple[str, Snapshot]]) -> dict[str, Registry]:
    found: dict[str, Registry] = {}
    alone = [(name, {key: one.properties for key, one in part.registries.items()}) for name, part in named]
    properties = _same("the registry", alone)
    for key, seen in properties.items():
        ids = [part.registries[key].id for _, part in named if key in part.registries]
        tags = [(name, part.registries[key].tags) for name, part in named if key in part.registries]
        manifests = [(name, part.registries[key].manifests) for name, part in named if key in part.registries]
        found[key] = Registry(
            ids[0],
            seen,
            _same(f"the registry {key}: tags of", tags),
            _same(f"the registry {key}: manifest", manifests),
        )
    return found


def _inventories(named: Sequence[tuple[str, Snapshot]]) -> dict[str, Listing[InventoryItem]]:
    """What groups hold that several parts listed: the fuller list of each."""
    found: dict[str, Listing[InventoryItem]] = {}
    whose: dict[str, str] = {}
    for name, part in named:
        for key, listing in part.inventories.items():
            fuller = _list(found.get(key, listing), listing)
            if fuller is None:
                _contradict(f"what is in {key}", whose[key], name)
            found[key] = fuller
            whose.setdefault(key, name)
    return found


def _access(named: Sequence[tuple[str, Snapshot]]) -> dict[str, Authorization]:
    """RBAC of a subscription that several parts read: the same list in each, and what each asked about identities."""
    found: dict[str, Authorization] = {}
    whose: dict[str, str] = {}
    for name, part in named:
        for key, access in part.authorization.items():
            before = found.get(key)
            if before is None:
                found[key], whose[key] = access, name
                continue
            assignments = _list(before.assignments, access.assignments)
            denies = _list(before.denies, access.denies)
            expiring = _list(before.expiring, access.expiring)
            if assignments is None or denies is None or expiring is None:
                _contradict(f"role assignments of {key}", whose[key], name)
            roles = {role.guid: role for role in (*before.roles.items, *access.roles.items)}
            gap = before.roles.gap or access.roles.gap
            undefined = {**before.undefined, **access.undefined}
            asked = [(whose[key], before.assigned_to), (name, access.assigned_to)]
            found[key] = replace(
                before,
                assignments=assignments,
                denies=denies,
                expiring=expiring,
                roles=Listing(tuple(roles[guid] for guid in sorted(roles)), gap),
                undefined={guid: undefined[guid] for guid in sorted(undefined) if guid not in roles},
                assigned_to=_same(f"what is assigned in {key} to", asked),
            )
    return found


def _list(one: Listing[T], other: Listing[T]) -> Listing[T] | None:
    """The fuller of two views of one list; None if both are whole and differ."""
    if one.gap is None and other.gap is None:
        return one if set(one.items) == set(other.items) else None
    return one if one.gap is None else other


def _contradict(what: str, one: str, other: str) -> NoReturn:
    raise SnapshotError(f"{other}: {what} differs from {one}: the parts contradict each other; collect them again")
