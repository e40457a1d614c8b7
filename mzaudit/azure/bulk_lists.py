"""Which lists take fewer calls than the reads that they replace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from mzaudit.azure.client.call import Call
from mzaudit.azure.scope import Scope
from mzaudit.kinds import PLAN, SITE, Kind, ids_by_kind
from mzaudit.snapshot.text.ids import group_of, key, subscription_of

MANY: Final = 30
"""Fewer of a type in a subscription are read one by one: they fit into what Azure lets through at once, and a read
that says 404 needs no second look. A list takes one call for every hundred or so."""


def plan_lists(scope: Scope) -> dict[str, Call]:
    """The lists that take fewer calls than the reads that they replace, by `ids.key` of the collection that they hold;
    none for a scope of a few apps."""
    sites = {*scope.sites, *scope.identities_of}
    named = [each for each in scope.ids() if each not in sites]
    wide = {kind: ids for kind, ids in ids_by_kind((*scope.identities_of, *named)).items() if kind.listed}
    calls = [_list(each, kind, kind.query) for kind, ids in wide.items() for each in _with_many(ids)]
    # With its slots a site is listed by resource group alone.
    crowded = _with_many(scope.sites)
    calls += [_list(each, PLAN) for each in crowded]
    groups = sorted({group_of(each) for each in scope.sites if _subscription(each) in crowded})
    calls += [_list(group, SITE, (("includeSlots", "true"),)) for group in groups]
    return {key(call.target): call for call in calls}


def _with_many(ids: Iterable[str]) -> list[str]:
    """The subscriptions in which many of the ids lie."""
    return [each for each, count in Counter(map(_subscription, ids)).items() if count >= MANY]


def _subscription(resource_id: str) -> str:
    return f"/subscriptions/{subscription_of(resource_id)}"


def _list(scope: str, kind: Kind, query: tuple[tuple[str, str], ...] = ()) -> Call:
    return Call(f"{scope}/providers/{kind}", kind, kind.read, scope, query=query, within=(scope,), leads=True)
