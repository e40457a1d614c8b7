"""What is expected of a body: of a resource of any type, of a documented thing, of every thing of a type.

An expectation is a JMESPath expression over the body that Azure Resource Manager answers with, and a condition.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Discriminator, Field, PlainValidator, StringConstraints, Tag, WithJsonSchema

from mzaudit.policy.strict import ENVIRONMENTS, MAPPING, TEXT, Either, Strict

LONGEST: Final = 300
"""Characters of an expression."""

Plain = str | int | float | bool
Values = Plain | tuple[Plain, ...]

ResourceType = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9]+)+$", max_length=200)
]
TypePath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)+(/[A-Za-z0-9._-]+)+$", max_length=300)
]
ApiVersion = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-[a-z]+)?$")]
Expression = Annotated[str, StringConstraints(pattern=r"\S", max_length=LONGEST)]


def _plain(told: object) -> Plain:
    if isinstance(told, str | int | float | bool):
        return told
    raise ValueError("no plain value")


def _values(told: object) -> Values:
    if isinstance(told, list | tuple):
        return tuple(_plain(each) for each in told)
    return _plain(told)


_PLAIN: Final[dict[str, object]] = {"type": ["string", "number", "boolean"]}
PlainValue = Annotated[Plain | None, PlainValidator(_plain), WithJsonSchema(_PLAIN)]
AnyValue = Annotated[
    Values | None,
    PlainValidator(_values),
    WithJsonSchema({"type": ["string", "number", "boolean", "array"], "items": _PLAIN}),
]
Bound = Annotated[
    Annotated[Plain | None, PlainValidator(_plain), WithJsonSchema({"type": ["string", "number"]})],
    Field(description='A number, a version such as "1.2", a TLS version as Azure spells it, or a plan\'s SKU.'),
]


class Condition(Strict):
    """What must be true of the value that an expression yields; of several operators all must hold.

    Texts are compared without case, as Azure compares its words and names, and versions of TLS in any of its spellings;
    the values of tags as they are. What an expression itself compares (`[?name=='a']`, `contains(…)`) JMESPath compares
    exactly.
    """

    equal: Annotated[
        AnyValue, Field(description="The value, or a list in any order; what is written without an operator.")
    ] = None
    not_: Annotated[PlainValue, Field(alias="not", description="Any value but this.")] = None
    one_of: Annotated[
        tuple[Annotated[Plain, PlainValidator(_plain), WithJsonSchema(_PLAIN)], ...] | None,
        Field(min_length=1, description="One of these values."),
    ] = None
    at_least: Bound = None
    at_most: Bound = None
    present: Annotated[
        Literal[True] | None, Field(description="There is a value; an empty text, list or mapping is none.")
    ] = None
    absent: Annotated[
        Literal[True] | None, Field(description="There is no value there, or an empty text, list or mapping.")
    ] = None
    contains: Annotated[PlainValue, Field(description="A list that holds this value, or a text with this in it.")] = (
        None
    )
    matches: Annotated[
        str | None,
        Field(min_length=1, max_length=LONGEST, description="A text of this form: `*` is any text, `?` one character."),
    ] = None
    count: Annotated[int | None, Field(ge=0, le=100000, description="A list or mapping of this many.")] = None


OPERATORS: Final = frozenset(info.alias or name for name, info in Condition.model_fields.items())
"""The keys of a condition, as a policy writes them."""


def _form(told: object) -> str:
    if isinstance(told, dict):
        return MAPPING if not told or OPERATORS & told.keys() else ENVIRONMENTS
    return MAPPING if isinstance(told, Condition) else TEXT


ForAll = Either[AnyValue, Condition]
Expectation = Annotated[
    Annotated[AnyValue, Tag(TEXT)]
    | Annotated[dict[str, ForAll], Tag(ENVIRONMENTS)]
    | Annotated[Condition, Tag(MAPPING)],
    Discriminator(_form),
]
"""A value, a mapping of operators, or one of these for each environment."""
Expectations = dict[Expression, Expectation]
ByType = dict[TypePath, Expectations]


BASELINE: Final = "baseline.yaml"
"""The file beside a policy that `BaselineFile` describes."""


class BaselineFile(Strict):
    """The file `baseline.yaml`: what holds for every documented thing of a type, for policies that say so."""

    version: Annotated[Literal[1], Field(description="The version of this format.")]
    expect: Annotated[
        dict[TypePath, dict[Expression, ForAll]],
        Field(min_length=1, description="By type, or the path of a part that each thing of the type has."),
    ]
