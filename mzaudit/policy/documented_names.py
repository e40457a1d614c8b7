"""The names of resources in a policy: each field of the models that is annotated with a kind holds one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mzaudit.kinds import NamedKind
from mzaudit.policy.models import Policy, Thing


@dataclass(frozen=True, slots=True)
class DocumentedName:
    """The name of a thing, as the policy writes it: a template in `{env}`, or one for each environment. It stands in
    that field of the entry `key` of a section."""

    section: str
    key: str
    field: str
    kind: NamedKind
    name: str | Mapping[str, str]
    thing: Thing

    @property
    def path(self) -> tuple[str, ...]:
        """Where it is written."""
        return self.section, self.key, self.field


def documented_names(policy: Policy) -> Iterator[DocumentedName]:
    """Every name of a resource, in the order of the models."""
    for section in type(policy).model_fields:
        held = getattr(policy, section)
        for key, thing in held.items() if isinstance(held, dict) else ():
            if isinstance(thing, Thing):
                for field, info in type(thing).model_fields.items():
                    for kind in info.metadata:
                        if isinstance(kind, NamedKind):
                            yield DocumentedName(section, key, field, kind, getattr(thing, field), thing)
