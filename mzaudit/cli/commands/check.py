"""`mzaudit check`: the gate."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import exit_codes
from mzaudit.cli import options
from mzaudit.cli.attribution import with_attribution
from mzaudit.cli.collection import collect_state, empty_snapshot
from mzaudit.cli.deadline import Deadline
from mzaudit.cli.previous_reports import Writing
from mzaudit.cli.simulation import documented, simulated
from mzaudit.cli.subscriptions import subscriptions_of

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
@options.environments(required=True)
@options.policy()
@options.subscription
@options.option(
    options.JUDGED,
    "--snapshot",
    "snapshots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Judge a saved snapshot; no credentials needed. Repeat for the parts of one estate.",
)
@options.simulate("Judge")
@options.option(options.JUDGED, "--only", multiple=True, metavar="CODE", help="Report only this rule; repeatable.")
@options.option(
    options.JUDGED, "--expect-image", multiple=True, metavar="SERVICE=TAG", help="The image a service must run."
)
@options.option(
    options.JUDGED,
    "--expect-migration",
    multiple=True,
    metavar="DB=VERSION",
    help="The migration a database must reach.",
)
@options.fail_on()
@options.option(
    options.GATE,
    "--baseline",
    type=click.Path(path_type=Path),
    help="Mark findings as new, unchanged or resolved since this report.",
)
@options.option(
    options.GATE,
    "--gate",
    type=click.Choice(["all", "new"]),
    default="all",
    show_default=True,
    help="With new, violations that the baseline had too do not fail the gate.",
)
@options.option(
    options.GATE, "--allow-incomplete", is_flag=True, help="Exit 0 instead of 3; said in every report's head."
)
@options.output("Write this instead of the terminal report and the files; - is stdout; repeatable.")
@options.option(
    options.REPORTS,
    "--reports-dir",
    type=click.Path(path_type=Path),
    default=Path("reports"),
    show_default=True,
    metavar="DIR",
    help="Where the files go without -o.",
)
@options.history
@options.option(
    options.REPORTS,
    "--attribute",
    is_flag=True,
    help="Ask Azure who changed each failing resource last (14 to 90 days).",
)
@options.option(
    options.REPORTS,
    "--name-people",
    is_flag=True,
    help="With --attribute: name people in the reports; else only their ids.",
)
@options.no_secret_values
@options.wake_databases
@options.timeout("What was not read by then is inconclusive.")
@options.debug
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
    from mzaudit.cli.load_files import history_of, read_history, read_report, read_snapshots
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
    loaded = documented(load_policy(policy, shipped=simulate is not None), simulate)
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

    with simulated(simulate, loaded) as simulator:
        if snapshots:
            seen, missing = read_snapshots(snapshots)
            subscribed = subscriptions_of(loaded, asked, snapshot=(snapshots[0], seen), partly=bool(missing))
            unread = ", ".join(env for env in asked if env not in seen.environments) or "the environments asked for"
            notes = tuple(f"{path}: is not there: a part of this snapshot is missing ({unread})" for path in missing)
            wanted = bind_policy(loaded, asked, subscribed, expect_image, expect_migration)
        else:
            subscribed = subscriptions_of(loaded, asked, given=subscription, simulator=simulator)
            wanted = bind_policy(loaded, asked, subscribed, expect_image, expect_migration)
            deadline.expect(targets, partial(report_of, empty_snapshot(simulator)))
            deadline.begin("reading Azure")
            seen = collect_state(
                wanted,
                simulator,
                timeout=deadline.left,
                values=not no_secret_values,
                debug=debug,
                wake=wake_databases,
            )
        deadline.expect(targets, partial(report_of, seen))
        deadline.begin("judging")
        report, interrupted = report_of(seen), False
        if attribute:
            deadline.judged(report)
            deadline.begin("reading who changed what")
            report, interrupted = with_attribution(
                report, loaded, simulator, names=name_people, timeout=deadline.left, debug=debug
            )
    deadline.judged(report)
    output.write(report, targets, colour=output.coloured(), width=output.width(), history=past)
    if any(gap.reason in LACKS for finding in report.findings for gap in finding.gaps) and not snapshots:
        say("`mzaudit doctor` with the same options says what may not be read, and the commands that grant it")
    return exit_codes.INTERRUPTED if interrupted else exit_code(report)
