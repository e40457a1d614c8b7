"""Rules × subjects, each answered: the loop, the order of causes, and the one place where a rule's crash is caught."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from mzaudit.engine.az_cli import in_subscription
from mzaudit.engine.overrides import override_of, weaker
from mzaudit.engine.results import Cause, Finding, OverrideNote, Status, SubjectName
from mzaudit.engine.rule import AnyRule
from mzaudit.engine.subjects import Subject
from mzaudit.engine.verdict import Evidence, Fail, Fix, Inconclusive, NotApplicable, Pass, Verdict
from mzaudit.policy.desired import Desired
from mzaudit.policy.enums import Severity
from mzaudit.policy.requirements import Requirement, by_rule
from mzaudit.snapshot.estate import Snapshot
from mzaudit.snapshot.observed import Gap, GapReason, Unobserved
from mzaudit.snapshot.text.ids import subscription_of
from mzaudit.snapshot.view import View


@dataclass(frozen=True, slots=True)
class _Answered:
    """A finding, and whether it is a broken link: a failure in full. One that is weaker than its rule (a secret that
    expires soon) breaks nothing, and must not explain away what is worse."""

    parts: tuple[tuple[str, frozenset[str]], ...]
    finding: Finding
    broken: bool


@dataclass(frozen=True, slots=True)
class _Obligation:
    """A rule and one subject, and what is known of its finding before anything is judged."""

    rule: AnyRule
    subject: Subject[Any]
    name: SubjectName
    asked_by: tuple[str, ...]
    override: OverrideNote | None

    @property
    def off(self) -> bool:
        """Whether the policy switches the rule off for this subject."""
        return self.override is not None and self.override.severity is None

    @property
    def severity(self) -> Severity:
        """What a failure weighs."""
        return (self.override.severity if self.override is not None else None) or self.rule.severity

    def finding(
        self,
        status: Status = Status.NOT_APPLICABLE,
        *,
        note: str = "",
        evidence: tuple[Evidence, ...] = (),
        gaps: tuple[Gap, ...] = (),
        cause: Cause | None = None,
        severity: Severity | None = None,
        remediation: str = "",
        fix: Fix | None = None,
    ) -> Finding:
        """The finding, with what was concluded; as it is, the obligation does not apply."""
        subject = self.subject
        identity = "\0".join((self.rule.code, subject.env, subject.kind, subject.name.casefold()))
        return Finding(
            rule=self.rule.code,
            slug=self.rule.slug,
            title=self.rule.title,
            env=subject.env,
            subject=self.name,
            status=status,
            severity=severity or self.severity,
            note=f"Switched off: {self.override.reason}" if self.override is not None and self.off else note,
            evidence=evidence,
            gaps=gaps,
            requirements=self.asked_by,
            policy=subject.where,
            cause=cause,
            remediation=remediation,
            fix=fix,
            waiver=None,
            fingerprint=hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32],
            override=self.override,
        )


def evaluate(
    wanted: Desired,
    seen: Snapshot,
    rules: Sequence[AnyRule],
    catalogue: Iterable[Requirement] = (),
    so_far: list[Finding] | None = None,
) -> tuple[Finding, ...]:
    """One finding for every obligation, sorted by environment, rule and subject. Each names the requirements of the
    catalogue that its rule answers. They are added to `so_far` as they are made."""
    findings: list[Finding] = [] if so_far is None else so_far
    view = View.of(seen)
    ordered = in_order(rules)
    answers = by_rule(catalogue)
    several = len(_subscriptions(wanted)) > 1
    for env in wanted.asked:
        answered: dict[str, list[_Answered]] = {}
        for rule in ordered:
            asked_by = answers.get(rule.code, ())
            answered[rule.code] = []  # one by one: a resource may be explained by the one that it is a part of
            for subject in rule.over(wanted, wanted.environments[env]):
                obligation = _obligation(rule, subject, asked_by, wanted)
                answered[rule.code].append(_answer(obligation, view, answered, several))
            findings.extend(answer.finding for answer in answered[rule.code])
            if not answered[rule.code]:
                findings.append(_nothing_to_ask(rule, env, asked_by, wanted))
    return tuple(sorted(findings, key=lambda f: (f.env, f.rule, f.subject.name)))


def cut_short(
    wanted: Desired, rules: Sequence[AnyRule], catalogue: Iterable[Requirement], so_far: Iterable[Finding], gap: Gap
) -> tuple[Finding, ...]:
    """What an evaluation that did not end says: the findings so far, and all others inconclusive by that gap."""
    judged = {finding.fingerprint: finding for finding in tuple(so_far)}
    answers = by_rule(catalogue)
    findings = []
    for env in wanted.asked:
        for rule in rules:
            asked_by = answers.get(rule.code, ())
            subjects = rule.over(wanted, wanted.environments[env])
            obligations = [_obligation(rule, subject, asked_by, wanted) for subject in subjects]
            findings += [
                each.finding() if each.off else each.finding(Status.INCONCLUSIVE, gaps=(gap,)) for each in obligations
            ]
            if not obligations:
                findings.append(_nothing_to_ask(rule, env, asked_by, wanted))
    whole = (judged.get(finding.fingerprint, finding) for finding in findings)
    return tuple(sorted(whole, key=lambda f: (f.env, f.rule, f.subject.name)))


def in_order(rules: Iterable[AnyRule]) -> list[AnyRule]:
    """Every rule after those it depends on; a circle is a defect and raises `graphlib.CycleError`."""
    by_code = {rule.code: rule for rule in rules}
    graph = {code: set(rule.depends_on) & by_code.keys() for code, rule in sorted(by_code.items())}
    return [by_code[code] for code in TopologicalSorter(graph).static_order()]


def verdict_of(rule: AnyRule, subject: Subject[Any], seen: Snapshot) -> Verdict:
    """The rule's own verdict, before any cause is looked for."""
    try:
        return rule.check(subject.want, seen)
    except Unobserved as unseen:
        return Inconclusive(tuple(dict.fromkeys(unseen.gaps)))
    except Exception as crash:  # noqa: BLE001 - the only one: a defect in one rule must not hide what others saw
        gap = Gap(
            GapReason.INTERNAL, f"rule {rule.code}", subject.id, detail=f"{type(crash).__name__} in {rule.module}"
        )
        return Inconclusive((gap,), "This rule has a defect; please report it.")


def _answer(
    asked: _Obligation,
    seen: Snapshot,
    answered: Mapping[str, list[_Answered]],
    several: bool,
) -> _Answered:
    rule, subject = asked.rule, asked.subject
    parts = tuple((part, frozenset(names)) for part, names in subject.parts.items())
    unasked = asked.finding() if asked.off else _unasked(asked, answered)
    if unasked is not None:
        return _Answered(parts, unasked, False)
    match verdict_of(rule, subject, seen):
        case Pass(evidence, note):
            return _Answered(parts, asked.finding(Status.PASS, evidence=evidence, note=note), False)
        case Inconclusive(gaps, note):
            return _Answered(parts, asked.finding(Status.INCONCLUSIVE, gaps=gaps, note=note), False)
        case NotApplicable(because, broken_link):
            cause = _cause(rule.follows if broken_link else (), subject, answered)
            return _Answered(parts, asked.finding(cause=cause, note=because), False)
        case Fail() as fail:
            cause = _cause(rule.explained_by, subject, answered)
            if cause:
                note = f"Explained by {cause}: {fail.note}"
                return _Answered(parts, asked.finding(cause=cause, note=note), False)
            finding = asked.finding(
                Status.FAIL,
                severity=weaker(fail.severity or asked.severity, asked.severity),
                evidence=fail.evidence,
                note=fail.note,
                remediation=fail.remediation,
                fix=_placed(fail.fix, subject) if several else fail.fix,
                gaps=fail.gaps,
            )
            return _Answered(parts, finding, fail.severity is None)


def _subscriptions(wanted: Desired) -> set[str]:
    """Those that the policy is about, casefolded."""
    ids = (each for env in wanted.environments.values() for each in (env.resource_group_id, *env.ids))
    return {subscription_of(each).casefold() for each in ids}


def _placed(fix: Fix | None, subject: Subject[Any]) -> Fix | None:
    """The fix with the subject's subscription in each command that does not name one."""
    subscription = subscription_of(subject.id)
    if fix is None or not subscription:
        return fix
    return replace(fix, commands=tuple(in_subscription(each, subscription) for each in fix.commands))


def _unasked(asked: _Obligation, answered: Mapping[str, list[_Answered]]) -> Finding | None:
    """The finding of a rule that cannot be asked, because a link that it requires is broken or was not seen."""
    for link in _links(asked.rule.requires, asked.subject.parts, answered):
        found = link.finding
        if link.broken:
            return asked.finding(cause=found.as_cause, note="An earlier link is broken.")
        if found.status is Status.INCONCLUSIVE:
            note = f"{found.rule} could not be decided."
            return asked.finding(Status.INCONCLUSIVE, gaps=found.gaps, note=note)
        if found.cause:
            return asked.finding(cause=found.cause, note=found.note)
    return None


def _cause(codes: Iterable[str], subject: Subject[Any], answered: Mapping[str, list[_Answered]]) -> Cause | None:
    """The first of these links that was seen broken, or what broke it; None if none was."""
    for link in _links(codes, {**subject.parts, **subject.within}, answered):
        if link.broken:
            return link.finding.as_cause
        if link.finding.cause:
            return link.finding.cause
    return None


def _links(
    codes: Iterable[str], parts: Mapping[str, tuple[str, ...]], answered: Mapping[str, list[_Answered]]
) -> Iterator[_Answered]:
    """Earlier answers about things that have these parts, in the order of the chain."""
    for code in codes:
        for earlier in answered.get(code, ()):
            for part, names in earlier.parts:
                if names.isdisjoint(parts.get(part, ())):
                    break
            else:
                yield earlier


def _obligation(rule: AnyRule, subject: Subject[Any], asked_by: tuple[str, ...], wanted: Desired) -> _Obligation:
    name = SubjectName(subject.kind, subject.name, subject.id)
    return _Obligation(rule, subject, name, asked_by, override_of(wanted, rule.code, subject.env, name))


def _nothing_to_ask(rule: AnyRule, env: str, asked_by: tuple[str, ...], wanted: Desired) -> Finding:
    where = wanted.environments[env].where
    subject: Subject[None] = Subject(env, "environment", env, wanted.environments[env].resource_group_id, None, where)
    asked = replace(_obligation(rule, subject, asked_by, wanted), override=None)
    return asked.finding(note="The policy names nothing that this rule asks about.")
