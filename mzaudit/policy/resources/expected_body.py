"""Documented resources of any type, and what is expected of bodies, bound to an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mzaudit.policy.models import PlanSize
    from mzaudit.policy.resources.resource_models import Condition


@dataclass(frozen=True, slots=True)
class ExpectedFact:
    """What must hold of what an expression yields."""

    expression: str
    condition: Condition
    where: str


@dataclass(frozen=True, slots=True)
class ExpectedBody:
    """A documented thing of which a body is read.

    `key` is how the policy calls it (`cache`, `vaults.cloud`), with the path of a part of it; `of` is the id of the
    documented thing that it is, or is a part of. `stands_alone` tells that no other rule asks whether it exists.
    """

    env: str
    key: str
    id: str
    of: str
    api_version: str
    facts: tuple[ExpectedFact, ...]
    stands_alone: bool
    sizes: Mapping[str, PlanSize]
    where: str
