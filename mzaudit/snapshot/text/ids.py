"""ARM resource ids and scopes: compared without case, by segments, without a trailing slash."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=65536)
def key(resource_id: str) -> str:
    """The form under which two spellings of one id are equal."""
    return "/" + "/".join(part for part in resource_id.casefold().split("/") if part)


def same(one: str, other: str) -> bool:
    """Whether two ids name one resource."""
    return key(one) == key(other)


def covers(scope: str, target: str) -> bool:
    """Whether an assignment at `scope` reaches `target` inside a subscription.

    `/` and management groups lie above every subscription that returned the assignment.
    """
    above, below = key(scope), key(target)
    if above == "/" or above.startswith("/providers/microsoft.management/managementgroups/"):
        return True
    return below == above or below.startswith(above + "/")


def name(resource_id: str) -> str:
    """The last segment: the resource's own name."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def group_of(resource_id: str) -> str:
    """The id of the resource group that holds a resource."""
    return "/".join(resource_id.split("/")[:5])


def subscription_of(resource_id: str) -> str:
    """The id (a GUID) of the subscription that holds a resource, in its own spelling; empty for one in none."""
    return segment(resource_id, "subscriptions") or ""


@lru_cache(maxsize=65536)
def segment(resource_id: str, after: str) -> str | None:
    """The segment that follows `after` (`resourceGroups`, `subscriptions`, `sites`), in its own spelling."""
    parts = [part for part in resource_id.split("/") if part]
    for position, part in enumerate(parts[:-1]):
        if part.casefold() == after.casefold():
            return parts[position + 1]
    return None


@lru_cache(maxsize=65536)
def type_of(resource_id: str) -> str:
    """The type of a resource or collection: `Microsoft.Web/sites/config`; empty for what no provider holds."""
    _, found, below = resource_id.rpartition("/providers/")
    namespace, *rest = (part for part in below.split("/") if part)
    return "/".join((namespace, *rest[::2])) if found and rest else ""
