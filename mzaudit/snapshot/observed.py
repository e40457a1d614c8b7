"""What we saw and what we could not see, as values.

The unit of doubt is the API call: a facet is `Observed(value)` or a `Gap`; a `Listing` knows whether it is whole.
A 404 is an observation (`Observed(None)`); a 403 is a gap. Inside an observed body, `None` means Azure was silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class GapReason(StrEnum):
    """Why a call gave no answer; a closed vocabulary, each with its own fix."""

    FORBIDDEN = "forbidden"  # the caller's role lacks the permission named in the gap
    DENIED = "denied"  # a deny assignment blocks it, whatever role the caller holds
    LOCKED = "locked"  # a ReadOnly lock, or a disabled subscription, forbids what is no GET
    UNAUTHENTICATED = "unauthenticated"  # the service refused the token
    FIREWALL = "firewall"  # the service's network rules do not admit this address
    PRIVATE_ONLY = "private-only"  # public network access is off
    ACCESS_POLICY = "access-policy"  # an access-policy vault without a policy for the caller
    DISABLED = "disabled"  # the secret is disabled: its value cannot be read by anyone
    NOT_VISIBLE = "not-visible"  # the subscription does not exist for this caller
    NOT_REGISTERED = "not-registered"  # the resource provider is not registered, and we do not register it
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"  # DNS, connection, TLS
    SERVER_ERROR = "server-error"
    MALFORMED = "malformed"  # an answer that is not what the API documents
    CONTRADICTED = "contradicted"  # two answers of one run, or an answer and its question, that cannot both be true
    REFUSED = "refused"  # our own read-only guard or host check refused to send the request
    PARTIAL = "partial"  # a list that may have been trimmed to what the caller may read
    MEMBERS = "members"  # who is in an Entra group is not to be seen in Azure
    NOT_COLLECTED = "not-collected"  # nobody asked (an option, or a snapshot of another policy)
    CLOCK = "clock"  # what rests on the time, where the clock of the machine that read was wrong
    UNDECIDED = "undecided"  # Azure answered, and that is not enough; the detail says what would be
    INTERNAL = "internal"  # a defect of mzaudit; the detail names the exception's type


# A right of the caller's that is missing; what a role assignment fixes.
LACKS = (GapReason.FORBIDDEN, GapReason.PARTIAL, GapReason.NOT_VISIBLE)


@dataclass(frozen=True, slots=True)
class Gap:
    """One call that gave no answer: why, which call, on what, and the permission or setting that would fix it."""

    reason: GapReason
    call: str
    scope: str = ""
    permission: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Observed(Generic[T]):
    """We looked, and saw this."""

    value: T


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """Items are facts even when `gap` is set; `gap` only says that there may be more."""

    items: tuple[T, ...] = ()
    gap: Gap | None = None


class Unobserved(Exception):  # noqa: N818 - it is not an error: it is how a rule stops
    """A rule asked for something unseen; the evaluator makes the verdict inconclusive."""

    def __init__(self, *gaps: Gap) -> None:
        super().__init__(", ".join(gap.call for gap in gaps))
        self.gaps = gaps


def need(facet: Observed[T] | Gap) -> T:
    """The observed value, or stop the rule as inconclusive."""
    if isinstance(facet, Gap):
        raise Unobserved(facet)
    return facet.value


def whole(listing: Listing[T]) -> tuple[T, ...]:
    """All items of a listing that is known to be whole, or stop the rule as inconclusive."""
    if listing.gap is not None:
        raise Unobserved(listing.gap)
    return listing.items


def find(listing: Listing[T], wanted: Callable[[T], bool]) -> T | None:
    """The first item that fits; `None` only from a whole listing, else the rule is inconclusive."""
    for item in listing.items:
        if wanted(item):
            return item
    whole(listing)
    return None


def not_asked(call: str) -> Gap:
    """The gap of a call that this snapshot's run did not make."""
    return Gap(GapReason.NOT_COLLECTED, call, detail="this snapshot does not have it")
