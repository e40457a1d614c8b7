"""`mzaudit rules`: the catalogue."""

from __future__ import annotations

import click

from mzaudit.cli import options


@click.command(short_help="List the rules.")
@options.plugins
def command(plugins: tuple[str, ...]) -> int:
    """List every rule: code, severity, title. Which requirements each answers: `mzaudit policy requirements`."""
    from mzaudit import exit_codes
    from mzaudit.cli import output
    from mzaudit.cli.plugins import rules_with

    lines = [f"{rule.code:<9}{rule.severity:<10}{rule.title}" for rule in rules_with(plugins)]
    output.show("\n".join(lines))
    return exit_codes.PASSED
