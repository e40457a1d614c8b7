"""The `resources` of a draft: what is there and has no section of its own in a policy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mzaudit import kinds
from mzaudit.adoption import draft_names
from mzaudit.adoption.draft_tree import Branch
from mzaudit.adoption.observed_apps import Looks
from mzaudit.snapshot.text.ids import key, name, type_of

# What a policy names in a section, and what is read and judged with that without being named.
_KNOWN: Final = frozenset(each.type.casefold() for each in kinds.KINDS)
_TYPE: Final = re.compile(r"[A-Za-z0-9]+(\.[A-Za-z0-9]+)+/[A-Za-z0-9]+")  # at the top of a group: no part of another
_NAME: Final = re.compile(r"[^\s/{}]+")
# Azure names so the network interface that it makes for a private endpoint.
_ENDPOINT_NIC: Final = re.compile(r".+\.nic\.[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True)
class DraftedResources:
    """Resources by key, with their ids; `remarks` are of those that a policy cannot name."""

    by_key: Mapping[str, tuple[str, Branch]]
    remarks: tuple[str, ...]


def draft_resources(looks: Looks, documented: Collection[str]) -> DraftedResources:
    """Every resource of the adopted groups that is of no kind that a section names; whatever else an app holds a role
    on there, such as a queue or a storage account; and where no app says what belongs to it, those too that have a
    section and could not be said there, such as a vault whose secrets nobody listed."""
    known = {key(each) for each in documented}
    left = [] if looks.apps else [each for kind in kinds.NAMED for each in looks.within(kind.type)]
    ids = {key(each): each for each in (*left, *_others(looks), *_held(looks)) if key(each) not in known}
    found = sorted(ids.values(), key=key)
    base = draft_names.keys(map(name, found), looks.env)
    drafted: dict[str, tuple[str, Branch]] = {}
    remarks = []
    for each in found:
        if not all(map(_NAME.fullmatch, _path(each))):
            remarks.append(f"{each} has a name that this policy's resources cannot have")
            continue
        called = "-".join(draft_names.words(base[name(each)])) or "resource"
        if called in drafted:
            called = f"{called}-{type_of(each).rpartition('/')[2].casefold()}"
        while called in drafted:
            called += "-2"
        branch = Branch(guess="its key, from its name")
        branch.put("type", type_of(each))
        branch.put("name", "/".join(draft_names.template(part, looks.env) for part in _path(each)))
        drafted[called] = (each, branch)
    return DraftedResources(drafted, tuple(remarks))


def _path(resource_id: str) -> tuple[str, ...]:
    """A resource's name, with the names of what it is a part of."""
    return tuple(resource_id.rpartition("/providers/")[2].split("/")[2::2])


def _held(looks: Looks) -> Iterator[str]:
    """The resources of the adopted groups that an app's identity holds a role on."""
    for app in looks.apps:
        for _, scope in looks.roles_of(app):
            if scope.count("/providers/") == 1 and type_of(scope) and looks.adopts(scope):
                yield scope


def _others(looks: Looks) -> Iterator[str]:
    for listing in looks.newest.inventories.values():
        for item in listing.items:
            kind = type_of(item.id)
            if item.managed_by or kind.casefold() in _KNOWN or not _TYPE.fullmatch(kind):
                continue
            if looks.adopts(item.id) and not _ENDPOINT_NIC.fullmatch(name(item.id)):
                yield item.id
