"""The requests that a run makes: each one a target for faults, with the answer that it has when nothing is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote

from mzaudit.simulator import Alter, Fault, Request
from mzaudit.simulator.fault_injection import Action
from mzaudit.snapshot.observed import Gap

LOGIN = "login.microsoftonline.com"
ARM = "management.azure.com"
# the sign-in service is asked for Resource Manager's token first; the others belong to vaults, registry and databases
LATER = tuple(range(2, 40))
_TENANT = re.compile(r"^/[0-9a-f-]{36}/")
_NAME = re.compile(
    r"(/(?:subscriptions|resourcegroups|sites|slots|vaults|secrets|servers|databases|serverfarms|v1)/)[^/]+",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Target:
    """One request of a run; `query` is decoded, sorted and joined by `&`. `turns` are those of its occurrences that are
    meant, from 1; without any, all are."""

    host: str
    method: str
    path: str
    query: str
    turns: tuple[int, ...] = ()

    def __str__(self) -> str:
        which = f" (from {self.turns[0]} to {self.turns[-1]})" if self.turns else ""
        return f"{self.method} https://{self.host}{self.path}?{self.query}{which}"

    @property
    def grants(self) -> bool:
        """Whether it is for a token."""
        return self.host == LOGIN or (self.registry and "/oauth2/" in self.path)

    @property
    def later(self) -> bool:
        """Whether it is for a token that is not Resource Manager's."""
        return self.host == LOGIN and self.turns[:1] > (1,)

    @property
    def kind(self) -> str:
        """What is asked, without the names of what it is asked about: requests of one kind have bodies of one shape."""
        path = _NAME.sub(r"\1*", _TENANT.sub("/*/", self.path))
        host = re.sub(r"^[^.]+(?=\.vault\.)", "*", self.host)
        paged = "paged" if re.search(r"\$skiptoken=|(^|&)last=", self.query) else ""
        filtered = "filtered" if "$filter" in self.query else ""
        return " ".join((self.method, host + path, filtered, paged)).strip()

    @property
    def vault(self) -> bool:
        """Whether a vault's data plane answers it."""
        return self.host.endswith(".vault.azure.net")

    @property
    def registry(self) -> bool:
        """Whether a registry's data plane answers it."""
        return self.host.endswith(".azurecr.io")

    def same(self, other: Target) -> bool:
        """Whether they are the same request, be they other occurrences of it."""
        return replace(self, turns=()) == replace(other, turns=())

    def fault(self, action: Action) -> list[Fault]:
        """That action for this request and no other."""
        match, query = f"^{self.method} https://{re.escape(self.host + self.path)}$", f"^{re.escape(self.query)}$"
        return [Fault(match, action, turn, query) for turn in self.turns or (None,)]


def targets(requests: Iterable[Request]) -> list[Target]:
    """Every distinct request, and every occurrence of those that are sent more than once, in an order that does not
    depend on the network."""
    found = Counter(Target(each.host, each.method, each.path, _query(each.query)) for each in requests)
    nth = {replace(each, turns=(turn,)) for each, times in found.items() if times > 1 for turn in range(1, times + 1)}
    return sorted({*found, *nth, *(replace(each, turns=LATER) for each in found if each.host == LOGIN)})


def named(target: Target) -> str:
    """The path of a target as a call of the product names it."""
    return unquote(target.path).casefold()


def tells_of(gap: Gap, target: Target) -> bool:
    """Whether a gap is about the request; one for a token is told at the calls that wanted it."""
    said = f"{gap.call} {gap.detail}".casefold()
    if target.host == LOGIN:
        return "no token" in said or "sign-in" in said or "token" in said
    if target.grants:
        return target.host in said
    return named(target) in said and (not target.vault or target.host in said)


class Recorder:
    """Keeps the body of each target's answer, as the simulator gave it."""

    def __init__(self, wanted: Iterable[Target]) -> None:
        self.bodies: dict[Target, dict[str, Any]] = {}
        self.faults = [fault for each in wanted if not each.turns for fault in each.fault(Alter(self._keep(each)))]

    def _keep(self, target: Target) -> Any:
        def keep(body: dict[str, Any]) -> dict[str, Any]:
            self.bodies[target] = body
            return body

        return keep


def _query(raw: str) -> str:
    return "&".join(sorted(f"{n.casefold()}={v}" for n, v in parse_qsl(raw, keep_blank_values=True)))


def sibling(target: Target, bodies: Mapping[Target, dict[str, Any]]) -> dict[str, Any]:
    """The valid body of another resource: of the same kind where one differs, else of another kind. Another page of
    the same list is no other resource's.

    Answers of Microsoft.Authorization do not say what was asked (neither the scope of the question nor the principal
    of its filter), so that no reader could tell two of one kind apart: they get the body of another kind. Nor does an
    empty list say whose it is.
    """
    mine = bodies.get(target, {})
    silent = "/Microsoft.Authorization/" in target.path
    if not silent:
        for other, body in sorted(bodies.items()):
            page_of_the_same = (other.host, other.path) == (target.host, target.path)
            if other.kind == target.kind and not page_of_the_same and _subject(body) not in (None, _subject(mine)):
                return body
    listed = isinstance(mine.get("value"), list)
    for other, body in sorted(bodies.items()):
        if other.host == ARM and other.kind != target.kind and "/vaults/" in other.path:
            items = body.get("value")
            if (isinstance(items, list) and bool(items)) is listed:
                return body
    raise AssertionError(f"no other body for {target}")


def _subject(body: Mapping[str, Any]) -> object:
    """What a body says it is about: its id, or those of its items."""
    items = body.get("value")
    if isinstance(items, list):
        return [item.get("id") for item in items if isinstance(item, dict)] or None
    return body.get("id") or body.get("imageName")
