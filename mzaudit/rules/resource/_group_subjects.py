"""What is asked of the resource groups that hold something documented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mzaudit.engine.subjects import Subject
from mzaudit.policy.desired import (
    Desired,
    DesiredEnvironment,
)

if TYPE_CHECKING:
    from mzaudit.policy.models import AllowedResource


@dataclass(frozen=True, slots=True)
class DocumentedGroup:
    """A resource group that holds something documented. `environments` are all of the policy's: a group may hold things
    of several."""

    id: str
    environments: tuple[DesiredEnvironment, ...]
    allowed: tuple[AllowedResource, ...]


def each_documented_group(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DocumentedGroup]]:
    """Every resource group of the environment's things, where the policy asks for what is not documented."""
    asked = wanted.policy.undocumented
    if asked is None:
        return
    where = wanted.where("undocumented")
    for group in env.resource_groups:
        want = DocumentedGroup(group, tuple(wanted.environments.values()), asked.allow)
        yield Subject(env.env, "resource-group", group.rsplit("/", 1)[-1], group, want, where)
