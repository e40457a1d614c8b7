"""The catalogue of requirements: each statement of the document in our words, its section, and what answers it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mzaudit.policy.desired import Where
from mzaudit.policy.loader.diagnostics import Contradiction
from mzaudit.policy.models import RuleCode, Text
from mzaudit.policy.strict import Strict

RequirementId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{0,9}-[0-9]{1,5}$")]


class Requirement(Strict):
    """One documented statement."""

    id: Annotated[RequirementId, Field(description="Its id, such as ABC-12; never used again for another.")]
    text: Annotated[Text, Field(description="What the document demands, in words of one's own.")]
    section: Annotated[Text, Field(description="The section of the document that says so.")]
    answered_by: Annotated[tuple[RuleCode, ...], Field(description="The rules that answer it, by their codes.")] = ()
    manual: Annotated[Text | None, Field(description="How a person checks what no rule can see.")] = None


class Requirements(Strict):
    """The file `requirements.yaml`."""

    version: Annotated[Literal[1], Field(description="The version of this format.")]
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1, description="The statements.")]


def by_rule(catalogue: Iterable[Requirement]) -> Mapping[str, tuple[str, ...]]:
    """The ids of the requirements that each rule answers, by its code, in the order of the catalogue."""
    answered: dict[str, list[str]] = {}
    for requirement in catalogue:
        for code in dict.fromkeys(requirement.answered_by):
            answered.setdefault(code, []).append(requirement.id)
    return {code: tuple(ids) for code, ids in answered.items()}


def contradictions(catalogue: Requirements, where: Where) -> Iterator[Contradiction]:
    """An id that is used twice, and a requirement that neither a rule nor a person answers."""
    seen: dict[str, int] = {}
    for index, requirement in enumerate(catalogue.requirements):
        first = seen.setdefault(requirement.id, index)
        if first != index:
            found = f"{requirement.id} again (first in {where('requirements', first)})"
            yield ("requirements", index, "id"), "each id once", found
        if not requirement.answered_by and requirement.manual is None:
            yield ("requirements", index), "answered_by or manual", "neither"
