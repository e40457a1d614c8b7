"""Whose object id that is: the managed identities of the documented services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property, partial

from mzaudit.access.site_scan import Found, SiteScan
from mzaudit.engine.subjects import OtherServices
from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason
from mzaudit.snapshot.text.ids import name
from mzaudit.snapshot.view import View
from mzaudit.snapshot.web import Site


@dataclass(frozen=True, slots=True)
class ServiceIdentity:
    """A managed identity of a documented service; `words` name it."""

    principal_id: str
    service: DesiredService
    words: str
    attached: str = ""  # the name of a user-assigned one
    oid: str = field(init=False, repr=False, compare=False)  # casefolded

    def __post_init__(self) -> None:
        object.__setattr__(self, "oid", self.principal_id.casefold())

    def named(self, attached: str) -> bool:
        """Whether it is the user-assigned identity of that name."""
        return bool(attached) and self.attached.casefold() == attached.casefold()


class ServiceIdentities:
    """The identities found, but for those of the casefolded object ids `without`."""

    def __init__(self, found: Found[ServiceIdentity], without: Set[str] = frozenset()) -> None:
        self._found = found
        self._without = without
        self.gaps = found.gaps
        """Where more may be."""

    @cached_property
    def items(self) -> tuple[ServiceIdentity, ...]:
        """The identities, in the order of the services."""
        return self._found.beyond(self._without) if self._without else self._found.items

    def owns(self, principal_id: str) -> bool:
        """Whether that object id is one of these identities."""
        who = principal_id.casefold()
        return who not in self._without and bool(self._found.having(who))

    def without(self, principal_ids: Set[str]) -> ServiceIdentities:
        """These identities but for those of the casefolded object ids given."""
        return ServiceIdentities(self._found, self._without | principal_ids)


def identities_of(
    seen: Snapshot, services: Sequence[DesiredService] | OtherServices, *, slots_in: str
) -> ServiceIdentities:
    """The system-assigned and the attached user-assigned identities of the services' apps, and, of the environment
    `slots_in`, those of their slots too: of another environment's apps only the app itself is read."""
    return ServiceIdentities(View.of(seen).derived(_SCAN).of(services, slots_in=slots_in))


def _identities(site: Site, service: DesiredService, words: str) -> Iterator[ServiceIdentity | Gap]:
    if isinstance(site.properties, Gap):
        yield site.properties
        return
    if site.properties.value is None:
        return
    identity = site.properties.value.identity
    if identity.principal_id is not None:
        yield ServiceIdentity(identity.principal_id, service, f"the identity of {words}")
    elif identity.system_assigned:
        yield Gap(GapReason.MALFORMED, f"GET {site.id}", site.id, detail="an identity without a principal id")
    for attached in sorted(identity.user_assigned, key=lambda one: one.id.casefold()):
        if attached.principal_id is not None:
            called = name(attached.id)
            yield ServiceIdentity(
                attached.principal_id, service, f"the user-assigned identity {called} of {words}", called
            )
        else:
            yield Gap(GapReason.MALFORMED, f"GET {site.id}", attached.id, detail="an identity without a principal id")


_SCAN = partial(SiteScan[ServiceIdentity], read=_identities, keys=lambda one: (one.oid,))


def caller_of(seen: Snapshot) -> frozenset[str]:
    """The casefolded object id of who read the estate, if it is known."""
    return frozenset((seen.caller.object_id.casefold(),)) if seen.caller is not None else frozenset()


def may_be_managed_identity(principal_type: str | None) -> bool:
    """Whether a principal of that type can be a managed identity: Azure calls those service principals, and of a type
    that is not known here it cannot be told."""
    return principal_type is None or principal_type.casefold() not in ("user", "group", "foreigngroup", "device")


def may_be_group(principal_type: str | None) -> bool:
    """Whether a principal of that type may stand for others."""
    alone = ("serviceprincipal", "user", "device", "unknown")
    return principal_type is None or principal_type.casefold() not in alone


def is_gone(principal_type: str | None) -> bool:
    """Whether Azure itself says that the principal is no longer there."""
    return principal_type is not None and principal_type.casefold() == "unknown"
