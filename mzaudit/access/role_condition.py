"""Conditions of role assignments (Azure ABAC), decided in three values: holds, does not hold, cannot be told.

Read are the action, the sub-operation `Blob.List`, and the attributes that name a thing (vault, secret, container,
repository), compared as text. Whatever else an expression asks about (a date, a number, a GUID, whether an attribute is
there, another attribute) leaves that expression undecided, and only that one. A condition whose syntax is not
understood cannot be told at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mzaudit.access.permission_matching import ActionTarget, all_of, any_of, grants, matches
from mzaudit.snapshot.authorization import Permission, RoleAssignment
from mzaudit.snapshot.text import wildcard

_TOKENS = re.compile(
    r"""\s*(?:
    (?P<mark>[()!{},]|&&|\|\|)
    | (?P<attribute>@(?:Resource|Request|Principal|Environment)\[[^\]]+\])
    | '(?P<text>(?:[^'\\]|\\.)*)'
    | (?P<word>[^\s()!{},&|'@]+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
# Listing names is a sub-operation of reading blobs, and none that is asked about here.
# https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes
_LIST = "blob.list"
Conditional = Permission | RoleAssignment
_Token = tuple[str, str]
_END: _Token = ("end", "")
_WORDS_OF_LOGIC = ("and", "or", "not")
_Compare = Callable[[str, str], bool]
_COMPARISONS: dict[str, _Compare] = {
    "stringequals": lambda seen, asked: seen == asked,
    "stringequalsignorecase": lambda seen, asked: seen.casefold() == asked.casefold(),
    "stringstartswith": lambda seen, asked: seen.startswith(asked),
    "stringstartswithignorecase": lambda seen, asked: seen.casefold().startswith(asked.casefold()),
    "stringlike": lambda seen, asked: wildcard.matches(asked, seen, one="?"),
    "stringlikeignorecase": lambda seen, asked: wildcard.matches(asked.lower(), seen.lower(), one="?"),
}
# "at least one, or each, value of the attribute compares so with at least one, or each, of those listed"
_QUANTIFIED = re.compile(r"for(?:any|all)of(any|all)values:(.+)")


class _NotUnderstoodError(Exception):
    """The condition is of a shape that this module does not read."""


def holds(condition: str, action: str, attributes: Mapping[str, str]) -> bool | None:
    """Whether the condition lets `action` pass on a thing of those attributes; `None` if that cannot be told.

    `attributes` maps casefolded names (`microsoft.keyvault/vaults/secrets:name`) to values.
    """
    try:
        return _ConditionReader(_tokens(condition), action, attributes).whole()
    except _NotUnderstoodError:
        return None


def lets_pass(block: Permission, target: ActionTarget, *conditional: Conditional) -> bool | None:
    """Whether a block grants what is asked, under its own condition and those of the assignments given."""
    granted = grants(block, target.action, data=target.data)
    if granted is False:
        return False
    answers: list[bool | None] = [granted]
    for each in (block, *conditional):
        if each.condition:
            # of another version nothing is known; the API takes no other than this one
            known = each.condition_version in (None, "2.0")
            answers.append(holds(each.condition, target.action, target.attributes) if known else None)
    return all_of(answers)


def _tokens(condition: str) -> list[_Token]:
    found: list[_Token] = []
    position, text = 0, condition.rstrip()
    while position < len(text):
        token = _TOKENS.match(text, position)
        if token is None or token.lastgroup is None:
            raise _NotUnderstoodError
        found.append((token.lastgroup, token[token.lastgroup]))
        position = token.end()
    return found


class _ConditionReader:
    """Recursive descent over the tokens; `!` binds tightest, then AND, then OR."""

    def __init__(self, tokens: list[_Token], action: str, attributes: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._action = action
        self._attributes = attributes

    def whole(self) -> bool | None:
        answer = self._either()
        if self._next() != _END:
            raise _NotUnderstoodError
        return answer

    def _either(self) -> bool | None:
        answer = self._both()
        while self._took("||", "or"):
            other = self._both()
            answer = any_of((answer, other))
        return answer

    def _both(self) -> bool | None:
        answer = self._single()
        while self._took("&&", "and"):
            other = self._single()
            answer = all_of((answer, other))
        return answer

    def _single(self) -> bool | None:
        self._depth += 1
        if self._depth > 50:
            raise _NotUnderstoodError
        answer = self._negated() if self._took("!", "not") else self._atom()
        self._depth -= 1
        return answer

    def _negated(self) -> bool | None:
        answer = self._single()
        return None if answer is None else not answer

    def _atom(self) -> bool | None:
        if self._took("("):
            answer = self._either()
            self._expect(")")
            return answer
        kind, text = self._next()
        if kind == "word" and text.casefold() == "actionmatches":
            operands = self._set()
            return None if None in operands else matches(filter(None, operands), self._action)
        if kind == "word" and text.casefold() == "suboperationmatches":
            return False if all((each or "").casefold() == _LIST for each in self._set()) else None
        if kind == "word" and text.casefold() in ("exists", "notexists"):
            if self._next()[0] != "attribute":
                raise _NotUnderstoodError
            return None
        if kind in ("attribute", "text", "word"):
            return self._comparison(text if kind == "attribute" else None)
        raise _NotUnderstoodError

    def _comparison(self, attribute: str | None) -> bool | None:
        """One operand was read; `attribute` is that operand, if it is one."""
        kind, operator = self._next()
        if kind != "word":
            raise _NotUnderstoodError
        operands = self._set() if self._peek() == ("mark", "{") else (self._operand(),)
        operator, of_all = operator.casefold(), False
        if quantified := _QUANTIFIED.fullmatch(operator):  # what is compared here has one value
            of_all, operator = quantified[1] == "all", quantified[2]
        negated = operator.startswith("stringnot")
        if attribute is None or attribute[1:].casefold().startswith(("principal", "env")):
            return None
        seen = self._attributes.get(attribute[attribute.index("[") + 1 : -1].strip().casefold())
        compare = _COMPARISONS.get(operator.replace("stringnot", "string", 1))
        if seen is None or compare is None:
            return None
        answers = [None if asked is None else compare(seen, asked) is not negated for asked in operands]
        return all_of(answers) if of_all else any_of(answers)

    def _set(self) -> tuple[str | None, ...]:
        self._expect("{")
        found = [self._operand()]
        while self._took(","):
            found.append(self._operand())
        self._expect("}")
        return tuple(found)

    def _operand(self) -> str | None:
        """What is compared with, if it is text; numbers, GUIDs, `true` and attributes are not read."""
        kind, text = self._next()
        if kind not in ("text", "word", "attribute") or (kind == "word" and text.casefold() in _WORDS_OF_LOGIC):
            raise _NotUnderstoodError
        return re.sub(r"\\(.)", r"\1", text) if kind == "text" else None

    def _peek(self) -> _Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _took(self, *texts: str) -> bool:
        kind, text = self._peek()
        if kind in ("mark", "word") and text.casefold() in texts:
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._took(mark):
            raise _NotUnderstoodError
