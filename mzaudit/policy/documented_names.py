"""The names of resources in a policy: each field of the models that is annotated with a kind holds one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mzaudit.kinds import REGISTRY, SERVER, NamedKind
from mzaudit.policy.models import Policy, Strict


@dataclass(frozen=True, slots=True)
class DocumentedName:
    """A name, a template in `{env}`, at its place in the policy; `key` is that of its entry where there may be several.

    `shared` tells that the resource lies in the shared group, else it lies in the environment's own.
    """

    path: tuple[str, ...]
    kind: NamedKind
    template: str
    key: str
    shared: bool


def documented_names(policy: Policy) -> Iterator[DocumentedName]:
    """Every name of a resource, in the order of the models."""
    shared = (REGISTRY, SERVER) if policy.sql.scope == "shared" else (REGISTRY,)
    for path, kind, template in _named(policy, ()):
        yield DocumentedName(path, kind, template, path[1] if len(path) > 2 else "", kind in shared)


def _named(node: Strict, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], NamedKind, str]]:
    for field, info in type(node).model_fields.items():
        held, here = getattr(node, field), (*path, field)
        for kind in info.metadata:
            if isinstance(kind, NamedKind) and held is not None:
                yield here, kind, held
        entries = held.items() if isinstance(held, dict) else ()
        for key, entry in entries:
            if isinstance(entry, Strict):
                yield from _named(entry, (*here, key))
        if isinstance(held, Strict):
            yield from _named(held, here)
