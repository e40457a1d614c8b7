"""The rule: a value that holds a pure function and what is known about it. The decorator registers nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mzaudit.engine.subjects import Selector
from mzaudit.engine.verdict import Verdict
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.estate import Snapshot

W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Rule(Generic[W]):
    """One thing that must hold, decided. Which requirements it answers, the policy's catalogue says (`answered_by`).

    `requires`: rules that must hold before this one can be asked (the vault is there); where one failed, this is
    not applicable and names it, where one is inconclusive, so is this.
    `explained_by`: earlier links of the chain; where this one fails and one of them failed, that one is the cause.
    `follows`: links whose failure leaves nothing to ask about, which only the rule itself can tell: its verdict names
    the link (`NotApplicable.after`), which then is the cause. Its failures are never explained by them.
    """

    code: str
    slug: str
    title: str
    severity: Severity
    over: Selector[W]
    requires: tuple[str, ...]
    explained_by: tuple[str, ...]
    follows: tuple[str, ...]
    check: Callable[[W, Snapshot], Verdict]
    doc: str
    module: str

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Every rule that is answered before this one."""
        return (*self.requires, *self.explained_by, *self.follows)

    @property
    def area(self) -> str:
        """The code's prefix: `KV`."""
        return self.code.split("-")[0]


# Rules differ in the type of what they want; only the catalogue and the loop over it see them side by side.
AnyRule = Rule[Any]


def rule(
    code: str,
    *,
    title: str,
    severity: Severity,
    over: Selector[W],
    requires: tuple[str, ...] = (),
    explained_by: tuple[str, ...] = (),
    follows: tuple[str, ...] = (),
) -> Callable[[Callable[[W, Snapshot], Verdict]], Rule[W]]:
    """Make a rule of a function `(wanted, seen) -> verdict`; its docstring is its page, its module's name its slug."""

    def make(check: Callable[[W, Snapshot], Verdict]) -> Rule[W]:
        slug = check.__module__.rsplit(".", 1)[-1].replace("_", "-")
        doc = inspect.cleandoc(check.__doc__ or "")
        return Rule(code, slug, title, severity, over, requires, explained_by, follows, check, doc, check.__module__)

    return make
