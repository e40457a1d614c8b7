"""How many steps a backtracking engine takes for a pattern and a text: `re` as it works, counted in place of timed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from re import _constants as op  # type: ignore[attr-defined]  # typeshed leaves them out
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST = 100_000
_Then = Callable[[int], bool]


class EndlessError(Exception):
    """More steps than any linear pattern takes."""


class Engine:
    """One pattern on one text."""

    def __init__(self, pattern: re.Pattern[str], text: str) -> None:
        self.text, self.flags, self.steps = text, pattern.flags, 0
        self._tree = list(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG))

    def taken(self, *, anchored: bool) -> int:
        """Steps to find that nothing, or not the whole, matches: from the start alone, or from every place."""
        sys.setrecursionlimit(60_000)
        end = len(self.text)
        for start in range(1 if anchored else end + 1):
            if self._run(self._tree, 0, start, lambda at: not anchored or at == end):
                break
        return self.steps

    def _run(self, items: list[Any], index: int, at: int, then: _Then) -> bool:
        self.steps += 1
        if self.steps > MOST:
            raise EndlessError
        if index == len(items):
            return then(at)
        kind, value = items[index]

        def further(to: int) -> bool:
            return self._run(items, index + 1, to, then)

        if kind is op.BRANCH:
            return any(self._run(list(branch), 0, at, further) for branch in value[1])
        if kind is op.SUBPATTERN:
            return self._run(list(value[3]), 0, at, further)
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            return self._repeat(value, kind is op.MAX_REPEAT, 0, at, further)
        if kind in (op.ATOMIC_GROUP, op.POSSESSIVE_REPEAT):
            ends: list[int] = []
            inner = list(value) if kind is op.ATOMIC_GROUP else [(op.MAX_REPEAT, value)]

            def ended(to: int) -> bool:
                ends.append(to)
                return True

            return self._run(inner, 0, at, ended) and further(ends[-1])
        if kind in (op.ASSERT, op.ASSERT_NOT):
            direction, inside = value
            begin = at if direction > 0 else at - inside.getwidth()[0]
            held = begin >= 0 and self._run(list(inside), 0, begin, lambda to: direction > 0 or to == at)
            return held is (kind is op.ASSERT) and further(at)
        if kind is op.AT:
            return self._is_at(value, at) and further(at)
        return at < len(self.text) and self._is(kind, value, self.text[at]) and further(at + 1)

    def _repeat(self, value: Any, greedy: bool, count: int, at: int, further: _Then) -> bool:
        least, most, inside = value

        def again() -> bool:
            if most is not op.MAXREPEAT and count >= most:
                return False
            return self._run(list(inside), 0, at, moved)

        def moved(to: int) -> bool:
            return (to != at or count < least) and self._repeat(value, greedy, count + 1, to, further)

        def done() -> bool:
            return count >= least and further(at)

        return again() or done() if greedy else done() or again()

    def _is_at(self, where: Any, at: int) -> bool:
        text, end = self.text, len(self.text)
        if where in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            lines = where is op.AT_BEGINNING and self.flags & re.MULTILINE
            return at == 0 or bool(lines and text[at - 1] == "\n")
        if where in (op.AT_END, op.AT_END_STRING):
            lines = where is op.AT_END and self.flags & re.MULTILINE
            return at == end or bool(lines and text[at] == "\n")
        words = [0 <= place < end and (text[place].isalnum() or text[place] == "_") for place in (at - 1, at)]
        return (words[0] != words[1]) is (where is op.AT_BOUNDARY)

    def _is(self, kind: Any, value: Any, character: str) -> bool:
        one = re.compile(_source(kind, value), self.flags & (re.IGNORECASE | re.DOTALL | re.ASCII))
        return one.fullmatch(character) is not None


_SOURCES: dict[str, str] = {}
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d",
    op.CATEGORY_NOT_DIGIT: r"\D",
    op.CATEGORY_SPACE: r"\s",
    op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w",
    op.CATEGORY_NOT_WORD: r"\W",
}


def _source(kind: Any, value: Any) -> str:
    """The pattern of one character."""
    asked = f"{kind}{value}"
    if asked not in _SOURCES:
        if kind is op.ANY:
            made = "."
        elif kind is op.LITERAL:
            made = re.escape(chr(value))
        elif kind is op.NOT_LITERAL:
            made = f"[^{re.escape(chr(value))}]"
        else:
            made = "".join(_member(*each) for each in value)
            made = f"[{made}]"
        _SOURCES[asked] = made
    return _SOURCES[asked]


def _member(kind: Any, value: Any) -> str:
    if kind is op.NEGATE:
        return "^"
    if kind is op.RANGE:
        return f"\\U{value[0]:08x}-\\U{value[1]:08x}"
    return _CATEGORIES[value] if kind is op.CATEGORY else f"\\U{value:08x}"


def worst(pattern: re.Pattern[str], length: int) -> Iterator[str]:
    """Texts that are hard for a pattern: each of its loops pumped behind what leads to it, with an end that fails."""
    tree = list(parser.parse(pattern.pattern, pattern.flags))
    seen: set[str] = set()
    for before, word in _loops(tree, ""):
        for lead in (before, ""):
            for pumped in {word, word[:1], before[-1:] + word}:
                if not pumped:
                    continue
                for end in ("", "\x00", "!"):
                    text = lead + (pumped * length)[:length] + end
                    if text not in seen:
                        seen.add(text)
                        yield text
    for character in sorted(set(_sample(tree)) | set("\n _-a0:/.")):
        yield character * length
        yield character * length + "\x00"


def _loops(items: list[Any], before: str) -> Iterator[tuple[str, str]]:
    for kind, value in items:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            inside = list(value[2])
            if value[1] is op.MAXREPEAT:
                for word in _samples(inside):
                    yield before, word
            yield from _loops(inside, before)
        elif kind is op.SUBPATTERN:
            yield from _loops(list(value[3]), before)
        elif kind is op.BRANCH:
            for branch in value[1]:
                yield from _loops(list(branch), before)
        elif kind in (op.ASSERT, op.ASSERT_NOT):
            yield from _loops(list(value[1]), before)
        before += _sample([(kind, value)])


def _samples(items: list[Any]) -> set[str]:
    """A few texts that match: one, and one a branch."""
    found = {_sample(items)}
    for kind, value in items:
        if kind is op.BRANCH:
            found |= {_sample(list(branch)) for branch in value[1]}
        if kind is op.SUBPATTERN:
            found |= _samples(list(value[3]))
        if kind is op.IN:
            found |= {c for c in " a0_-./:;\n" if re.fullmatch(_source(kind, value), c)}
    return {each for each in found if each} or {"a"}


def _sample(items: list[Any]) -> str:
    """A text that matches, as short as may be; of a loop one round."""
    made = ""
    for kind, value in items:
        if kind is op.SUBPATTERN:
            made += _sample(list(value[3]))
        elif kind is op.BRANCH:
            made += _sample(list(value[1][0]))
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            made += _sample(list(value[2])) * max(1, value[0])
        elif kind is op.ATOMIC_GROUP:
            made += _sample(list(value))
        elif kind not in (op.AT, op.ASSERT, op.ASSERT_NOT):
            made += (
                next(
                    c
                    for c in "a0 _-./:;=@,\n!\x00A" + "\U0001f600\ud800" + "".join(map(chr, range(256)))
                    if re.fullmatch(_source(kind, value), c, re.I | re.S)
                )
                if kind is not op.LITERAL
                else chr(value)
            )
    return made
