"""`mzaudit preview`: what a change of the policy would change, on a saved snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit.cli import options
from mzaudit.cli.subscriptions import subscriptions_of

if TYPE_CHECKING:
    from mzaudit.engine.results import Report
    from mzaudit.snapshot.estate import Snapshot

EPILOG = """\b
Examples:
  mzaudit preview --snapshot last-night.json --base main/policies --head policies > preview.md
  mzaudit preview --snapshot last-night.json --base main/policies --head policies --format text
  mzaudit preview --snapshot last-night.json --base main/policies --head policies --comment

\b
Exit codes:
   0  the new policy has no violation at or above the threshold that the old one has not
   1  it has at least one
   2  a policy or the snapshot is wrong
   3  it has none, but asks for what the snapshot does not hold
"""


@click.command(epilog=EPILOG, short_help="Say what a change of the policy would change, on a saved snapshot.")
@click.option("--snapshot", type=click.Path(path_type=Path), required=True, help="What `mzaudit collect` wrote.")
@click.option("--base", type=click.Path(path_type=Path), required=True, help="The policy as it is.")
@click.option("--head", type=click.Path(path_type=Path), required=True, help="The policy as it would be.")
@options.environments("Environment.  [default: the snapshot's]")
@options.fail_on("The least severity that exits 1.")
@click.option("--format", "form", type=click.Choice(["markdown", "text"]), default="markdown", show_default=True)
@click.option("--comment", is_flag=True, help="Keep it as a comment on the pull request too, without names of people.")
def command(
    snapshot: Path,
    base: Path,
    head: Path,
    environments: tuple[str, ...],
    fail_on: str,
    form: str,
    comment: bool,
) -> int:
    """Judge one snapshot by two policies, and print only the difference: findings that appear, disappear or change.
    Asks Azure nothing and needs no credentials, so a pull request can run it. What the snapshot does not hold for the
    new policy is inconclusive, and says so."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.load_files import read_snapshot
    from mzaudit.cli.resolve import environment_names
    from mzaudit.engine.gate import violates
    from mzaudit.engine.report_diff import Turn, differences
    from mzaudit.policy.enums import counted
    from mzaudit.policy.models import Severity
    from mzaudit.report import diff_text
    from mzaudit.report.summary import moment
    from mzaudit.snapshot import clock

    asked, threshold = environment_names(environments), Severity(fail_on)
    seen = read_snapshot(snapshot)
    before, after = (judged(seen, snapshot, policy, asked, threshold) for policy in (base, head))
    if comment:
        from mzaudit.publish.message import without_names

        before, after = without_names(before), without_names(after)
    found = differences(before.findings, after.findings)
    breaking = [
        one
        for one in found
        if one.after is not None
        and violates(one.after, threshold)
        and not (one.before is not None and violates(one.before, threshold))
    ]
    unseen = sum(one.turn is Turn.UNSEEN for one in found)
    code = exit_codes.VIOLATION if breaking else exit_codes.INCOMPLETE if unseen else exit_codes.PASSED
    word = {
        exit_codes.PASSED: "NO NEW VIOLATION",
        exit_codes.VIOLATION: "NEW VIOLATIONS",
        exit_codes.INCOMPLETE: "INCOMPLETE",
    }[code]
    said = diff_text.Changes(
        f"{word}  {counted(len(breaking), 'new violation')} at or above {threshold}, {unseen:,} newly inconclusive, "
        f"{counted(len(found), 'difference')} in all  (exit {code})",
        {
            "snapshot": f"{snapshot}, read {moment(seen.taken)}; nothing was asked of Azure",
            "base": f"{base}: {_counts(before)}",
            "head": f"{head}: {_counts(after)}",
        },
        diff_text.findings(found),
        (
            *(f"{head}: {warning}" for warning in after.run.warnings if warning not in before.run.warnings),
            *(("SIMULATED: the estate was a simulated one.",) if "simulated" in seen.source else ()),
            *((f"WRONG CLOCK: {clock.words(seen.skew)} by Azure's.",) if seen.skew else ()),
        ),
    )
    output.show(diff_text.markdown(said, "preview") if form == "markdown" else diff_text.text(said, output.width()))
    if comment:
        from mzaudit.cli.commands.comment import publish_and_report
        from mzaudit.publish.message import GateMessage

        publish_and_report(
            GateMessage(
                "preview",
                after.environments,
                after.run.policy,
                lambda _, budget: diff_text.markdown(said, "preview", budget),
                code,
                " ".join((*said.caveats, said.verdict)),
            )
        )
    return code


def _counts(report: Report) -> str:
    from mzaudit.policy.enums import counted

    return f"{counted(report.summary.failed, 'violation')}, {report.summary.inconclusive:,} inconclusive"


def judged(seen: Snapshot, snapshot: Path, policy: Path, asked: tuple[str, ...], fail_on: str) -> Report:
    """The snapshot by one policy, in the environments that both know."""
    from mzaudit.cli.evaluation import judge
    from mzaudit.cli.resolve import bind_policy, load_policy, require_known
    from mzaudit.errors import InputError
    from mzaudit.policy.models import Severity

    loaded = load_policy(policy, shipped=False)
    require_known(loaded, asked)
    environments = asked or tuple(env for env in seen.environments if env in loaded.policy.environments)
    if not environments:
        held = ", ".join(seen.environments)
        raise InputError(
            f"{loaded.where('environments')}: environments: expected one of {held}, which {snapshot} holds"
        )
    wanted = bind_policy(loaded, environments, subscriptions_of(loaded, environments, snapshot=(snapshot, seen)))
    return judge(loaded, wanted, seen, fail_on=Severity(fail_on))
