"""`mzaudit comment`: a report told to the pull request that the pipeline runs for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import exit_codes
from mzaudit.cli import publishing

if TYPE_CHECKING:
    from mzaudit.publish.http import Route
    from mzaudit.publish.message import GateMessage
    from mzaudit.publish.publish_comment import PublishResult

EPILOG = f"""\b
Examples:
  mzaudit comment reports/prd/mzaudit-prd.json
  mzaudit comment --env prd reports/prd/mzaudit-prd.json
  mzaudit comment --require-comment reports/prd/mzaudit-prd.json

\b
With --env, a report that is not there, or that was written before this run began, is told too: the comment and the
status say that this run ended before it could judge, and the exit code is {exit_codes.ABANDONED}.

\b
The token is taken from SYSTEM_ACCESSTOKEN (Azure Pipelines) or GITHUB_TOKEN (GitHub), never from an option.

\b
Exit codes: those of the check that made the report. A comment that could not be written changes none of them,
unless --require-comment is given, which turns 0 into {exit_codes.ABANDONED}.
{exit_codes.table()}
"""


@click.command(epilog=EPILOG, short_help="Keep one comment and a status on the pull request.")
@publishing.report_argument
@publishing.environments_option
@publishing.policy_option
@click.option(
    "--require-comment", is_flag=True, help=f"Exit {exit_codes.ABANDONED} instead of 0 if it was not written."
)
@publishing.name_people_option
def command(
    saved: Path, environments: tuple[str, ...], policy: Path | None, require_comment: bool, name_people: bool
) -> int:
    """Keep one comment about a saved JSON report on the pull request that this pipeline runs for, and set its status.

    The comment is written once and then edited in place; nothing that somebody else wrote is touched.
    """
    from mzaudit.publish.message import without_names

    report = publishing.report_of_this_run(saved, environments)
    if report is not None and not name_people:
        report = without_names(report)
    return publish_and_report(publishing.gate_message(report, environments, policy), required=require_comment)


def publish_and_report(news: GateMessage, *, required: bool = False) -> int:
    """Tell the pull request, say what was done and what was not; gives the exit code."""
    from mzaudit.cli.streams import say

    async def telling(env: Mapping[str, str], route: Route) -> PublishResult:
        from mzaudit.publish.pipeline import find
        from mzaudit.publish.publish_comment import publish

        return await publish(news, find(env), route)

    failed = publishing.published(telling, "nothing was commented on")
    for line in failed:
        say(line)
    if news.code != exit_codes.PASSED or not failed or not required:
        return news.code
    say("--require-comment: the gate passed, but this run did not say so where it had to")
    return exit_codes.ABANDONED
