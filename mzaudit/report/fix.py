"""The remediation script: what would mend the violations, in a safe order, for a person to review and run.

mzaudit never runs it. Created and enabled before removed; vaults before the apps that refer to them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from mzaudit.audit.results import Finding, Report, Status
from mzaudit.report.gate import counted
from mzaudit.report.grouping import with_status
from mzaudit.report.head import caveats, facts
from mzaudit.report.neutral import UNSHOWABLE, comment, log

_AREAS = ("KV", "APP", "RBAC", "SQL", "BLOB", "OBS", "IMG", "SET")
_REMOVING = frozenset(("delete", "remove", "purge", "disable", "deny"))

_GUARD = """\
if [ "${MZAUDIT_FIX:-}" != "reviewed" ]; then
  echo "Nothing was done. Read this script first, fill in its placeholders, then run it with MZAUDIT_FIX=reviewed." >&2
  exit 1
fi"""


def render(report: Report) -> str:
    """A bash script; without MZAUDIT_FIX=reviewed it does nothing."""
    violations = with_status(report, Status.FAIL)
    mending = sorted((f for f in violations if not _removes(f)), key=_place)
    removing = sorted((f for f in violations if _removes(f)), key=_place)
    lines = ["#!/usr/bin/env bash", *_head(report, len(violations)), "set -euo pipefail", "", _GUARD]
    for title, findings in (("Create, enable, set", mending), ("Remove", removing)):
        if findings:
            lines += ["", f"# {'=' * 20} {title}"]
        for finding in findings:
            lines += ["", *_finding(finding)]
    return "\n".join(lines) + "\n"


def _head(report: Report, count: int) -> Iterator[str]:
    yield "# Remediation of what mzaudit found. Each command is a proposal: review it, and run what is right."
    yield "# A word in capitals (SECRET_FILE) is a placeholder to fill in."
    yield f"# {counted(count, 'violation')}"
    for label, text in facts(report).items():
        yield f"# {label}: {comment(text)}"
    for word, sentence in caveats(report):
        yield f"# {word}: {sentence}"


def _finding(finding: Finding) -> Iterator[str]:
    yield f"# {comment(finding.rule)} {finding.severity}: {comment(finding.title)}"
    yield f"# {comment(finding.env)}: {comment(finding.subject.kind)} {comment(finding.subject.name)}"
    yield f"# {comment(finding.note)}"
    yield f"# {comment(finding.remediation)}"
    fix = finding.fix
    if fix is None or not (fix.commands or fix.property):
        yield "# By hand: there is no command for it."
        return
    if fix.role:
        yield f"# May be run by: {comment(fix.role)}"
    if fix.property:
        yield f"# In Bicep or Terraform: {comment(fix.property)}"
    for command in fix.commands:
        # A saved report may have been written by anyone; what a reviewer cannot see must not run, and what a pipeline
        # would obey must not even stand there: scripts are printed into logs.
        strange = UNSHOWABLE.search(command) or log(command) != command or not _one_az_command(command)
        yield (
            f"# NOT RUN, it is no az command or holds what cannot be shown: {comment(command)}" if strange else command
        )


def _one_az_command(command: str) -> bool:
    """Whether a shell would run `az` with words and nothing else: no second command, expansion or redirection."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return words[:1] == ["az"] and shlex.join(words) == command


def _removes(finding: Finding) -> bool:
    commands = finding.fix.commands if finding.fix is not None else ()
    return any(_REMOVING & _verbs(command) or "--enabled false" in command for command in commands)


def _verbs(command: str) -> set[str]:
    """The words before the first option: `az webapp config appsettings delete`."""
    return set(command.split(" -")[0].split())


def _place(finding: Finding) -> tuple[str, int, str, str]:
    area = finding.rule.split("-")[0]
    order = _AREAS.index(area) if area in _AREAS else len(_AREAS)
    return finding.env, order, finding.rule, finding.subject.name
