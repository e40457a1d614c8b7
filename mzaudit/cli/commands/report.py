"""`mzaudit report`: any format from a saved report, the same bytes as on the day."""

from __future__ import annotations

from pathlib import Path

import click

from mzaudit.cli import options
from mzaudit.cli.previous_reports import Writing

EPILOG = """\b
Examples:
  mzaudit report reports/prd/mzaudit-prd.json
  mzaudit report reports/prd/mzaudit-prd.json -o markdown:report.md -o fix:remediate.sh
  mzaudit report reports/prd/mzaudit-prd.json -o html:report.html --history past-reports/
"""


@click.command(cls=Writing, epilog=EPILOG, short_help="Draw a saved report in another format.")
@click.argument("saved", type=click.Path(path_type=Path), metavar="REPORT.json")
@options.output("What to draw; repeatable.  [default: terminal]")
@options.history
def command(saved: Path, outputs: tuple[str, ...], history: Path | None) -> int:
    """Draw a saved JSON report in other formats. Exits 0: the gate's verdict is in the report."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.load_files import history_of, read_history, read_report

    report = read_report(saved)
    targets = output.targets(outputs or ("terminal",), Path(), ())
    earlier = history_of(report.environments, read_history(history))
    output.write(report, targets, colour=output.coloured(), width=output.width(), history=earlier)
    return exit_codes.PASSED
