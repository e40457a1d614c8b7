"""`mzaudit check`: the gate."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import exit_codes
from mzaudit.cli import collection
from mzaudit.cli import deadline as deadlines
from mzaudit.cli.deadline import Deadline
from mzaudit.cli.previous_reports import Writing

if TYPE_CHECKING:
    from mzaudit.engine.results import Finding, Report
    from mzaudit.snapshot.estate import Snapshot
    from mzaudit.snapshot.observed import Gap

EPILOG = f"""\b
Examples:
  mzaudit check --env prd
  mzaudit check --env prd --subscription 00000000-0000-0000-0000-000000000000
  mzaudit check --env stg --env prd --fail-on high
  mzaudit check --env prd --snapshot last-night.json
  mzaudit check --env stg --env prd --snapshot stg.json --snapshot prd.json
  mzaudit check --env prd --simulate drifted
  mzaudit check --env prd --attribute
  mzaudit check --env prd --baseline last-night.json --gate new
  mzaudit check --env prd -o terminal -o junit:TEST-mzaudit.xml -o fix:remediate.sh

\b
Exit codes:
{exit_codes.table()}
"""


@click.command(cls=Writing, epilog=EPILOG, short_help="Judge an environment against the policy; the gate.")
@click.option(
    "--env",
    "environments",
    multiple=True,
    required=True,
    metavar="ENV",
    help="Environment; repeat for several, or all.",
)
@click.option("--policy", type=click.Path(path_type=Path), help="Policy file or directory.  [default: policies/]")
@click.option("--subscription", metavar="ID", help="Subscription; else MZAUDIT_SUBSCRIPTION_ID, else the policy's.")
@click.option(
    "--snapshot",
    "snapshots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Judge a saved snapshot; no credentials needed. Repeat for the parts of one estate.",
)
@click.option(
    "--simulate",
    metavar=collection.METAVAR,
    callback=collection.estate,
    shell_complete=collection.estates,
    help="Judge a simulated estate on this machine.",
)
@click.option("--only", multiple=True, metavar="CODE", help="Report only this rule; repeat for several.")
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "high", "medium", "low"]),
    default="medium",
    show_default=True,
    help="The least severity that fails the gate.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="Mark findings as new, unchanged or resolved since this report."
)
@click.option(
    "--gate",
    type=click.Choice(["all", "new"]),
    default="all",
    show_default=True,
    help="With new, violations that the baseline had too do not fail the gate.",
)
@click.option(
    "-o", "--output", "outputs", multiple=True, metavar="FORMAT[:PATH]", help="Write this instead; - is stdout."
)
@click.option("--reports-dir", type=click.Path(path_type=Path), default=Path("reports"), show_default=True)
@click.option("--history", type=click.Path(path_type=Path), metavar="DIR", help="Earlier JSON reports, for the trend.")
@click.option("--expect-image", multiple=True, metavar="SERVICE=SHA", help="The commit a service must run.")
@click.option("--expect-migration", multiple=True, metavar="DB=VERSION", help="The migration a database must reach.")
@click.option("--attribute", is_flag=True, help="Ask Azure who changed each failing resource last (14 to 90 days).")
@click.option("--name-people", is_flag=True, help="With --attribute: name people in the reports; else only their ids.")
@click.option("--no-secret-values", is_flag=True, help="Read no secret value; rules that need one are inconclusive.")
@click.option("--allow-incomplete", is_flag=True, help="Exit 0 instead of 3; said in every report's head.")
@click.option("--wake-databases", is_flag=True, help="Read paused databases too; waking them is billed.")
@deadlines.option("What was not read by then is inconclusive.")
@click.option("--debug", is_flag=True, help="Log requests (never bodies) and show tracebacks.")
def command(
    environments: tuple[str, ...],
    policy: Path | None,
    subscription: str | None,
    snapshots: tuple[Path, ...],
    simulate: str | None,
    only: tuple[str, ...],
    fail_on: str,
    baseline: Path | None,
    gate: str,
    outputs: tuple[str, ...],
    reports_dir: Path,
    history: Path | None,
    expect_image: tuple[str, ...],
    expect_migration: tuple[str, ...],
    attribute: bool,
    name_people: bool,
    no_secret_values: bool,
    allow_incomplete: bool,
    wake_databases: bool,
    deadline: Deadline,
    debug: bool,
) -> int:
    """Read the live state, judge it against the policy, write the reports, and exit by the table below."""
    from mzaudit.cli import output
    from mzaudit.cli.evaluation import judge
    from mzaudit.cli.load_files import history_of, read_history, read_report, read_snapshots, subscriptions_of
    from mzaudit.cli.resolve import bind_policy, chosen_environments, environment_names, load_policy
    from mzaudit.cli.streams import say
    from mzaudit.engine.baseline import Earlier
    from mzaudit.engine.gate import exit_code
    from mzaudit.policy.models import Severity
    from mzaudit.snapshot.observed import LACKS

    deadline.begin("reading the files")
    asked = environment_names(environments)
    targets = output.targets(outputs, reports_dir, asked)
    read = read_history(history)
    if gate == "new" and baseline is None:
        raise click.UsageError("--gate new needs --baseline REPORT.json: new since when?")
    earlier = Earlier(str(baseline), read_report(baseline), gate == "new") if baseline is not None else None
    if snapshots and simulate is not None:
        raise click.UsageError("--snapshot and --simulate exclude each other")
    if attribute and snapshots:
        raise click.UsageError("--attribute asks Azure, and --snapshot does not")
    if name_people and not attribute:
        raise click.UsageError("--name-people needs --attribute")
    loaded = collection.documented(load_policy(policy, shipped=simulate is not None), simulate)
    asked = chosen_environments(loaded, asked)
    past = history_of(asked, read)
    so_far: list[Finding] = []
    notes: tuple[str, ...] = ()

    def report_of(seen: Snapshot, unjudged: Gap | None = None) -> Report:
        return judge(
            loaded,
            wanted,
            seen,
            only=only,
            fail_on=Severity(fail_on),
            allow_incomplete=allow_incomplete,
            earlier=earlier,
            so_far=so_far,
            unjudged=unjudged,
            notes=notes,
        )

    with collection.simulated(simulate, loaded) as simulator:
        if snapshots:
            seen, missing = read_snapshots(snapshots)
            subscribed = subscriptions_of(seen, snapshots[0], loaded, asked, partly=bool(missing))
            unread = ", ".join(env for env in asked if env not in seen.environments) or "the environments asked for"
            notes = tuple(f"{path}: is not there: a part of this snapshot is missing ({unread})" for path in missing)
            wanted = bind_policy(loaded, asked, subscribed, expect_image, expect_migration)
        else:
            subscribed = collection.subscriptions(loaded, simulator, subscription, asked)
            wanted = bind_policy(loaded, asked, subscribed, expect_image, expect_migration)
            deadline.expect(targets, partial(report_of, collection.empty_snapshot(simulator)))
            deadline.begin("reading Azure")
            seen = collection.collect_state(
                wanted,
                simulator,
                timeout=deadline.left,
                values=not no_secret_values,
                debug=debug,
                wake=wake_databases,
            )
        deadline.expect(targets, partial(report_of, seen))
        deadline.begin("judging")
        report = report_of(seen)
        if attribute:
            deadline.judged(report)
            deadline.begin("reading who changed what")
            report = collection.with_attribution(
                report, loaded, simulator, names=name_people, timeout=deadline.left, debug=debug
            )
    deadline.judged(report)
    output.write(report, targets, colour=output.coloured(), width=output.width(), history=past)
    if any(gap.reason in LACKS for finding in report.findings for gap in finding.gaps) and not snapshots:
        say("`mzaudit doctor` with the same options says what may not be read, and the commands that grant it")
    return exit_code(report)
