"""`mzaudit ticket`: one GitHub issue or Azure Boards work item a gate, for runs that no pull request started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mzaudit import exit_codes
from mzaudit.cli import publishing

if TYPE_CHECKING:
    from mzaudit.publish.http import Route
    from mzaudit.publish.publish_comment import PublishResult

EPILOG = f"""\b
Examples:
  mzaudit ticket --env prd reports/prd/mzaudit-prd.json
  mzaudit ticket --env prd --label drift --label on-call reports/prd/mzaudit-prd.json
  mzaudit ticket --env prd --type Bug --area 'Fabrikam\\Platform' reports/prd/mzaudit-prd.json
  mzaudit ticket --env prd --dry-run reports/prd/mzaudit-prd.json

\b
In Azure Pipelines it is a work item of the project, in GitHub Actions an issue of the repository. It is opened when the
gate fails, closed when it passes, and opened again rather than doubled. A run that is incomplete, or that made no
report, opens none and closes none, but says so in one that is there. The title, labels and area of one that is there
are left as people have made them.

\b
The token is taken from SYSTEM_ACCESSTOKEN (Azure Pipelines) or GITHUB_TOKEN (GitHub), never from an option.

\b
Exit codes: those of the check that made the report, {exit_codes.ABANDONED} where there is none. A ticket that could not
be written changes none of them.
{exit_codes.table()}
"""


@click.command(epilog=EPILOG, short_help="Keep one issue or work item for the gate.")
@publishing.report_argument
@publishing.environments_option
@publishing.policy_option
@click.option("--label", "labels", multiple=True, help="A label (a tag on Azure Boards) of a new ticket; repeatable.")
@click.option("--type", "kind", default="Task", show_default=True, help="Azure Boards: the type of a new work item.")
@click.option("--area", default="", metavar="PATH", help="Azure Boards: the area path of a new work item.")
@click.option("--dry-run", is_flag=True, help="Look, and say what would be done.")
@publishing.name_people_option
def command(
    saved: Path,
    environments: tuple[str, ...],
    policy: Path | None,
    labels: tuple[str, ...],
    kind: str,
    area: str,
    dry_run: bool,
    name_people: bool,
) -> int:
    """Keep one ticket about a saved JSON report: a GitHub issue, or a work item of Azure Boards."""
    from mzaudit.cli.streams import say
    from mzaudit.publish.gate_ticket import TicketOptions
    from mzaudit.publish.message import without_names

    for label in labels:
        if not label.strip() or set(label) & set(";,"):
            raise click.UsageError(f"--label {label[:40]!r}: expected one label, without comma or semicolon")
    report = publishing.report_of_this_run(saved, environments)
    if report is not None and not name_people:
        report = without_names(report)
    news = publishing.gate_message(report, environments, policy)

    async def telling(env: Mapping[str, str], route: Route) -> PublishResult:
        from mzaudit.publish.gate_ticket import keep
        from mzaudit.publish.pipeline import find_tracker

        return await keep(news, find_tracker(env), route, TicketOptions(labels, kind, area), dry=dry_run)

    for line in publishing.published(telling, "no ticket was kept"):
        say(line)
    return news.code
