"""The words of a policy that are not the policy's own: they are of the rules, which this package does not know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from mzaudit.policy.loader.diagnostics import shown

if TYPE_CHECKING:
    from mzaudit.policy.desired import Desired

_LONGEST = 60  # a comparison costs time, and nobody misspells so much


def _none_installed(names: tuple[str, ...]) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The codes of all rules, and the facts by which environments are compared, both sorted; `is_secret` knows the
    members of Azure's bodies that are never read. `subjects` tells the names of what a rule is asked about in an
    environment of a bound policy, None of a plugin's rule; `matches` whether a waiver's subject is one of them.
    `installed` loads plugins by name and gives the codes of their rules: it raises `InputError`."""

    rules: tuple[str, ...]
    facts: tuple[str, ...]
    is_secret: Callable[[str], bool]
    subjects: Callable[[Desired, str, str], tuple[str, ...] | None]
    matches: Callable[[str, str], bool]
    installed: Callable[[tuple[str, ...]], tuple[str, ...]] = _none_installed

    def with_plugins(self, names: tuple[str, ...]) -> Vocabulary:
        """The same, with the rules of these plugins."""
        return replace(self, rules=tuple(sorted((*self.rules, *self.installed(names))))) if names else self

    def no_rule(self, code: str) -> tuple[str, str] | None:
        """What was expected and what found where that code is given; None if a rule has it."""
        return None if code in self.rules else ("the code of a rule (see `mzaudit rules`)", meant(code, self.rules))

    def no_fact(self, what: str) -> tuple[str, str] | None:
        """What was expected and what found where that fact is named; None if it is one."""
        return None if what in self.facts else (f"one of {', '.join(self.facts)}", meant(what, self.facts))


def meant(word: str, known: Sequence[str]) -> str:
    """A word that nothing has, with the nearest one that something has."""
    near = get_close_matches(word, known, 1) if len(word) <= _LONGEST else ()
    return shown(word) + "".join(f" (did you mean {each}?)" for each in near)
