"""The remediation script: what would mend the violations, in a safe order, for a person to review and run.

mzaudit never runs it. Only what adds or enables something runs without a further look (`caution.py`). Created and
enabled before removed; a thing before what rests on it, as the rules depend on each other.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from mzaudit.engine.az_cli import placeholders
from mzaudit.engine.gate import below, breaking, known
from mzaudit.engine.results import Finding, Report, RuleNote, Status
from mzaudit.policy.enums import counted
from mzaudit.report.caution import check_first
from mzaudit.report.details import waived
from mzaudit.report.escaping import UNSHOWABLE, comment, log
from mzaudit.report.grouping import with_status
from mzaudit.report.summary import caveats, facts

# What takes something away, or shuts out whoever still relies on it.
_REMOVING = frozenset(("delete", "remove", "purge", "disable", "deny", "ad-only-auth"))
_CLOSING = (
    "--enabled false",
    "--public-access off",
    "--allow-blob-public-access false",
    "--allow-shared-key-access false",
    "DROP USER ",
    " DROP MEMBER ",
    "REVOKE ",
    "--method delete",
)
_OF_AN_APP = ("service", "setting")  # what lets go of a thing before the thing is taken away

_GUARD = """\
if [ "${MZAUDIT_FIX:-}" != "reviewed" ]; then
  echo "Nothing was done. Read this script first, then run it with MZAUDIT_FIX=reviewed." >&2
  exit 1
fi"""


def chunks(report: Report) -> Iterator[str]:
    """A bash script; without MZAUDIT_FIX=reviewed it does nothing."""
    violations = with_status(report, Status.FAIL)
    depths = _depths(report.rules)

    def creation(one: Finding) -> tuple[object, ...]:
        return one.env, depths.get(one.rule, 0), one.rule, one.subject.name

    def removal(one: Finding) -> tuple[object, ...]:
        return one.env, one.subject.kind not in _OF_AN_APP, -depths.get(one.rule, 0), one.rule, one.subject.name

    mending = sorted((f for f in violations if not _removes(f)), key=creation)
    removing = sorted((f for f in violations if _removes(f)), key=removal)
    yield from _lines("#!/usr/bin/env bash", *_head(report), "set -euo pipefail", "", _GUARD)
    for title, findings in (("Create, enable, set", mending), ("Remove, shut out", removing)):
        if findings:
            yield from _lines("", f"# {'=' * 20} {title}")
        for finding in findings:
            yield from _lines("", *_finding(finding))


def _lines(*lines: str) -> Iterator[str]:
    return (f"{line}\n" for line in lines)


def _head(report: Report) -> Iterator[str]:
    yield "# Remediation of what mzaudit found. Each command is a proposal: review it, and run what is right."
    yield "# Only commands that add or enable something run. Those that replace, remove or lock out wait"
    yield "# as a comment, with what to check first; so does a placeholder in capitals (COMMIT), and what follows it."
    yield f"# {_counts(report)}"
    for finding in with_status(report, Status.WAIVED):
        note = f", {waived(finding.waiver)}" if finding.waiver is not None else ""
        yield f"# left out, waived: {comment(f'{finding.rule} {finding.subject.name}{note}')}"
    for label, text in facts(report).items():
        yield f"# {label}: {comment(text)}"
    for word, sentence in caveats(report):
        yield f"# {word}: {comment(sentence)}"


def _counts(report: Report) -> str:
    """The violations as the other reports count them."""
    gating, old, under = len(breaking(report)), len(known(report)), len(below(report))
    parts = [f"{gating:,} at or above {report.run.fail_on}"]
    parts += [f"{old:,} known from the baseline"] if old else []
    parts += [f"{under:,} below the gate"] if under else []
    return f"{counted(gating + old + under, 'violation')}: {', '.join(parts)}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"# {comment(finding.rule)} {finding.severity}: {comment(finding.title)}"
    yield f"# {comment(finding.env)}: {comment(finding.subject.kind)} {comment(finding.subject.name)}"
    yield f"# {comment(finding.note)}"
    yield f"# {comment(finding.remediation)}"
    fix = finding.fix
    if fix is None or not (fix.commands or fix.property):
        yield f"# Nothing to run: correct the policy, at {comment(finding.policy)}."
        return
    if fix.role:
        yield f"# Role needed: {comment(fix.role)}"
    if fix.property:
        yield f"# IaC property: {comment(fix.property)}"
    yield from _steps(fix.commands)


def _steps(commands: Sequence[str]) -> Iterator[str]:
    """The commands of one finding, which are one chain: after one that waits for a person, all others wait."""
    waiting = False
    for command in commands:
        # A saved report may have been written by anyone; what a reviewer cannot see must not run, and what a pipeline
        # would obey must not even stand there: scripts are printed into logs.
        if UNSHOWABLE.search(command) or log(command) != command or not _one_command(command):
            yield f"# NOT RUN, not an az or sqlcmd command, or text that cannot be shown: {comment(command)}"
            waiting = True
            continue
        missing, check = ", ".join(placeholders(command)), check_first(command)
        if not (waiting or missing or check):
            yield command
            continue
        if check:
            yield f"# Check first: {check}"
        before = "After the step above" if waiting else "Then"
        yield f"# Replace {missing} and uncomment:" if missing else f"# {before} uncomment:"
        yield f"# {command}"
        waiting = True


def _one_command(command: str) -> bool:
    """Whether a shell would run `az` or `sqlcmd` with words and nothing else: no second command, expansion or
    redirection."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return words[:1] in (["az"], ["sqlcmd"]) and shlex.join(words) == command


def _removes(finding: Finding) -> bool:
    commands = finding.fix.commands if finding.fix is not None else ()
    return any(_REMOVING & _verbs(command) or any(flag in command for flag in _CLOSING) for command in commands)


def _verbs(command: str) -> set[str]:
    """The words before the first option: `az webapp config appsettings delete`."""
    return set(command.split(" -")[0].split())


def _depths(rules: Iterable[RuleNote]) -> Mapping[str, int]:
    """How many rules are answered before each, along the longest chain."""
    before = {rule.code: rule.depends_on for rule in rules}
    depths: dict[str, int] = {}
    for code in TopologicalSorter(before).static_order():
        depths[code] = max((depths[each] + 1 for each in before.get(code, ())), default=0)
    return depths
