"""From a bound policy and a snapshot to the report: evaluate, lay the waivers, count."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mzaudit import __version__
from mzaudit.errors import InputError, PolicyError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mzaudit.engine.baseline import Earlier
    from mzaudit.engine.results import Baseline, Finding, Report, RuleNote
    from mzaudit.engine.rule import AnyRule
    from mzaudit.policy.desired import Desired
    from mzaudit.policy.loader.load import Loaded
    from mzaudit.policy.models import Severity
    from mzaudit.snapshot.estate import Snapshot
    from mzaudit.snapshot.observed import Gap


def judge(
    loaded: Loaded,
    wanted: Desired,
    seen: Snapshot,
    *,
    only: Sequence[str] = (),
    fail_on: Severity,
    allow_incomplete: bool = False,
    earlier: Earlier | None = None,
    so_far: list[Finding] | None = None,
    unjudged: Gap | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """The whole result of one run. Its clock is the snapshot's, so that a replay says the same on another day.

    The verdicts are added to `so_far` one by one; with `unjudged` those alone stand, and all else is inconclusive by
    that gap. `notes` join the report's warnings.
    """
    from mzaudit.access.further_assignments import further_access
    from mzaudit.cli.plugins import rules_with
    from mzaudit.diagram.topology import topology
    from mzaudit.engine.baseline import comparable
    from mzaudit.engine.evaluate import cut_short, evaluate
    from mzaudit.engine.gate import partly_unseen, summarise
    from mzaudit.engine.overrides import idle
    from mzaudit.engine.results import SCHEMA_VERSION, Report, Run, Tool
    from mzaudit.engine.waive import lay
    from mzaudit.policy.requirements import by_rule
    from mzaudit.report.document_text import document_warnings
    from mzaudit.snapshot import clock
    from mzaudit.snapshot.view import View

    policy = ", ".join(loaded.files)
    view = View.of(seen)
    started = clock.by_azure(seen.taken, seen.skew)
    if earlier is not None:
        comparable(earlier, wanted.asked, policy, seen.source, started)
    every_rule = rules_with(loaded.policy.plugins)
    known(only, [rule.code for rule in every_rule])
    if unjudged is None:
        judged = evaluate(wanted, view, every_rule, loaded.requirements, so_far)
    else:
        judged = cut_short(wanted, every_rule, loaded.requirements, so_far or (), unjudged)
    findings, ended = lay(judged, loaded.waivers, seen.today)
    kept, left_out = _chosen(findings, only)
    kept, baseline, dropped = _compared(kept, earlier, started)
    answers = by_rule(loaded.requirements)
    return Report(
        schema_version=SCHEMA_VERSION,
        tool=Tool("mzaudit", __version__),
        run=Run(
            env=tuple(wanted.asked),
            started=seen.taken,
            complete=not any(map(partly_unseen, kept)),
            source=seen.source,
            skew=seen.skew,
            identity=_identity(seen),
            policy=policy,
            fail_on=fail_on,
            allow_incomplete=allow_incomplete,
            warnings=(
                *notes,
                *document_warnings(loaded.review, loaded.requirements),
                *idle(wanted, findings),
                *ended,
                *left_out,
                *dropped,
            ),
            baseline=baseline,
        ),
        summary=summarise(kept, fail_on, only_new=earlier is not None and earlier.only_new),
        reads=seen.reads,
        findings=kept,
        topology=topology(wanted, view, kept, every_rule),
        rules=tuple(_note(rule, answers.get(rule.code, ())) for rule in every_rule if not only or rule.code in only),
        requirements=loaded.requirements,
        further_access=further_access(wanted, view) if unjudged is None else None,
    )


def _chosen(findings: Sequence[Finding], only: Sequence[str]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings of the rules `only`, and a warning that names what is left out."""
    from mzaudit.policy.enums import counted

    if not only:
        return tuple(findings), ()
    kept = tuple(finding for finding in findings if finding.rule in only)
    left = len(findings) - len(kept)
    others = f"{counted(left, 'finding')} of other rules {'is' if left == 1 else 'are'} left out of this report"
    return kept, (f"--only {', '.join(only)}: {others}",)


def _compared(
    findings: tuple[Finding, ...], earlier: Earlier | None, started: datetime
) -> tuple[tuple[Finding, ...], Baseline | None, tuple[str, ...]]:
    """The findings marked by an earlier report, that report as the baseline, and the warnings that it gives."""
    from mzaudit.engine.baseline import dropped, mark
    from mzaudit.engine.results import Baseline
    from mzaudit.snapshot import clock

    if earlier is None:
        return findings, None, ()
    findings, then = mark(findings, started, earlier.report), earlier.report.run
    baseline = Baseline(earlier.name, clock.by_azure(then.started, then.skew), earlier.only_new)
    return findings, baseline, dropped(findings, earlier)


def _note(rule: AnyRule, requirements: tuple[str, ...]) -> RuleNote:
    from mzaudit.engine.results import RuleNote

    return RuleNote(
        code=rule.code,
        slug=rule.slug,
        title=rule.title,
        severity=rule.severity,
        requirements=requirements,
        page=rule.doc,
        depends_on=rule.depends_on,
    )


def known(codes: Sequence[str], rules: Sequence[str]) -> None:
    """Refuse a rule code that does not exist."""
    for code in codes:
        if code not in rules:
            raise InputError(f"no rule {code[:40]!r}{_nearest(code, rules)}")


def _nearest(code: str, rules: Sequence[str]) -> str:
    near = difflib.get_close_matches(code.upper(), rules, 1)
    return f"; did you mean {near[0]}?" if near else "; see `mzaudit rules`"


def _identity(seen: Snapshot) -> str:
    if seen.caller is None:
        return "unknown"
    return f"application {seen.caller.application_id} (object {seen.caller.object_id}) by {seen.caller.credential}"


def occurring(loaded: Loaded, seen: Snapshot, path: Path) -> None:
    """Refuse a policy that allows a difference which the snapshot, of all its environments, shows not to be there."""
    from mzaudit.cli.resolve import bind_policy
    from mzaudit.cli.subscriptions import subscriptions_of
    from mzaudit.engine.evaluate import evaluate
    from mzaudit.engine.results import Status
    from mzaudit.rules.parity.environment_parity import environment_parity

    asked = tuple(env for env in loaded.policy.environments if env in seen.environments)
    if not asked:
        raise InputError(f"{path}: environments: expected one of {', '.join(loaded.policy.environments)}, found none")
    wanted = bind_policy(loaded, asked, subscriptions_of(loaded, asked, snapshot=(path, seen)))
    complaints = tuple(
        f"{finding.policy}: {fact.at}: expected {fact.expected}, found {fact.observed} in {path}"
        for finding in evaluate(wanted, seen, (environment_parity,))
        if finding.subject.kind == "allowed-difference" and finding.status is Status.FAIL
        for fact in finding.evidence
    )
    if complaints:
        raise PolicyError(complaints)
