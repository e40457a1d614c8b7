"""RES-003: a documented resource group holds nothing that is not documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mzaudit.access.deny_assignments import may_hide
from mzaudit.engine import Evidence, Fail, Fix, Inconclusive, Pass, Severity, Verdict, rule
from mzaudit.engine.az_cli import az
from mzaudit.engine.demand import Demand
from mzaudit.kinds import SERVER, kind_of
from mzaudit.rules.resource._group_subjects import DocumentedGroup, each_documented_group
from mzaudit.rules.resource._made_by_azure import is_made_by_azure
from mzaudit.rules.resource._part_of_the_estate import belonging
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.inventory import InventoryItem
from mzaudit.snapshot.text import ids, wildcard

if TYPE_CHECKING:
    pass

_MOST = 50  # rows of evidence
_LOOKS = 10  # commands of the fix
_DATABASES = f"{SERVER}/databases".casefold()


@rule(
    "RES-003",
    title="The resource group contains nothing undocumented",
    severity=Severity.LOW,
    over=each_documented_group,
    guards=(Demand.DOCUMENTED,),
)
def nothing_undocumented(want: DocumentedGroup, seen: Snapshot) -> Verdict:
    """
    ## What it checks
    Where the policy has a section `undocumented`: every resource in the documented resource groups is documented, or
    allowed there with a reason. Documented is what the policy names in any environment, and every child resource of it
    except databases, which the policy names one by one. So are the plans of documented apps and their slots, the
    alerts, dashboards and workspaces of a documented component, what Azure says a documented resource manages, and what
    Azure creates along with one: smart detection of a component, the master database of a server, the network interface
    of a private endpoint. Azure cuts the list of a group to what the caller may read: without `*/read` on the group,
    or under a deny assignment that may deny reading, what is seen there still fails, and what may be hidden is
    inconclusive.

    ## Why it matters
    Nobody patches or monitors an undocumented resource: a virtual machine made by hand, a second vault with a copy of
    the secrets.

    ## Remediation
    Find out what it is and who created it. Document it, or allow it in the policy with a reason; otherwise delete it,
    once nothing uses it.

    ## References
    - https://learn.microsoft.com/rest/api/resources/resources/list-by-resource-group
    - https://learn.microsoft.com/azure/azure-resource-manager/management/manage-resources-portal
    """
    listing, documented = seen.inventory(want.id), tuple(each for env in want.environments for each in env.ids)
    databases = tuple(one.id for env in want.environments for one in env.databases)
    known = {ids.key(each) for each in (*documented, *databases)}
    beside = belonging(want, seen)
    extra: list[InventoryItem] = []
    gaps = [] if listing.gap is None else [listing.gap]
    caller = seen.caller.object_id if seen.caller is not None else None
    gaps += may_hide(seen.access(want.id).denies, caller, want.id)
    for item in sorted(listing.items, key=lambda each: ids.key(each.id)):
        if _belongs(item.id, known) or (item.managed_by and _belongs(item.managed_by, known)):
            continue
        if ids.key(item.id) in beside.ids or is_made_by_azure(item.id, documented) or _allowed(item.id, want):
            continue
        doubts = tuple(beside.gaps(item.id))
        gaps += doubts
        if not doubts and not any(ids.covers(other.id, item.id) for other in extra):
            extra.append(item)
    group = ids.name(want.id)
    if extra:
        return Fail(
            _rows(want.id, extra),
            f"The resource group {group} contains resources that the policy does not document:"
            f" {_named(extra)}." + (" It may contain more that could not be read." if gaps else ""),
            "Find out what each is and who created it; then document it, allow it with a reason, or remove it.",
            Fix(
                "Reader on the resource group",
                tuple(az("resource show", ids=each.id) for each in extra[:_LOOKS]),
                f"the policy: undocumented: {{allow: [{{type: {ids.type_of(extra[0].id)},"
                f" name: '{ids.name(extra[0].id)}', reason: ...}}]}}",
            ),
            gaps=tuple(dict.fromkeys(gaps)),
        )
    if gaps:
        return Inconclusive(tuple(dict.fromkeys(gaps)))
    return Pass((Evidence(want.id, "only documented resources", "only documented resources"),))


def _belongs(resource_id: str, known: set[str]) -> bool:
    """Whether a resource is a documented one or a part of it. A database of a documented server is neither."""
    parts = ids.key(resource_id).split("/")
    own = ids.type_of(resource_id).casefold() == _DATABASES
    return any("/".join(parts[:end]) in known for end in range(len(parts) if own else 9, len(parts) + 1))


def _allowed(resource_id: str, want: DocumentedGroup) -> bool:
    kind, called = ids.type_of(resource_id).casefold(), ids.name(resource_id).casefold()
    return any(
        kind == each.type.casefold() and wildcard.matches(each.name.casefold().replace("{env}", env), called)
        for each in want.allowed
        for env in want.environment_names
    )


def _rows(group: str, extra: list[InventoryItem]) -> tuple[Evidence, ...]:
    rows = tuple(Evidence(each.id, "documented", "not documented", _entry(each.id)) for each in extra[:_MOST])
    more = len(extra) - _MOST
    return (*rows, Evidence(group, "documented", f"{more} more are not documented")) if more > 0 else rows


def _entry(resource_id: str) -> str:
    """How the policy would document it."""
    if kind := kind_of(resource_id):
        return f"a {kind.noun}: an entry of the policy's section for it"
    return f"resources: {{KEY: {{type: {ids.type_of(resource_id)}, name: {ids.name(resource_id)}}}}}"


def _named(extra: list[InventoryItem]) -> str:
    told = ", ".join(f"{ids.name(each.id)} ({ids.type_of(each.id)})" for each in extra[:3])
    return told + (f" and {len(extra) - 3} more" if len(extra) > 3 else "")
