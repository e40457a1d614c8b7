"""Which lists take fewer calls than the reads that they replace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.sql_reader import WITH_ADMINISTRATOR
from mzaudit.azure.required_permissions import Need
from mzaudit.azure.scope import Scope
from mzaudit.snapshot.text.ids import key, segment

MANY: Final = 30
"""Fewer of a type in a subscription are read one by one: they fit into what Azure lets through at once, and a read
that says 404 needs no second look. A list takes one call for every hundred or so."""

SITES: Final = "Microsoft.Web/sites"
PLANS: Final = "Microsoft.Web/serverfarms"


def plan_lists(scope: Scope) -> dict[str, Call]:
    """The lists that take fewer calls than the reads that they replace, by `ids.key` of the collection that they hold;
    none for a scope of a few apps."""
    wide: tuple[tuple[Iterable[str], str, Need], ...] = (
        (scope.identities_of, SITES, required_permissions.SITE),
        (scope.sites, PLANS, required_permissions.PLAN),
        ((each.id for each in scope.vaults), "Microsoft.KeyVault/vaults", required_permissions.VAULT),
        ((each.id for each in scope.servers), "Microsoft.Sql/servers", required_permissions.SERVER),
        ((each.id for each in scope.accounts), "Microsoft.Storage/storageAccounts", required_permissions.ACCOUNT),
        (scope.components, "Microsoft.Insights/components", required_permissions.COMPONENT),
    )
    calls = [
        _list(subscription, kind, need, WITH_ADMINISTRATOR if need is required_permissions.SERVER else ())
        for ids, kind, need in wide
        for subscription in _with_many(ids)
    ]
    # With its slots a site is listed by resource group alone.
    crowded = _with_many(scope.sites)
    groups = sorted({_group(each) for each in scope.sites if _subscription(each) in crowded})
    calls += [_list(group, SITES, required_permissions.SITE, (("includeSlots", "true"),)) for group in groups]
    return {key(call.target): call for call in calls}


def _with_many(ids: Iterable[str]) -> list[str]:
    """The subscriptions in which many of the ids lie."""
    return [subscription for subscription, count in Counter(map(_subscription, ids)).items() if count >= MANY]


def _list(scope: str, kind: str, need: Need, query: tuple[tuple[str, str], ...] = ()) -> Call:
    return Call(f"{scope}/providers/{kind}", kind, need.permission, scope, query=query, within=(scope,), leads=True)


def _subscription(resource_id: str) -> str:
    return f"/subscriptions/{segment(resource_id, 'subscriptions') or ''}"


def _group(resource_id: str) -> str:
    return "/".join(resource_id.split("/")[:5])
