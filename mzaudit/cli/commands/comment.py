"""`mzaudit comment`: a report told to the pull request that the pipeline runs for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit.cli import exit_codes

if TYPE_CHECKING:
    from mzaudit.publish.message import PullRequestMessage

EPILOG = f"""\b
Examples:
  mzaudit comment reports/prd/mzaudit-prd.json
  mzaudit comment --require-comment reports/prd/mzaudit-prd.json

\b
The token is taken from SYSTEM_ACCESSTOKEN (Azure Pipelines) or GITHUB_TOKEN (GitHub), never from an option.

\b
Exit codes: those of the check that made the report. A comment that could not be written changes none of them,
unless --require-comment is given, which turns 0 into {exit_codes.ABANDONED}.
{exit_codes.table()}
"""


@click.command(epilog=EPILOG, short_help="Keep one comment and a status on the pull request.")
@click.argument("saved", type=click.Path(path_type=Path), metavar="REPORT.json")
@click.option(
    "--require-comment", is_flag=True, help=f"Exit {exit_codes.ABANDONED} instead of 0 if it was not written."
)
@click.option("--name-people", is_flag=True, help="Name people: who read, who changed it, who answers for a waiver.")
def command(saved: Path, require_comment: bool, name_people: bool) -> int:
    """Keep one comment about a saved JSON report on the pull request that this pipeline runs for, and set its status.

    The comment is written once and then edited in place; nothing that somebody else wrote is touched.
    """
    from mzaudit.cli.load_files import read_report
    from mzaudit.publish.message import of, without_names

    report = read_report(saved)
    return publish_and_report(of(report if name_people else without_names(report)), required=require_comment)


def publish_and_report(news: PullRequestMessage, *, required: bool = False) -> int:
    """Tell the pull request, say what was done and what was not; gives the exit code."""
    from mzaudit.cli.streams import say

    failed = _failed(news)
    for line in failed:
        say(line)
    if news.code != exit_codes.PASSED or not failed or not required:
        return news.code
    say("--require-comment: the gate passed, but this run did not say so where it had to")
    return exit_codes.ABANDONED


def _failed(news: PullRequestMessage) -> tuple[str, ...]:
    """Tell the pull request; gives why what was not written was not."""
    import asyncio
    import os

    from mzaudit.azure.client.connection import Connection
    from mzaudit.azure.client.daemon_threads import Threads
    from mzaudit.cli.collection import configure_logging
    from mzaudit.cli.streams import say
    from mzaudit.errors import InputError
    from mzaudit.publish.http import Route
    from mzaudit.publish.pipeline import NoPullRequestError, Place, find
    from mzaudit.publish.publish_comment import PublishResult, publish

    async def telling(place: Place, route: Route) -> PublishResult:
        asyncio.get_running_loop().set_default_executor(Threads())  # the look-up of a name may never end
        return await publish(news, place, route)

    try:
        place = find(os.environ)
        connection = Connection.from_environment(os.environ)
        route = Route(connection.proxy_for, connection.certificates())
        configure_logging(debug=False)
        written = asyncio.run(telling(place, route))
    except (NoPullRequestError, InputError) as error:
        return (f"nothing was commented on: {error}",)
    except Exception as error:  # noqa: BLE001 - a defect in telling is not to turn a gate that passed red
        return (f"nothing was commented on: internal error: {type(error).__name__}; report it",)
    if written.done:
        say(", ".join(written.done))
    return written.failed
