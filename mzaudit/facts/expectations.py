"""Whether a fact of a body is as the policy expects: each operator holds, does not, or cannot be decided."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mzaudit.engine.verdict import Shown
from mzaudit.policy.resources.expressions import members
from mzaudit.policy.resources.magnitudes import at_least, same_tls_version
from mzaudit.snapshot.resources import FactKind, ResourceFact
from mzaudit.snapshot.text.wildcard import matches

if TYPE_CHECKING:  # a rule loads no pydantic
    from mzaudit.policy.models import PlanSize
    from mzaudit.policy.resources.resource_models import Condition, Plain, Values

_WHOLE: Final = re.compile(r"-?[0-9]{1,15}\.0{1,9}")
_SILENT: Final = (
    "Azure returned nothing there; if that means a default, write not_null(PATH, `DEFAULT`); if it must be absent,"
    " absent: true; if it must be there, present: true"
)
_ENTRIES: Final = (
    "the list is long, or not of plain values: use an expression, such as contains(PATH, 'VALUE') or PATH[].name"
)


@dataclass(frozen=True, slots=True)
class OperatorOutcome:
    """What one operator wants, and whether it holds; `undecided` says why that cannot be told."""

    expected: Shown
    holds: bool
    undecided: str = ""


def outcomes(
    expression: str, condition: Condition, fact: ResourceFact, sizes: Mapping[str, PlanSize]
) -> tuple[OperatorOutcome, ...]:
    """One for each operator of the condition."""
    return tuple(_Judged(expression, condition, fact, sizes).each())


def observed(fact: ResourceFact) -> Shown:
    """A fact as evidence shows it."""
    match fact.kind:
        case FactKind.NOTHING:
            return None
        case FactKind.VALUE:
            return fact.value
        case FactKind.LIST:
            return tuple(map(_text, fact.items))
        case FactKind.ENTRIES:
            return f"a list of {fact.size}"
        case FactKind.MAPPING:
            return f"a mapping of {fact.size}"
        case FactKind.HIDDEN:
            return f"a text that is not shown ({', '.join(fact.looks)})"


@dataclass(frozen=True, slots=True)
class _Judged:
    expression: str
    condition: Condition
    fact: ResourceFact
    sizes: Mapping[str, PlanSize]

    def each(self) -> Iterator[OperatorOutcome]:
        want = self.condition
        if want.equal is not None:
            shown = tuple(map(_text, want.equal)) if isinstance(want.equal, tuple) else want.equal
            yield self._equal(want.equal, shown)
        if want.not_ is not None:
            unwanted = want.not_
            yield self._value(f"anything but {_text(unwanted)}", lambda seen: not self._same(seen, unwanted), True)
        if want.one_of is not None:
            among = want.one_of
            words = f"one of {', '.join(map(_text, among))}"
            yield self._value(words, lambda seen: any(self._same(seen, each) for each in among))
        if want.at_least is not None:
            least = want.at_least
            yield self._value(f"at least {_text(least)}", lambda seen: at_least(seen, least, self.sizes))
        if want.at_most is not None:
            most = want.at_most
            yield self._value(f"at most {_text(most)}", lambda seen: at_least(most, seen, self.sizes))
        if want.matches is not None:
            form = want.matches
            yield self._value(f"a text like {form}", lambda seen: self._like(form, seen))
        if want.present:
            yield OperatorOutcome("a value", not self._empty)
        if want.absent:
            yield OperatorOutcome(None, self._empty)
        if want.contains is not None:
            yield self._contains(want.contains)
        if want.count is not None:
            yield self._count(want.count)

    def _equal(self, wanted: Values, shown: Shown) -> OperatorOutcome:
        if not isinstance(wanted, tuple):
            return self._value(shown, lambda seen: self._same(seen, wanted))
        match self.fact.kind:
            case FactKind.LIST:
                return OperatorOutcome(shown, self._same_items(self.fact.items, wanted))
            case FactKind.ENTRIES if self.fact.size != len(wanted):
                return OperatorOutcome(shown, False)
            case kind:
                return self._otherwise(shown, kind)

    def _value(self, words: Shown, holds: Callable[[Plain], bool | None], if_silent: bool = False) -> OperatorOutcome:
        """Of a plain value; of a tag that is not there, `if_silent`: Azure tells all of them."""
        if self.fact.kind is not FactKind.VALUE or self.fact.value is None:
            return self._otherwise(words, self.fact.kind, if_silent)
        told = holds(self.fact.value)
        if told is None:
            return OperatorOutcome(words, False, f"{_text(self.fact.value)} cannot be compared with that")
        return OperatorOutcome(words, told)

    def _contains(self, wanted: Plain) -> OperatorOutcome:
        words = f"{_text(wanted)} in it"
        if self.fact.kind is FactKind.LIST:
            return OperatorOutcome(words, any(self._same(each, wanted) for each in self.fact.items))
        if self.fact.kind is FactKind.VALUE and isinstance(self.fact.value, str):
            return OperatorOutcome(words, self._folded(_text(wanted)) in self._folded(self.fact.value))
        if self.fact.kind is FactKind.ENTRIES:
            return OperatorOutcome(words, False, _ENTRIES)
        return self._otherwise(words, self.fact.kind)

    def _count(self, wanted: int) -> OperatorOutcome:
        words = f"{wanted} in it"
        if self.fact.size is None:
            return self._otherwise(words, self.fact.kind)
        return OperatorOutcome(words, self.fact.size == wanted)

    def _otherwise(self, words: Shown, kind: FactKind, if_silent: bool = False) -> OperatorOutcome:
        match kind:
            case FactKind.NOTHING if self._of_tags:
                return OperatorOutcome(words, if_silent)
            case FactKind.NOTHING:
                why = _SILENT
            case FactKind.HIDDEN:
                why = "what is there is not shown, and so not compared"
            case FactKind.MAPPING:
                why = "a mapping is there: name a member of it"
            case FactKind.LIST | FactKind.ENTRIES:
                why = "a list is there: name an item of it, or ask with contains or count"
            case FactKind.VALUE:
                why = "a plain value is there, and no list"
        return OperatorOutcome(words, False, why)

    @property
    def _empty(self) -> bool:
        """Whether nothing is there; an empty text, list or mapping is nothing, as in JMESPath itself."""
        return self.fact.kind is FactKind.NOTHING or self.fact.value == "" or self.fact.size == 0

    @property
    def _of_tags(self) -> bool:
        return members(self.expression)[:1] == ("tags",)

    def _like(self, form: str, seen: Plain) -> bool | None:
        return matches(self._folded(form), self._folded(seen), one="?") if isinstance(seen, str) else None

    def _same(self, one: Plain, other: Plain) -> bool:
        if self._folded(_text(one)) == self._folded(_text(other)):
            return True
        return not self._of_tags and (same_tls_version(one, other) or _same_whole(one, other))

    def _same_items(self, there: Sequence[Plain], here: Sequence[Plain]) -> bool:
        left = list(there)
        for wanted in here:
            found = next((place for place, each in enumerate(left) if self._same(each, wanted)), None)
            if found is None:
                return False
            del left[found]
        return not left

    def _folded(self, text: str) -> str:
        """A text as Azure compares it: the values of tags as they are, places without blanks, all else without case."""
        if self._of_tags:
            return text
        folded = text.casefold()
        return folded.replace(" ", "") if members(self.expression) == ("location",) else folded


def _same_whole(one: Plain, other: Plain) -> bool:
    """Whether one is a whole number, and the other that number as a text with an empty fraction ("1.0")."""
    if isinstance(one, str):
        one, other = other, one
    whole = isinstance(one, int | float) and not isinstance(one, bool) and isinstance(other, str)
    return whole and _WHOLE.fullmatch(str(other)) is not None and float(other) == one


def _text(value: Plain) -> str:
    """A value as JSON writes it: numbers that are whole without a fraction."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
