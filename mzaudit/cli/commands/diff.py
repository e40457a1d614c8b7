"""`mzaudit diff`: what changed between two snapshots or two reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime

    from mzaudit.engine.results import Report
    from mzaudit.report.diff_text import Changes
    from mzaudit.snapshot.estate import Snapshot

EPILOG = """\b
Examples:
  mzaudit diff monday.json tuesday.json
  mzaudit diff reports/monday.json reports/prd/mzaudit-prd.json --format markdown > changes.md

\b
Exit codes:
   0  nothing differs, and both saw all that they asked for
   1  something differs
   2  a file cannot be read, or the two cannot be compared
   3  nothing that both saw differs, but one of them did not see it all
"""


@click.command(epilog=EPILOG, short_help="Compare two snapshots or two reports.")
@click.argument("old", type=click.Path(path_type=Path), metavar="OLD.json")
@click.argument("new", type=click.Path(path_type=Path), metavar="NEW.json")
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", show_default=True)
def command(old: Path, new: Path, form: str) -> int:
    """Say what drifted between two snapshots, facet by facet, or which findings of two reports appeared, disappeared
    or changed. What one of the two did not see is said to be unseen, never to have changed. Of secrets and setting
    values only what a snapshot keeps is compared: their class, and which of them are equal."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.load_files import read_either
    from mzaudit.errors import InputError
    from mzaudit.report import diff_text
    from mzaudit.snapshot.estate import Snapshot

    before, after = read_either(old), read_either(new)
    if isinstance(before, Snapshot) and isinstance(after, Snapshot):
        found, code = snapshots(before, after, str(old), str(new))
    elif not isinstance(before, Snapshot) and not isinstance(after, Snapshot):
        found, code = reports(before, after, str(old), str(new))
    else:
        raise InputError(f"{old} and {new}: expected two snapshots or two reports, found one of each")
    verdict = {
        exit_codes.PASSED: "NO DIFFERENCE",
        exit_codes.VIOLATION: "DIFFERENT",
        exit_codes.INCOMPLETE: "INCOMPLETE",
    }[code]
    said = diff_text.Changes(f"{verdict}  {found.verdict}  (exit {code})", found.facts, found.groups, found.caveats)
    output.show(diff_text.markdown(said, "diff") if form == "markdown" else diff_text.text(said, output.width()))
    return code


def snapshots(before: Snapshot, after: Snapshot, old: str, new: str) -> tuple[Changes, int]:
    """What drifted, and the exit code. Raises `InputError` for snapshots of two estates."""
    from mzaudit import exit_codes
    from mzaudit.errors import InputError
    from mzaudit.policy.enums import counted
    from mzaudit.report.diff_text import Changes, drifts
    from mzaudit.report.summary import moment
    from mzaudit.snapshot.saved.snapshot_diff import ChangeKind, diff

    for one, other, what in (
        (dict(before.environments), dict(after.environments), "environments"),
        (before.source, after.source, "source"),
    ):
        if one != other:
            raise InputError(f"{new}: {what}: expected {one}, as in {old}, found {other}")
    found = diff(before, after)
    unknown = [one for one in found if one.kind in (ChangeKind.UNSEEN_NOW, ChangeKind.UNSEEN_BEFORE)]
    drifted = len(found) - len(unknown)
    blind = [sum(not read.answered for read in seen.reads) for seen in (before, after)]
    said = (
        f"{counted(drifted, 'drift')}; {len(unknown):,} that only one of the two saw; "
        f"calls without an answer: {blind[0]:,} before, {blind[1]:,} now"
    )
    facts = {"old": f"{old}, read {moment(before.taken)}", "new": f"{new}, read {moment(after.taken)}"}
    code = exit_codes.VIOLATION if drifted else exit_codes.INCOMPLETE if unknown or any(blind) else exit_codes.PASSED
    return Changes(
        said, facts, drifts(found), caveats(before.source, (before.taken, before.skew), (after.taken, after.skew))
    ), code


def reports(before: Report, after: Report, old: str, new: str) -> tuple[Changes, int]:
    """Which findings differ, and the exit code. Raises `InputError` for reports of two estates."""
    from mzaudit import exit_codes
    from mzaudit.engine.gate import verdict
    from mzaudit.engine.report_diff import Turn, differences
    from mzaudit.errors import InputError
    from mzaudit.policy.enums import counted
    from mzaudit.report.diff_text import Changes, findings
    from mzaudit.report.summary import moment

    for one, other, what in (
        (before.environments, after.environments, "environments"),
        ((before.run.source,), (after.run.source,), "source"),
    ):
        if one != other:
            raise InputError(f"{new}: {what}: expected {', '.join(one)}, as in {old}, found {', '.join(other)}")
    found = differences(before.findings, after.findings)
    blind = before.summary.inconclusive, after.summary.inconclusive
    differ = f"{counted(len(found), 'finding')} {'differs' if len(found) == 1 else 'differ'}"
    said = f"{differ}; inconclusive: {blind[0]:,} before, {blind[1]:,} now"
    facts = {
        name: f"{path}, {verdict(report)}, read {moment(report.run.started)}, policy {report.run.policy}"
        for name, path, report in (("old", old, before), ("new", new, after))
    }
    told = any(one.turn is not Turn.UNSEEN for one in found)
    code = exit_codes.VIOLATION if told else exit_codes.INCOMPLETE if any(blind) else exit_codes.PASSED
    return Changes(
        said,
        facts,
        findings(found),
        caveats(before.run.source, (before.run.started, before.run.skew), (after.run.started, after.run.skew)),
    ), code


def caveats(source: str, before: tuple[datetime, int], after: tuple[datetime, int]) -> tuple[str, ...]:
    """What a reader must know first; of each file when it was read, and the skew of that clock."""
    from mzaudit.snapshot import clock

    simulated = "SIMULATED: the estate was a simulated one." if "simulated" in source else ""
    swapped = "BACKWARDS: the first file is the later one." if clock.by_azure(*before) > clock.by_azure(*after) else ""
    wrong = [
        f"WRONG CLOCK, {of} file: {clock.words(skew)} by Azure's."
        for of, (_, skew) in (("first", before), ("second", after))
        if skew
    ]
    return (*filter(None, (simulated, swapped)), *wrong)
