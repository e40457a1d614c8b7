"""Reads resources of any type by their id: that they are there, and what the expressions of the scope yield.

Each is read by itself: what a list says of a resource is less than what its own answer says (App Service's list leaves
the site's configuration out), and nothing tells for which types.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ConfigDict

from mzaudit.azure import required_permissions
from mzaudit.azure.client.call import Call
from mzaudit.azure.readers.read import ReadContext
from mzaudit.azure.readers.wire_models import Resource, Wire
from mzaudit.azure.scope import BodyScope
from mzaudit.azure.text import body_facts
from mzaudit.kinds import PROVIDER, VERSIONS, Kind
from mzaudit.snapshot.observed import Gap, GapReason, Observed
from mzaudit.snapshot.resources import ResourceBody, ResourceFact
from mzaudit.snapshot.text.ids import subscription_of, type_of

_STABLE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
# Azure returns all tags of a resource, so that one it leaves out is not there; of what is no resource nothing is known.
_TAGS: Final = re.compile(r"\btags\b")
_OF_A_RESOURCE: Final = frozenset({"tags", "type", "location", "properties"})
_ABSENT: Final = frozenset({"NotFound"})  # as App Service says of a part that it does not have, and it alone
_VERSION_REFUSED: Final = ("NoRegisteredProviderFound", "InvalidApiVersionParameter", "InvalidResourceType")
_VERSION: Final = re.compile(rf"{_STABLE.pattern}(?:-[a-z]{{1,30}})?", re.IGNORECASE)


class _Body(Resource):
    """A body with all of its members."""

    model_config = ConfigDict(extra="allow")

    @property
    def members(self) -> Mapping[str, Any]:  # a JSON value
        """Everything that the answer holds; `id` and `name` as they were told."""
        told = {"id": self.id, "name": self.name}
        return {name: text for name, text in told.items() if text} | (self.model_extra or {})


class _Type(Wire):
    resource_type: str
    api_versions: list[str] | None = None


class _Provider(Wire):
    namespace: str
    resource_types: list[_Type]


Versions = Mapping[str, tuple[str, ...]]


class ApiVersions:
    """The api-versions that the providers of a run's subscriptions announce, each provider asked once."""

    def __init__(self, run: ReadContext) -> None:
        self._run = run
        self._tasks: dict[tuple[str, str], asyncio.Task[Observed[Versions | None] | Gap]] = {}

    async def newest(self, resource_id: str) -> str | Gap:
        """The version to read a resource with: of a type that mzaudit reads anyway its own, else the newest stable one,
        else the newest; of a part that is not announced itself, what it is a part of decides."""
        kind = type_of(resource_id)
        own = {name.casefold(): version for name, version in VERSIONS.items()}
        for above in _with_owners(kind):
            if version := own.get(above.casefold()):
                return version
        call = _providers(resource_id, kind)
        announced = await self._announced(call)
        if isinstance(announced, Gap):
            return announced
        if announced.value is None:
            return call.gap(GapReason.UNDECIDED, f"this cloud has no provider {kind.partition('/')[0]}")
        for above in _with_owners(kind):
            known = [each for each in announced.value.get(above.casefold(), ()) if _VERSION.fullmatch(each)]
            if known:
                return max([each for each in known if _STABLE.fullmatch(each)] or known)
        return call.gap(GapReason.UNDECIDED, f"the provider announces no type {kind}: it is misspelt, or not offered")

    async def _announced(self, call: Call) -> Observed[Versions | None] | Gap:
        at = (call.scope.casefold(), call.target.casefold())
        if at not in self._tasks:
            self._tasks[at] = asyncio.create_task(self._run.read(call, _Provider, _versions))
        return await self._tasks[at]


async def resource(run: ReadContext, scope: BodyScope, versions: ApiVersions) -> Observed[ResourceBody | None] | Gap:
    """One resource, and the facts that are asked of it."""
    version = scope.api_version or await versions.newest(scope.id)
    if isinstance(version, Gap):
        return version
    kind = type_of(scope.id)
    permission = required_permissions.of_type(kind).permission
    absent = _ABSENT if kind.casefold().startswith("microsoft.web/") else frozenset[str]()
    call = Call(scope.id, Kind(kind, version), permission, scope.id, absent=absent)

    def build(body: _Body) -> ResourceBody:
        if body.members.get("nextLink"):
            more = call.gap(GapReason.PARTIAL, "the list has more pages, and expressions read one page")
            return ResourceBody(version, dict.fromkeys(scope.expressions, more))
        found = body_facts.facts(scope.expressions, body.members)
        if _OF_A_RESOURCE.isdisjoint(body.members):
            found |= dict.fromkeys(filter(_TAGS.search, found), "the answer is not the body of a resource")
        return ResourceBody(version, {name: _fact(call, each) for name, each in found.items()})

    found = await run.read_directly(call, _Body, build)
    if isinstance(found, Gap) and found.detail.startswith(_VERSION_REFUSED):
        code = found.detail.partition(":")[0]
        return call.gap(GapReason.UNDECIDED, f"{code}: {_refused(kind, version, bool(scope.api_version))}")
    return found


def _refused(kind: str, version: str, given: bool) -> str:
    told = f"the provider does not offer {kind} there in api-version {version}"
    return f"{told}, which the policy gives: correct its api_version, or leave it out" if given else told


def _fact(call: Call, found: ResourceFact | str) -> ResourceFact | Gap:
    return call.gap(GapReason.UNDECIDED, found) if isinstance(found, str) else found


def _providers(resource_id: str, kind: str) -> Call:
    subscription = f"/subscriptions/{subscription_of(resource_id)}"
    return Call(
        f"{subscription}/providers/{kind.partition('/')[0]}",
        PROVIDER,
        required_permissions.PROVIDERS.permission,
        subscription,
        absent=frozenset({"InvalidResourceNamespace"}),
        leads=True,
    )


def _versions(body: _Provider) -> Versions:
    return {
        f"{body.namespace}/{each.resource_type}".casefold(): tuple(each.api_versions or ())
        for each in body.resource_types
    }


def _with_owners(kind: str) -> list[str]:
    """A type, and each that it is a part of, the nearest first."""
    parts = kind.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts), 1, -1)]
