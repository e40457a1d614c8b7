"""Waivers: accepted failures, each with an owner and an expiry date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mzaudit.policy.desired import Desired
from mzaudit.policy.enums import counted
from mzaudit.policy.loader.diagnostics import Contradiction
from mzaudit.policy.loader.yaml_document import Document
from mzaudit.policy.models import EnvironmentName, Policy, RuleCode, Text
from mzaudit.policy.rule_vocabulary import Vocabulary, meant
from mzaudit.policy.strict import Strict

_BOTH = "true, though only what is in observed is accepted"
# At least one letter or digit: a bare `*` would waive things that nobody looked at.
SubjectGlob = Annotated[str, StringConstraints(pattern=r"^[*?/]*[^\s*?/](.*\S)?$", max_length=300)]


class WaiverEntry(Strict):
    """A waiver as written."""

    code: Annotated[RuleCode, Field(description="The rule whose failure is accepted.")]
    subject: Annotated[
        SubjectGlob,
        Field(description="The finding's subject; * stands for any text without a slash, ? for one character."),
    ]
    environment: Annotated[EnvironmentName | None, Field(description="Where it holds; everywhere without one.")] = None
    reason: Annotated[Text, Field(description="Why it is accepted.")]
    owner: Annotated[Text, Field(description="Who answers for it.")]
    ticket: Annotated[Text, Field(description="Where it is followed up.")]
    created: Annotated[date, Field(description="The day from which it holds (UTC).")]
    expires: Annotated[date, Field(description="The last day on which it holds (UTC).")]
    covers_inconclusive: Annotated[bool, Field(description="Whether it covers what could not be read, too.")] = False
    observed: Annotated[
        Annotated[tuple[Text, ...], Field(min_length=1)] | None,
        Field(
            description="What was accepted, each observation in the words of the reports; where others are seen, the"
            " waiver covers nothing."
        ),
    ] = None


class WaiverFile(Strict):
    """The file `waivers.yaml`."""

    version: Annotated[Literal[1], Field(description="The version of this format.")]
    waivers: Annotated[tuple[WaiverEntry, ...], Field(description="The waivers.")]


@dataclass(frozen=True, slots=True)
class Waiver:
    """A waiver and the `file:line` that grants it."""

    code: str
    subject: str
    environment: str | None
    reason: str
    owner: str
    ticket: str
    created: date
    expires: date
    covers_inconclusive: bool
    where: str
    observed: tuple[str, ...] | None = None


def granted(file: WaiverFile, document: Document) -> tuple[Waiver, ...]:
    """The waivers of a file, each with its line."""
    return tuple(
        Waiver(
            code=entry.code,
            subject=entry.subject,
            environment=entry.environment,
            reason=entry.reason,
            owner=entry.owner,
            ticket=entry.ticket,
            created=entry.created,
            expires=entry.expires,
            covers_inconclusive=entry.covers_inconclusive,
            where=document.where("waivers", index),
            observed=entry.observed,
        )
        for index, entry in enumerate(file.waivers)
    )


def unmatched(file: WaiverFile, wanted: Desired, words: Vocabulary) -> Iterator[Contradiction]:
    """Waivers for what their rule is asked about nowhere; `wanted` is the policy, asked about all environments."""
    for index, entry in enumerate(file.waivers):
        asked = wanted.asked if entry.environment is None else (entry.environment,)
        if words.no_rule(entry.code) or any(env not in wanted.environments for env in asked):
            continue
        told = [words.subjects(wanted, entry.code, env) for env in asked]
        named = sorted({name for names in told for name in names or ()})
        if None not in told and not any(words.matches(entry.subject, name) for name in named):
            where = "" if entry.environment is None else f" in {entry.environment}"
            expected = f"something that {entry.code} is asked about{where}"
            near = [] if "*" in entry.subject or "?" in entry.subject else named
            yield ("waivers", index, "subject"), expected, meant(entry.subject, near)


def contradictions(file: WaiverFile, policy: Policy, words: Vocabulary) -> Iterator[Contradiction]:
    """Waivers that last too long, end before they begin, name a rule or an environment that is not there, or accept an
    observation and the lack of one at once."""
    longest = policy.waivers.max_days
    for index, entry in enumerate(file.waivers):
        if unknown := words.no_rule(entry.code):
            yield ("waivers", index, "code"), *unknown
        days = (entry.expires - entry.created).days
        at = ("waivers", index, "expires")
        if days < 0:
            yield at, f"a day not before {entry.created} (created)", str(entry.expires)
        elif days > longest:
            yield at, f"at most {counted(longest, 'day')} from {entry.created} (created)", f"{days} ({entry.expires})"
        if entry.observed is not None and entry.covers_inconclusive:
            yield ("waivers", index, "covers_inconclusive"), "false", _BOTH
        if entry.environment is not None and entry.environment not in policy.environments:
            known = ", ".join(policy.environments)
            yield ("waivers", index, "environment"), f"one of {known}", f'"{entry.environment}"'
