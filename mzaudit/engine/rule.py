"""The rule: a value that holds a pure function and what is known about it. The decorator registers nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from mzaudit.engine.demand import Demand
from mzaudit.engine.subjects import Selector
from mzaudit.engine.verdict import Verdict
from mzaudit.policy.enums import Severity
from mzaudit.snapshot.estate import Snapshot

W = TypeVar("W")


class Aspect(StrEnum):
    """What of its subject a rule judges: the node or arrow of the picture that its findings mark, and whether Azure
    records who changed it."""

    SUBJECT = "the subject itself"
    PLAN = "the App Service plan of the app"
    IDENTITY = "the identity of the app"
    ROLES = "the roles that the app's identity holds"
    IMAGE = "the image of the app"
    SETTINGS = "the app settings"
    SECRET_REFERENCES = "the references to the app's own secrets"  # noqa: S105 - no secret
    FOREIGN_REFERENCES = "the references to another's vault"
    EXPORT = "the export of telemetry"
    VAULT_ACCESS = "the access of the app's identity to its vault"
    BLOB_ACCESS = "the access of the app's identity to its blobs"
    DATABASES = "the server and its databases"
    INSIDE_DATABASE = "the inside of a database"


@dataclass(frozen=True, slots=True)
class Area:
    """Rules about one subject matter, in one folder: the prefix of their codes (`KV`), and what they are about."""

    prefix: str
    about: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[W]):
    """One thing that must hold, decided. Which requirements it answers, the policy's catalogue says (`answered_by`).

    `bears_on`: what of its subject it judges. `guards`: what a policy can demand that it fails over where it is
    violated.

    `requires`: rules that must hold before this one can be asked (the vault is there); where one failed, this is
    not applicable and names it, where one is inconclusive, so is this.
    `explained_by`: earlier links of the chain; where this one fails and one of them failed, that one is the cause. Its
    own code is one where things may be parts of each other.
    `follows`: links whose failure leaves nothing to ask about, which only the rule itself can tell: its verdict says so
    (`NotApplicable.broken_link`), and the link is the cause. Its failures are never explained by them.
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
    bears_on: Aspect = Aspect.SUBJECT
    guards: tuple[Demand, ...] = ()

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Every rule that is answered before this one."""
        return tuple(code for code in (*self.requires, *self.explained_by, *self.follows) if code != self.code)

    @property
    def area(self) -> str:
        """The code's prefix: `KV`."""
        return self.code.split("-")[0]


# Rules differ in the type of what they want; only the catalogue and the loop over it see them side by side.
AnyRule = Rule[Any]


def guarding(rules: Iterable[AnyRule]) -> Mapping[Demand, frozenset[str]]:
    """For each demand the codes of the rules of which one has to fail where it is violated."""
    held = tuple(rules)
    return {demand: frozenset(rule.code for rule in held if demand in rule.guards) for demand in Demand}


def rule(
    code: str,
    *,
    title: str,
    severity: Severity,
    over: Selector[W],
    bears_on: Aspect = Aspect.SUBJECT,
    guards: tuple[Demand, ...] = (),
    requires: tuple[str, ...] = (),
    explained_by: tuple[str, ...] = (),
    follows: tuple[str, ...] = (),
) -> Callable[[Callable[[W, Snapshot], Verdict]], Rule[W]]:
    """Make a rule of a function `(wanted, seen) -> verdict`; its docstring is its page, its module's name its slug."""

    def make(check: Callable[[W, Snapshot], Verdict]) -> Rule[W]:
        slug = check.__module__.rsplit(".", 1)[-1].replace("_", "-")
        doc = inspect.cleandoc(check.__doc__ or "")
        return Rule(
            code,
            slug,
            title,
            severity,
            over,
            requires,
            explained_by,
            follows,
            check,
            doc,
            check.__module__,
            bears_on,
            guards,
        )

    return make
