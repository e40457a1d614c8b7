"""Bodies of things that an earlier rule has seen to exist."""

from __future__ import annotations

from typing import TypeVar

from mzaudit.policy.desired import DesiredService
from mzaudit.snapshot.observed import Gap, GapReason, Observed, Unobserved, need
from mzaudit.snapshot.text.ids import same
from mzaudit.snapshot.web import SiteProperties, UserAssigned

T = TypeVar("T")


def present(facet: Observed[T | None] | Gap, call: str) -> T:
    """The body, or stop the rule as inconclusive: a 404 below a thing that exists contradicts itself."""
    body = need(facet)
    if body is None:
        raise Unobserved(Gap(GapReason.MALFORMED, call, detail="answered 404 for a part of something that exists"))
    return body


def require_field(value: T | None, call: str, field: str) -> T:
    """The value of a field that Azure always sends; where it was silent, the rule is inconclusive."""
    if value is None:
        raise Unobserved(Gap(GapReason.MALFORMED, call, detail=f"the answer has no {field}"))
    return value


def attached(want: DesiredService, site: SiteProperties) -> UserAssigned | None:
    """The user-assigned identity that a service acts as, as it is attached to the site; None if it is not."""
    if want.identity is None:
        return None
    return next((one for one in site.identity.user_assigned if same(one.id, want.identity.id)), None)


def principal_of(want: DesiredService, site: SiteProperties) -> str | None:
    """The object id of the identity that a service acts as; `None` if the site does not have it. Where Azure tells of
    the identity and not of its id, the rule is inconclusive."""
    if want.acts_as == "system":
        if site.identity.principal_id:
            return site.identity.principal_id
        told = site.identity.system_assigned
        return require_field(None, f"GET {site.id}", "identity.principalId") if told else None
    one = attached(want, site)
    return require_field(one.principal_id or None, f"GET {site.id}", f"principalId of {one.id}") if one else None
