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
    """A resource group that holds something documented. `environments` are all that were asked for, because a group may
    hold things of several; `environment_names` are the policy's."""

    id: str
    environments: tuple[DesiredEnvironment, ...]
    allowed: tuple[AllowedResource, ...]
    environment_names: tuple[str, ...]


def each_documented_group(wanted: Desired, env: DesiredEnvironment) -> Iterator[Subject[DocumentedGroup]]:
    """Every resource group of the environment's things, where the policy asks for what is not documented."""
    asked = wanted.policy.undocumented
    if asked is None:
        return
    where = wanted.where("undocumented")
    for group in env.resource_groups:
        names = tuple(wanted.policy.environments)
        want = DocumentedGroup(group, tuple(wanted.environments.values()), asked.allow, names)
        yield Subject(env.env, "resource-group", group.rsplit("/", 1)[-1], group, want, where)
