"""Bodies of things that an earlier rule has seen to exist."""

from __future__ import annotations

from typing import TypeVar

from mzaudit.snapshot.observed import Gap, GapReason, Observed, Unobserved, need
from mzaudit.snapshot.web import SiteProperties

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
        raise Unobserved(Gap(GapReason.MALFORMED, call, detail=f"the answer does not hold {field}"))
    return value


def principal_of(site: SiteProperties) -> str | None:
    """The object id of a site's own identity; `None` if it has none. Where Azure tells of the identity and not of its
    id, the rule is inconclusive."""
    if site.identity.principal_id:
        return site.identity.principal_id
    return require_field(None, f"GET {site.id}", "identity.principalId") if site.identity.system_assigned else None
