"""What every model of a policy is made of: closed to unknown keys, and able to tell two forms of one value apart."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Tag


class Strict(BaseModel):
    """Frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


TEXT, MAPPING, ENVIRONMENTS = "(text)", "(mapping)", "(environments)"
"""How pydantic tells the forms of a value apart in the place of an error; no key of a policy is spelled so."""


def _form(value: object) -> str:
    return MAPPING if isinstance(value, dict | BaseModel) else TEXT


T = TypeVar("T")
M = TypeVar("M")
Either = Annotated[Annotated[T, Tag(TEXT)] | Annotated[M, Tag(MAPPING)], Discriminator(_form)]
"""A value in its short form, or a mapping."""
