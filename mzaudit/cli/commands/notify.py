"""`mzaudit notify`: a night's run told to Microsoft Teams, Slack or any webhook."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import exit_codes
from mzaudit.cli import publishing

if TYPE_CHECKING:
    from mzaudit.engine.results import Finding, Report
    from mzaudit.publish.http import Route
    from mzaudit.publish.notice import Notice
    from mzaudit.publish.publish_comment import PublishResult

EPILOG = f"""\b
Examples:
  mzaudit notify --env prd reports/prd/mzaudit-prd.json
  mzaudit notify --env prd --only-changes --baseline last-night.json reports/prd/mzaudit-prd.json
  mzaudit notify --env prd --dry-run reports/prd/mzaudit-prd.json

\b
Addresses are secrets and come from the environment, never from an option; each that is set is notified:
  MZAUDIT_TEAMS_WEBHOOK  a Microsoft Teams workflow ("when a webhook request is received"): an Adaptive Card
  MZAUDIT_SLACK_WEBHOOK  a Slack incoming webhook: Block Kit
  MZAUDIT_WEBHOOK        any other: JSON, by docs/webhook.schema.json

\b
Exit codes: those of the check that made the report, {exit_codes.ABANDONED} where there is none. A channel that is
not notified changes none of them.
{exit_codes.table()}
"""


@click.command(epilog=EPILOG, short_help="Notify Microsoft Teams, Slack or any webhook of a run.")
@publishing.report_argument
@publishing.environments_option
@publishing.policy_option
@click.option(
    "--baseline", type=click.Path(path_type=Path), help="An earlier report: say what is new or resolved since."
)
@click.option("--only-changes", is_flag=True, help="Send nothing if nothing has changed since the baseline.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent.")
@publishing.name_people_option
def command(
    saved: Path,
    environments: tuple[str, ...],
    policy: Path | None,
    baseline: Path | None,
    only_changes: bool,
    dry_run: bool,
    name_people: bool,
) -> int:
    """Tell channels of a saved JSON report: the verdict, what is new, what is resolved, what could not be read, and a
    link to the run."""
    import os

    from mzaudit.cli.streams import say
    from mzaudit.publish.comment_marker import marker
    from mzaudit.publish.message import without_names
    from mzaudit.publish.notice import not_judged, notice
    from mzaudit.publish.pipeline import find_build
    from mzaudit.publish.webhook import tell

    report = publishing.report_of_this_run(saved, environments)
    news = publishing.gate_message(report, environments, policy)
    build = find_build(os.environ)
    gate = marker("", news.environments, news.policy, build.root if build else "", build.folder if build else "").label
    link = build.link if build else ""
    if report is None:
        told = not_judged(gate, link)
    else:
        report = report if name_people else without_names(report)
        since, differs = _compared(report, baseline)
        if only_changes and not differs:
            say("nothing sent: no change since the baseline (--only-changes)")
            return news.code
        told = notice(report, gate, link, since)
    if dry_run:
        _print(told)
        return news.code

    async def telling(env: Mapping[str, str], route: Route) -> PublishResult:
        return await tell(told, env, route)

    for line in publishing.published(telling, "nobody was notified"):
        say(line)
    return news.code


def _compared(report: Report, baseline: Path | None) -> tuple[tuple[Finding, ...], bool]:
    """The findings with what became of them since the baseline (none where that is not known, and it is said why),
    and whether anything has."""
    from mzaudit.cli.load_files import read_report
    from mzaudit.cli.streams import say
    from mzaudit.engine.baseline import Earlier, comparable, mark
    from mzaudit.engine.results import BaselineState
    from mzaudit.errors import InputError, SnapshotError
    from mzaudit.publish.notice import changed
    from mzaudit.snapshot import clock

    if baseline is None:
        states = [finding.baseline.state for finding in report.findings if finding.baseline is not None]
        return (), report.run.baseline is None or any(one is not BaselineState.UNCHANGED for one in states)
    started = clock.by_azure(report.run.started, report.run.skew)
    try:
        before = read_report(baseline)
        comparable(Earlier(str(baseline), before), report.environments, report.run.policy, report.run.source, started)
    except (InputError, SnapshotError) as error:
        say(f"not compared with the baseline: {str(error).splitlines()[0]}")
        return (), True
    since = mark(report.findings, started, before)
    return since, changed(report, before, since)


def _print(told: Notice) -> None:
    import json
    import os

    from mzaudit.cli import output
    from mzaudit.publish.webhook import CHANNELS, configured

    for channel in configured(os.environ) or CHANNELS[-1:]:
        output.show(json.dumps(channel.message(told), indent=2))
