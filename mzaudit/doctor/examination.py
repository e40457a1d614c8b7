"""What a run could and could not read, by scope: rights, network and the rest, with the rules that each lack blinds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Generic, TypeVar

from mzaudit.access.permission_matching import grants
from mzaudit.azure.required_permissions import DATABASE_NEEDS, NEEDS, PERMISSIONS, At, DatabaseNeed, Need, of_type
from mzaudit.doctor.role_grants import RoleGrant, above, least
from mzaudit.engine.results import Finding, Status
from mzaudit.snapshot.estate import Read, Snapshot
from mzaudit.snapshot.observed import LACKS, Gap, GapReason, Observed
from mzaudit.snapshot.text.ids import key

N = TypeVar("N", Need, DatabaseNeed)

_NETWORK: Final = (GapReason.FIREWALL, GapReason.PRIVATE_ONLY, GapReason.UNREACHABLE)
_NEEDS: Final = {need.permission.casefold(): need for need in NEEDS}
_OF_ANY_TYPE: Final = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)+(?:/[A-Za-z0-9]+)+/read|\*/read")
_INSIDE: Final = {need.permission: need for need in DATABASE_NEEDS}


@dataclass(frozen=True, slots=True)
class Lack(Generic[N]):
    """A permission that the caller lacks at a scope, and the rules that stay undecided for it."""

    need: N
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeExamination(Generic[N]):
    """A scope at which permissions are needed: those that calls have proved, and those that are lacking."""

    scope: str
    held: tuple[N, ...]
    lacks: tuple[Lack[N], ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What no permission removes: `gap` is the first of `calls` that met it."""

    gap: Gap
    calls: int
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unasked:
    """A permission that this estate gave no cause to use; `held` is what the caller's own permissions say of it, None
    where they cannot tell (a data action may be granted below the scopes that were asked)."""

    need: Need
    held: bool | None


@dataclass(frozen=True, slots=True)
class Examination:
    """The whole of it. `inside` are the databases, where no role helps; `further` is needed for types that only the
    policy names; `grants` are the least that would give what is lacking outside of databases."""

    places: tuple[ScopeExamination[Need], ...]
    inside: tuple[ScopeExamination[DatabaseNeed], ...]
    network: tuple[Obstacle, ...]
    others: tuple[Obstacle, ...]
    unasked: tuple[Unasked, ...]
    further: tuple[Need, ...]
    grants: tuple[RoleGrant, ...]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for was answered."""
        return not (self.network or self.others or self.lacking)

    @property
    def lacking(self) -> int:
        """How many permissions are lacking, each counted at each scope."""
        return sum(len(place.lacks) for place in self.places) + sum(len(place.lacks) for place in self.inside)


def examine(seen: Snapshot, findings: Sequence[Finding]) -> Examination:
    """Sort every call of the run: the ledger is the truth, the caller's own permissions explain it."""
    places = _places(seen, findings, (*NEEDS, *_further(seen)), _proved, partial(_lacked, seen))
    met = tuple(_obstacles(seen, findings))
    return Examination(
        places=places,
        inside=_places(seen, findings, DATABASE_NEEDS, _proved_inside, _lacked_inside),
        network=tuple(each for each in met if each.gap.reason in _NETWORK),
        others=tuple(each for each in met if each.gap.reason not in _NETWORK),
        unasked=tuple(_unasked(seen)),
        further=_further(seen),
        grants=least(RoleGrant(lack.need.role, place.scope) for place in places for lack in place.lacks),
    )


def _places(
    seen: Snapshot,
    findings: Sequence[Finding],
    order: Sequence[N],
    proved: Callable[[Read], tuple[N, str] | None],
    lacked: Callable[[Gap], tuple[N, str] | None],
) -> tuple[ScopeExamination[N], ...]:
    """What the calls say of the permissions in `order`, by the scope at which each is needed."""
    spelled: dict[str, str] = {}
    held: dict[str, set[N]] = {}
    lacks: dict[str, set[N]] = {}
    for read in seen.reads:
        told = proved(read) if read.answered else lacked(_gap(read))
        if told is not None:
            need, scope = told
            spelled.setdefault(key(scope), scope)
            (held if read.answered else lacks).setdefault(key(scope), set()).add(need)

    def at(gap: Gap) -> tuple[N, str] | None:
        lack = lacked(gap)
        return None if lack is None else (lack[0], key(lack[1]))

    return tuple(
        ScopeExamination(
            scope,
            tuple(need for need in order if need in held.get(place, set()) - lacks.get(place, set())),
            tuple(Lack(need, _rules(findings, at, (need, place))) for need in order if need in lacks.get(place, set())),
        )
        for place, scope in spelled.items()
    )


def _further(seen: Snapshot) -> tuple[Need, ...]:
    """What it took to read resources of types that only a policy names."""
    found = {read.permission.casefold(): _need(read.permission) for read in seen.reads}
    return tuple(need for name, need in sorted(found.items()) if need is not None and name not in _NEEDS)


def _need(permission: str) -> Need | None:
    if found := _NEEDS.get(permission.casefold()):
        return found
    return of_type(permission.removesuffix("/read")) if _OF_ANY_TYPE.fullmatch(permission) else None


def _proved(read: Read) -> tuple[Need, str] | None:
    need = _need(read.permission)
    return None if need is None else (need, above(read.scope, need.at))


def _proved_inside(read: Read) -> tuple[DatabaseNeed, str] | None:
    """In a database only rows prove a permission: a history that is not there says nothing of the right to it."""
    need = _INSIDE.get(read.permission)
    return None if need is None or read.outcome != "ok" else (need, read.scope)


def _gap(read: Read) -> Gap:
    return Gap(GapReason(read.outcome), read.call, read.scope, read.permission)


def _lack(gap: Gap, seen: Snapshot) -> Need | None:
    """The permission whose lack made this gap; None if no permission would have helped."""
    need = _need(gap.permission)
    if need is None or gap.reason not in LACKS:
        return None
    own = seen.permissions.get(key(above(gap.scope, need.at)))
    if gap.reason is GapReason.PARTIAL and not isinstance(own, Observed):
        return PERMISSIONS  # the list was answered: only that it is whole could not be told
    return need


def _lacked(seen: Snapshot, gap: Gap) -> tuple[Need, str] | None:
    need = _lack(gap, seen)
    return None if need is None else (need, above(gap.scope, need.at))


def _lacked_inside(gap: Gap) -> tuple[DatabaseNeed, str] | None:
    need = _INSIDE.get(gap.permission)
    return None if need is None or gap.reason not in LACKS else (need, gap.scope)


def _rules(findings: Sequence[Finding], of: Callable[[Gap], object], wanted: object) -> tuple[str, ...]:
    """The rules with an undecided finding for which `of` one of its gaps is what is wanted."""
    undecided = (finding for finding in findings if finding.status is Status.INCONCLUSIVE)
    return tuple(sorted({finding.rule for finding in undecided if any(of(gap) == wanted for gap in finding.gaps)}))


def _obstacles(seen: Snapshot, findings: Sequence[Finding]) -> Iterator[Obstacle]:
    """What stood in the way at each resource, apart from rights."""
    met: dict[tuple[GapReason, str, str], list[Gap]] = {}
    for read in seen.reads:
        if not read.answered:
            gap = _gap(read)
            if _lack(gap, seen) is None and _lacked_inside(gap) is None:
                met.setdefault(_kind(gap), []).append(gap)
    for kind, gaps in met.items():
        at = replace(gaps[0], scope=_where(gaps[0]))
        yield Obstacle(at, len(gaps), _rules(findings, _kind, kind))


def _kind(gap: Gap) -> tuple[GapReason, str, str]:
    return gap.reason, key(_where(gap)), gap.permission


def _where(gap: Gap) -> str:
    """The resource that an obstacle stands at: the network's are a server's, all else inside a database is its own."""
    return gap.scope if gap.permission in _INSIDE and gap.reason not in _NETWORK else above(gap.scope, At.VAULT)


def _unasked(seen: Snapshot) -> Iterator[Unasked]:
    used = {read.permission.casefold() for read in seen.reads}
    for need in NEEDS:
        if need.when and need.permission.casefold() not in used:
            yield Unasked(need, None if need.data else _held(need, seen))


def _held(need: Need, seen: Snapshot) -> bool | None:
    """Whether the caller's own permissions include an action wherever its provider was asked."""
    provider = need.permission.partition("/")[0].casefold() + "/"
    reads = (read for read in seen.reads if need.at is At.SUBSCRIPTION or provider in read.permission.casefold())
    asked = [seen.permissions.get(place) for place in {key(above(read.scope, need.at)) for read in reads}]
    blocks = [each.value or () for each in asked if isinstance(each, Observed)]
    if not blocks or len(blocks) < len(asked):
        return None
    return all(any(grants(block, need.permission, data=False) for block in each) for each in blocks)
